"""Access rules of the REST API, made of oslo.policy rules that operators may override."""

from mistral.policies.enforcer import PolicyEnforcer, get_enforcer
from mistral.policies.rules import list_rules

__all__ = ['PolicyEnforcer', 'get_enforcer', 'list_rules']
