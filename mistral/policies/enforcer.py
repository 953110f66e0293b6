"""Asks oslo.policy whether a caller may do something."""

import functools
import time
from collections.abc import Callable
from typing import Final

from oslo_config import cfg
from oslo_policy import policy

from mistral.context import RequestContext
from mistral.exceptions import NotAllowedException
from mistral.policies.rules import list_rules

#: Seconds between looks at the operator's policy files.
RELOAD_INTERVAL: Final = 5.0

#: Decisions that are remembered.
_CACHE_SIZE: Final = 8192


class PolicyEnforcer:
    """The access rules in force: the defaults and what `[oslo_policy] policy_file` changes.

    Decisions are remembered, since asking costs more than the rest of a small request; a changed
    policy file counts after `RELOAD_INTERVAL` seconds at most.
    """

    def __init__(self, conf: cfg.ConfigOpts, clock: Callable[[], float] = time.monotonic) -> None:
        self._enforcer = policy.Enforcer(conf)
        self._enforcer.register_defaults(list_rules())
        self._clock = clock
        self._next_reload = clock()
        self._is_allowed = functools.lru_cache(_CACHE_SIZE)(self._ask)

    def authorize(self, rule: str, caller: RequestContext) -> None:
        """Return if the caller passes the rule, else raise NotAllowedException."""
        self._reload_if_due()
        if not self._is_allowed(
            rule, caller.project_id, caller.user_id, caller.roles, caller.is_admin
        ):
            raise NotAllowedException

    def _reload_if_due(self) -> None:
        now = self._clock()
        if now >= self._next_reload:
            self._next_reload = now + RELOAD_INTERVAL
            self._enforcer.load_rules()
            self._is_allowed.cache_clear()

    def _ask(
        self,
        rule: str,
        project_id: str,
        user_id: str | None,
        roles: tuple[str, ...],
        is_admin: bool,
    ) -> bool:
        target = {'project_id': project_id, 'user_id': user_id}
        credentials = {**target, 'roles': list(roles), 'is_admin': is_admin}
        return bool(self._enforcer.enforce(rule, target, credentials))


def get_enforcer() -> policy.Enforcer:
    """What oslo.policy's own tools ask: the rules in force by the configuration that is found."""
    conf = cfg.ConfigOpts()
    conf([], project='mistral')
    enforcer = policy.Enforcer(conf)
    enforcer.register_defaults(list_rules())
    return enforcer
