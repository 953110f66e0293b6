"""Options of the scheduler, the notifier and the event engine."""

from collections.abc import Mapping, Sequence
from typing import Final

from oslo_config import cfg

from mistral.config.help_texts import no_effect, not_yet
from mistral.config.types import JsonList

_NOT_POLLED: Final = no_effect('delayed calls fire at their time instead of at the next poll')

_SCHEDULER: Final = (
    cfg.FloatOpt('fixed_delay', default=1, min=0.1, help=_NOT_POLLED),
    cfg.FloatOpt('random_delay', default=0, min=0, help=_NOT_POLLED),
    cfg.IntOpt('batch_size', min=1, help=_NOT_POLLED),
    cfg.IntOpt(
        'in_memory_workers',
        default=10,
        min=1,
        help=no_effect('the threads of the engine ([engine] threads) do delayed calls, too'),
    ),
    cfg.FloatOpt(
        'captured_job_timeout',
        default=30,
        min=1,
        help='Seconds that a delayed call which a scheduler has given to an engine is left to it.',
    ),
    cfg.FloatOpt(
        'pickup_job_after',
        default=10,
        min=1,
        help='Seconds that a delayed call must be late before a scheduler takes it for one that '
        'its engine has lost.',
    ),
)

_CRON_TRIGGER: Final = (
    cfg.BoolOpt('enabled', default=True, help='Start workflows of cron triggers.'),
    cfg.IntOpt(
        'execution_interval', default=1, min=1, help='Seconds between looks for due cron triggers.'
    ),
    cfg.BoolOpt(
        'run_in_api',
        default=True,
        help='Look for due cron triggers in processes that serve the API, too. Off is better where '
        'a scheduler runs.',
    ),
)

_EXPIRATION: Final = (
    cfg.IntOpt(
        'evaluation_interval',
        help='Minutes between clean-ups of ended workflow executions; unset: no clean-ups.',
    ),
    cfg.IntOpt(
        'older_than',
        help='Delete executions that ended this many minutes ago, at least 1; unset: none.',
    ),
    cfg.IntOpt(
        'max_finished_executions',
        default=0,
        help='Keep this many ended executions, those that changed last; 0: all.',
    ),
    cfg.IntOpt(
        'batch_size', default=0, help='Executions that one transaction deletes; 0: all of them.'
    ),
    cfg.ListOpt(
        'ignored_states',
        default=[],
        help='Never delete executions in these states: SUCCESS, ERROR, CANCELLED.',
    ),
)

_EVENT_ENGINE: Final = (
    cfg.HostAddressOpt(
        'host',
        default='0.0.0.0',  # noqa: S104
        help='Name of this event engine on the message bus.',
    ),
    cfg.HostAddressOpt(
        'listener_pool_name',
        default='events',
        help='Last part of the name of the queue that notifications are read from.',
    ),
    cfg.StrOpt(
        'topic', default='mistral_event_engine', help='Topic of event engines on the message bus.'
    ),
    cfg.StrOpt(
        'event_definitions_cfg_file',
        default='/etc/mistral/event_definitions.yaml',
        help='File that says which parts of notifications workflows get. It may be missing.',
    ),
)

_NOTIFIER: Final = (
    cfg.StrOpt(
        'type',
        default='remote',
        choices=(
            ('remote', 'notifiers publish events, processes of their own'),
            ('local', 'each engine publishes the events of its executions itself'),
        ),
        help='Where events are published. Without a message bus that is always the one process '
        'there is.',
    ),
    cfg.StrOpt(
        'host',
        default='0.0.0.0',  # noqa: S104
        help='Name of this notifier on the message bus.',
    ),
    cfg.StrOpt('topic', default='mistral_notifier', help='Topic of notifiers on the message bus.'),
    cfg.Opt(
        'notify',
        type=JsonList(),
        sample_default='[{"type": "webhook", "url": "http://example.com", "headers": {}}]',
        help='Publishers that get the events of every execution, besides those it asks for '
        'itself: a JSON list.',
    ),
)

OPTIONS: Final[Mapping[str, Sequence[cfg.Opt]]] = {
    'scheduler': _SCHEDULER,
    'cron_trigger': _CRON_TRIGGER,
    'execution_expiration_policy': not_yet('clean-up of ended executions', _EXPIRATION),
    'event_engine': not_yet('event engine', _EVENT_ENGINE),
    'notifier': _NOTIFIER,
}
