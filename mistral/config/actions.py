"""Options of actions and of the executors that run them."""

from collections.abc import Mapping, Sequence
from typing import Final

from oslo_config import cfg

from mistral.config.help_texts import no_effect, not_yet

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
        choices=(
            ('remote', 'executors run them, processes of their own'),
            ('local', 'each engine runs the actions of its executions itself'),
        ),
        help='Where actions run. Without a message bus that is always the one process there is.',
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
        'batch_size', default=10, min=0, help='Lost actions that are ended in one step; 0: all.'
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

OPTIONS: Final[Mapping[str, Sequence[cfg.Opt]]] = {
    'action_providers': _PROVIDERS,
    'legacy_action_provider': _PLUGINS,
    'executor': _EXECUTOR,
    'action_heartbeat': not_yet('executors in processes of their own', _HEARTBEAT),
    'action_logging': _LOGGING,
    'action_std_http': _HTTP,
}
