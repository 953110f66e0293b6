"""Access rules of the REST API, made of oslo.policy rules that operators may override."""

from mistral.policies.enforcer import PolicyEnforcer
from mistral.policies.rules import list_rules

__all__ = ['PolicyEnforcer', 'list_rules']
