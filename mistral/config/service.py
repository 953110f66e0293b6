"""Options of every process: `[DEFAULT]`, `[profiler]`."""

from collections.abc import Mapping, Sequence
from typing import Final

from oslo_config import cfg, types

from mistral.config.help_texts import no_effect

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
            help=no_effect('there is one implementation of delayed calls'),
        ),
        cfg.StrOpt(
            'js_implementation',
            default='pyv8',
            help='JavaScript engine for actions that evaluate scripts: an entry point of '
            '"mistral.js.implementation". Only plugins read this.',
        ),
        cfg.IntOpt(
            'expiration_token_duration',
            default=30,
            help=no_effect('tokens are used as long as they are valid'),
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
        cfg.StrOpt(
            'profiler_log_name',
            default='profiler_trace',
            help=no_effect('requests are not profiled'),
        ),
    ),
}
