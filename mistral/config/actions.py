"""Options of actions and of the executors that run them."""

from collections.abc import Mapping, Sequence
from typing import Final

from oslo_config import cfg

from mistral.config.help_texts import no_effect

_PROVIDERS: Final = (
    cfg.ListOpt(
        'allowlist',
        default=[],
        help='Load these action providers only. Patterns such as "adhoc*", upper and lower case '
        'differ; if set, the denylist does not count.',
    ),
    cfg.ListOpt('denylist', default=[], help='Load all action providers but these.'),
)

_PLUGINS: Final = (
    cfg.BoolOpt(
        'load_action_plugins', default=True, help='Load the entry points of "mistral.actions".'
    ),
    cfg.BoolOpt(
        'load_action_generators',
        default=True,
        help='Load the entry points of "mistral.generators".',
    ),
    cfg.BoolOpt(
        'only_builtin_actions',
        default=False,
        help='Of "mistral.actions" load only what comes with this service.',
    ),
    cfg.ListOpt(
        'allowlist',
        default=[],
        help='Load these entry points of "mistral.actions" only. Patterns such as "std.*"; if set, '
        'the denylist does not count.',
    ),
    cfg.ListOpt(
        'denylist', default=[], help='Load all entry points of "mistral.actions" but these.'
    ),
)

_EXECUTOR: Final = (
    cfg.StrOpt(
        'type',
        default='remote',
        help='Where actions run. "remote": executors run them, processes of their own. "local": '
        'each engine runs the actions of its executions itself. Other names are entry points of '
        '"mistral.executors". Without a message bus, "remote" and "local" are the one process '
        'there is.',
    ),
    cfg.HostAddressOpt(
        'host',
        default='0.0.0.0',  # noqa: S104
        help='Name of this executor on the message bus; tasks choose an executor by it ("target").',
    ),
    cfg.StrOpt('topic', default='mistral_executor', help='Topic of executors on the message bus.'),
    cfg.StrOpt('version', default='1.0', help=no_effect('the version of messages is fixed')),
    cfg.IntOpt(
        'workers',
        default=1,
        min=1,
        help='Processes that "mistral-server --server executor" starts.',
    ),
    cfg.StrOpt(
        'concurrency_model',
        default='threads',
        choices=(
            ('threads', 'each action runs in a thread of the operating system'),
            ('eventlet', 'actions share one thread and give way while they wait'),
        ),
        help='How an executor runs several actions at the same time. "eventlet" is for thousands '
        'of actions that do little but wait for others; it takes an executor in a process of its '
        'own.',
    ),
    cfg.IntOpt(
        'threads',
        default=64,
        min=1,
        help='Actions that one executor runs at the same time with concurrency_model = threads.',
    ),
    cfg.IntOpt(
        'green_threads',
        default=1000,
        min=1,
        help='Actions that one executor runs at the same time with concurrency_model = eventlet.',
    ),
)

_HEARTBEAT: Final = (
    cfg.IntOpt(
        'max_missed_heartbeats',
        default=15,
        min=0,
        help='Heartbeats in a row that may stay out before an action counts as lost; 0 switches '
        'the check off.',
    ),
    cfg.IntOpt(
        'check_interval',
        default=20,
        min=0,
        help='Seconds between heartbeats, and between checks; 0 switches both off.',
    ),
    cfg.IntOpt(
        'batch_size',
        default=10,
        min=0,
        help=no_effect('all lost actions of a look are taken together'),
    ),
    cfg.IntOpt(
        'first_heartbeat_timeout',
        default=3600,
        min=0,
        help='Seconds that an action may wait for an executor to pick it up.',
    ),
)

_LOGGING: Final = (
    cfg.BoolOpt(
        'hide_response_body',
        default=False,
        help='Keep bodies of responses to std.http out of the log.',
    ),
    cfg.BoolOpt(
        'hide_request_body',
        default=False,
        help='Keep bodies of requests of std.http out of the log.',
    ),
    cfg.ListOpt(
        'sensitive_headers',
        default=[],
        help='Request headers of std.http to keep out of the log.',
    ),
)

