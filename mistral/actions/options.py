"""The options that standard actions read when they run.

The inputs of an action are its constructor's arguments, and an executor rebuilds it without calling
the constructor. So nothing can be handed to an action, and this module alone reads the process-wide
configuration for them.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from oslo_config import cfg

from mistral.utils.egress import EgressPolicy, parse_networks

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """`[action_std_http]` and `[action_logging]`, as `std.http` uses them.

    `default_timeout` is in seconds, 0 means none; `max_response_size` is in bytes, 0 means no
    limit; `sensitive_headers` (lower case) are left out of the log.
    """

    policy: EgressPolicy
    default_timeout: int = 60
    max_response_size: int = 5 * _MIB
    hide_request_body: bool = False
    hide_response_body: bool = False
    sensitive_headers: frozenset[str] = frozenset()

    @classmethod
    def from_config(cls, conf: cfg.ConfigOpts) -> 'HttpOptions':
        http, log = conf.action_std_http, conf.action_logging
        return cls(
            policy=_policy(
                tuple(http.allowed_hosts), tuple(http.denied_cidrs), 'action_std_http', 'URL host'
            ),
            default_timeout=http.default_timeout,
            max_response_size=http.max_response_size_bytes,
            hide_request_body=log.hide_request_body,
            hide_response_body=log.hide_response_body,
            sensitive_headers=frozenset(name.lower() for name in log.sensitive_headers),
        )


@dataclass(frozen=True, slots=True)
class EmailOptions:
    """`[action_std_email]`. `timeout` is in seconds, for each step of the conversation; 0: none."""

    policy: EgressPolicy
    timeout: int = 60
    verify_certificates: bool = False

    @classmethod
    def from_config(cls, conf: cfg.ConfigOpts) -> 'EmailOptions':
        group = conf.action_std_email
        return cls(
            policy=_policy(
                tuple(group.allowed_hosts),
                tuple(group.denied_cidrs),
                'action_std_email',
                'Mail server',
            ),
            timeout=group.timeout,
            verify_certificates=group.verify_certificates,
        )


@dataclass(frozen=True, slots=True)
class SshOptions:
    """`[action_std_ssh]`.

    `key_directories` are where private key files may lie, `known_hosts_files` what is known of the
    keys of hosts. `connect_timeout` and `command_timeout` are in seconds, 0 means none;
    `max_output_size` is in bytes, 0 means no limit.
    """

    policy: EgressPolicy
    connect_timeout: int = 30
    command_timeout: int = 0
    max_output_size: int = 5 * _MIB
    strict_host_keys: bool = False
    known_hosts_files: tuple[Path, ...] = ()
    key_directories: tuple[Path, ...] = ()
    use_own_keys: bool = False
    allow_proxy_command: bool = False

    @classmethod
    def from_config(cls, conf: cfg.ConfigOpts) -> 'SshOptions':
        group = conf.action_std_ssh
        return cls(
            policy=_policy(
                tuple(group.allowed_hosts), tuple(group.denied_cidrs), 'action_std_ssh', 'SSH host'
            ),
            connect_timeout=group.connect_timeout,
            command_timeout=group.command_timeout,
            max_output_size=group.max_output_size_bytes,
            strict_host_keys=group.host_key_policy == 'strict',
            known_hosts_files=tuple(Path(name).expanduser() for name in group.known_hosts_files),
            key_directories=tuple(Path(name).expanduser() for name in group.key_directories),
            use_own_keys=group.use_own_keys,
            allow_proxy_command=group.allow_proxy_command,
        )


@dataclass(frozen=True, slots=True)
class JavaScriptOptions:
    """`[DEFAULT] js_implementation` and `[action_std_javascript]`.

    `implementation` is an entry point of `mistral.js.implementation`, `timeout` is in seconds;
    0 means no limit.
    """

    implementation: str = 'py_mini_racer'
    timeout: int = 60
    memory_limit_mb: int = 128

    @classmethod
    def from_config(cls, conf: cfg.ConfigOpts) -> 'JavaScriptOptions':
        group = conf.action_std_javascript
        return cls(
            implementation=conf.js_implementation,
            timeout=group.timeout,
            memory_limit_mb=group.memory_limit_mb,
        )


def http_options() -> HttpOptions:
    return HttpOptions.from_config(cfg.CONF)


def email_options() -> EmailOptions:
    return EmailOptions.from_config(cfg.CONF)


def ssh_options() -> SshOptions:
    return SshOptions.from_config(cfg.CONF)


def javascript_options() -> JavaScriptOptions:
    return JavaScriptOptions.from_config(cfg.CONF)


# Kept so that a wrong entry is warned about once, not in each request.
@functools.lru_cache(maxsize=32)
def _policy(
    allowed_hosts: tuple[str, ...], denied_cidrs: tuple[str, ...], group: str, noun: str
) -> EgressPolicy:
    return EgressPolicy(
        allowed_hosts=frozenset(host.lower() for host in allowed_hosts),
        denied_networks=parse_networks(denied_cidrs),
        group=group,
        noun=noun,
    )
