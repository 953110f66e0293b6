"""Options of every process: `[DEFAULT]`, `[profiler]`."""

from collections.abc import Mapping, Sequence
from typing import Final

from oslo_config import cfg, types

#: What `--server` takes; 'periodic' is the older name of 'scheduler'.
COMPONENTS: Final = (
    'all',
    'api',
    'engine',
    'executor',
    'event-engine',
    'notifier',
    'scheduler',
    'periodic',
)

SERVER: Final = cfg.ListOpt(
    'server',
    default=['all'],
    item_type=types.String(choices=COMPONENTS),
    help='Which components this process runs, a list. "all" stands for all of them, "periodic" is '
    'another name of "scheduler".',
)

OPTIONS: Final[Mapping[str, Sequence[cfg.Opt]]] = {
    'DEFAULT': (
        cfg.StrOpt(
            'workflow_trace_log_name',
            default='workflow_trace',
            help='Logger that gets a line for each change of state of an execution.',
        ),
        cfg.StrOpt(
            'auth_type',
            default='keystone',
            help='How callers of the API are authenticated: an entry point of "mistral.auth", such '
            'as "keystone" or "keycloak-oidc".',
        ),
        cfg.StrOpt(
            'rpc_implementation',
            default='kombu',
            help='What carries calls between processes over RabbitMQ: an entry point of '
            '"mistral.rpc.backends". "kombu" repeats what a process had in hand when it died; '
            '"oslo" is oslo.messaging, with all its options.',
        ),
        cfg.StrOpt(
            'scheduler_type',
            default='legacy',
            help='What fires the timers of an engine: an entry point of "mistral.schedulers". '
            '"legacy" and "default" both are the one that comes with the service.',
        ),
        cfg.StrOpt(
            'js_implementation',
            default='py_mini_racer',
            help='JavaScript engine of std.javascript: an entry point of '
            '"mistral.js.implementation". "py_mini_racer" needs the package mini-racer; "pyv8" and '
            '"v8eval" of Mistral 23 run on no Python of today.',
        ),
        cfg.IntOpt(
            'expiration_token_duration',
            default=30,
            help='Seconds before its end at which the token of a trust is replaced by a new one, '
            'when an action needs it.',
        ),
        cfg.IntOpt(
            'graceful_shutdown_timeout',
            default=60,
            min=0,
            help='Seconds that a process which is told to stop has for the work in hand; 0 lets it '
            'take as long as it needs.',
        ),
        cfg.BoolOpt(
            'log_options',
            default=True,
            help='Log the values of all options at the start if debug is on.',
        ),
    ),
    'monitoring': (
        cfg.HostAddressOpt(
            'host',
            default='127.0.0.1',
            help='Address at which a process serves /healthcheck and /metrics.',
        ),
        cfg.PortOpt(
            'port',
            default=0,
            help='Port for that; 0 turns it off. Each process on a host needs one of its own '
            '(OS_MONITORING__PORT).',
        ),
    ),
    'profiler': (
        cfg.BoolOpt(
            'enabled',
            default=False,
            help='Profile requests that carry the signed headers of osprofiler.',
        ),
        cfg.StrOpt(
            'hmac_keys',
            default='SECRET_KEY',
            secret=True,
            help='Keys that may have signed the headers, separated by commas.',
        ),
        cfg.BoolOpt(
            'trace_sqlalchemy',
            default=False,
            help='Statements to the database are points of a profile, too.',
        ),
        cfg.StrOpt(
            'profiler_log_name',
            default='profiler_trace',
            help='Logger that gets a line for each point of a profile.',
        ),
    ),
}