_HTTP: Final = (
    cfg.ListOpt(
        'allowed_hosts',
        default=[],
        help='If set, the only hosts that std.http may talk to, as they stand in URLs.',
    ),
    cfg.ListOpt(
        'denied_cidrs',
        default=['127.0.0.0/8', '::1/128', '169.254.0.0/16', 'fe80::/10'],
        help='Networks that std.http may not talk to; empty: it may talk to all.',
    ),
    cfg.IntOpt(
        'default_timeout',
        default=60,
        min=0,
        help='Seconds for a request of std.http that sets no timeout itself; 0: no timeout.',
    ),
    cfg.IntOpt(
        'max_response_size_bytes',
        default=5 * 1024 * 1024,
        min=0,
        help='Longest response that std.http accepts; 0 sets no limit.',
    ),
)

_EMAIL: Final = (
    cfg.ListOpt(
        'allowed_hosts', default=[], help='If set, the only mail servers that std.email may use.'
    ),
    cfg.ListOpt(
        'denied_cidrs',
        default=['169.254.0.0/16', 'fe80::/10'],
        help='Networks that std.email may not talk to; empty: it may talk to all.',
    ),
    cfg.IntOpt(
        'timeout',
        default=60,
        min=0,
        help='Seconds that std.email waits for the mail server at each step; 0: without end.',
    ),
    cfg.BoolOpt(
        'verify_certificates',
        default=False,
        help='Log in only to mail servers whose certificate the system trusts.',
    ),
)

_SSH: Final = (
    cfg.ListOpt(
        'allowed_hosts',
        default=[],
        help='If set, the only hosts and gateways that std.ssh may talk to.',
    ),
    cfg.ListOpt(
        'denied_cidrs',
        default=['169.254.0.0/16', 'fe80::/10'],
        help='Networks that std.ssh may not talk to; empty: it may talk to all.',
    ),
    cfg.IntOpt(
        'connect_timeout',
        default=30,
        min=0,
        help='Seconds for each step until std.ssh is logged in; 0: without end.',
    ),
    cfg.IntOpt(
        'command_timeout',
        default=0,
        min=0,
        help='Seconds that a command of std.ssh may run; 0: no limit but that of its task.',
    ),
    cfg.IntOpt(
        'max_output_size_bytes',
        default=5 * 1024 * 1024,
        min=0,
        help='Most output of a command that std.ssh accepts; 0 sets no limit.',
    ),
    cfg.StrOpt(
        'host_key_policy',
        default='accept',
        choices=(
            ('accept', 'only keys that differ from the known ones are refused'),
            ('strict', 'hosts whose key is not known are refused, too'),
        ),
        help='Which hosts std.ssh trusts.',
    ),
    cfg.ListOpt(
        'known_hosts_files',
        default=['/etc/ssh/ssh_known_hosts', '~/.ssh/known_hosts'],
        help='Files with the keys of hosts, as OpenSSH writes them. They may be missing.',
    ),
    cfg.ListOpt(
        'key_directories',
        default=['~/.ssh'],
        help='Directories on executors with the private keys that workflows may use by their file '
        'names.',
    ),
    cfg.BoolOpt(
        'use_own_keys',
        default=False,
        help="Let std.ssh try the keys of the executor's own user and SSH agent, too. Then every "
        'author of workflows can log in wherever the executor can.',
    ),
    cfg.BoolOpt(
        'allow_proxy_command',
        default=False,
        help='Let std.ssh_proxied run "proxy_command" on the executor. Then every author of '
        'workflows can run any command there.',
    ),
)

_JAVASCRIPT: Final = (
    cfg.IntOpt(
        'timeout', default=60, min=0, help='Seconds that a script may run; 0 sets no limit.'
    ),
    cfg.IntOpt(
        'memory_limit_mb',
        default=128,
        min=0,
        help='Most megabytes of memory for a script; 0 sets no limit.',
    ),
)

OPTIONS: Final[Mapping[str, Sequence[cfg.Opt]]] = {
    'action_providers': _PROVIDERS,
    'legacy_action_provider': _PLUGINS,
    'executor': _EXECUTOR,
    'action_heartbeat': _HEARTBEAT,
    'action_logging': _LOGGING,
    'action_std_http': _HTTP,
    'action_std_email': _EMAIL,
    'action_std_ssh': _SSH,
    'action_std_javascript': _JAVASCRIPT,
}
