"""The options that standard actions read when they run.

The inputs of an action are its constructor's arguments, and an executor rebuilds it without calling
the constructor. So nothing can be handed to an action, and this module alone reads the process-wide
configuration for them.
"""

import functools
from dataclasses import dataclass

from oslo_config import cfg

from mistral.utils.egress import EgressPolicy, parse_networks


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """`[action_std_http]` and `[action_logging]`, as `std.http` uses them.

    `default_timeout` is in seconds, 0 means none; `max_response_size` is in bytes, 0 means no
    limit; `sensitive_headers` (lower case) are left out of the log.
    """

    policy: EgressPolicy
    default_timeout: int = 60
    max_response_size: int = 5 * 1024 * 1024
    hide_request_body: bool = False
    hide_response_body: bool = False
    sensitive_headers: frozenset[str] = frozenset()

    @classmethod
    def from_config(cls, conf: cfg.ConfigOpts) -> 'HttpOptions':
        http, log = conf.action_std_http, conf.action_logging
        return cls(
            policy=_policy(tuple(http.allowed_hosts), tuple(http.denied_cidrs)),
            default_timeout=http.default_timeout,
            max_response_size=http.max_response_size_bytes,
            hide_request_body=log.hide_request_body,
            hide_response_body=log.hide_response_body,
            sensitive_headers=frozenset(name.lower() for name in log.sensitive_headers),
        )


def http_options() -> HttpOptions:
    return HttpOptions.from_config(cfg.CONF)


# Kept so that a wrong entry is warned about once, not in each request.
@functools.lru_cache(maxsize=8)
def _policy(allowed_hosts: tuple[str, ...], denied_cidrs: tuple[str, ...]) -> EgressPolicy:
    return EgressPolicy(
        allowed_hosts=frozenset(host.lower() for host in allowed_hosts),
        denied_networks=parse_networks(denied_cidrs),
    )
