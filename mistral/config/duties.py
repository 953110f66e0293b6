"""Options of the scheduler, the notifier and the event engine."""

from collections.abc import Mapping, Sequence
from typing import Final

from oslo_config import cfg

from mistral.config.help_texts import no_effect
from mistral.config.types import JsonList

_NOT_POLLED: Final = no_effect('delayed calls fire at their time instead of at the next poll')

_NOT_CALLED: Final = no_effect('event engines find out about triggers from the database')

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
        'batch_size', default=0, help='Executions that one transaction deletes; 0: a hundred.'
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
        help=_NOT_CALLED,
    ),
    cfg.HostAddressOpt(
        'listener_pool_name',
        default='events',
        help='Last part of the name of the queue that notifications are read from.',
    ),
    cfg.StrOpt('topic', default='mistral_event_engine', help=_NOT_CALLED),
    cfg.StrOpt(
        'event_definitions_cfg_file',
        default='/etc/mistral/event_definitions.yaml',
        help='File that says which parts of notifications workflows get. It may be missing.',
    ),
    cfg.FloatOpt(
        'reload_interval',
        default=1,
        min=0.1,
        help='Seconds between looks for event triggers that were created, changed or deleted.',
    ),
)

_NOTIFIER: Final = (
    cfg.StrOpt(
        'type',
        default='remote',
        help='Where events are published. "remote": by notifiers, processes of their own. "local": '
        'by the processes of engines. Any other name is an entry point of "mistral.notifiers", '
        'which the processes of engines give the events to. Without a message bus there is one '
        'process, which publishes itself.',
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
        secret=True,
        sample_default='[{"type": "webhook", "url": "http://example.com", "headers": {}}]',
        help='Publishers that get the events of every execution, besides those it asks for '
        'itself: a JSON list.',
    ),
    cfg.IntOpt(
        'threads',
        default=32,
        min=2,
        help='Events that a process publishes at the same time. Half of that is for publishers '
        'and targets that work.',
    ),
    cfg.IntOpt(
        'threads_per_target',
        default=4,
        min=1,
        help='How many of them may go to the same target, such as a URL.',
    ),
    cfg.FloatOpt(
        'retry_delay',
        default=1,
        min=1,
        help='Seconds until an event that could not be published is tried again. The time doubles '
        'with each failure.',
    ),
    cfg.FloatOpt('retry_max_delay', default=60, min=1, help='The longest such time in seconds.'),
    cfg.FloatOpt(
        'retry_for',
        default=86400,
        min=0,
        help='Seconds after which an event that cannot be published is given up; 0: at once.',
    ),
    cfg.StrOpt(
        'log_file',
        help='File that the publisher "log" writes to. Without it events go to the log of the '
        'process, under the name "mistral.notifications".',
    ),
)

_ZAQAR: Final = (
    cfg.StrOpt(
        'endpoint',
        help='URL of Zaqar, without the version; unset: from the catalogue of Keystone.',
    ),
    cfg.StrOpt('interface', default='public', help='Which of the endpoints in the catalogue.'),
    cfg.StrOpt('region_name', help='Region of the endpoint in the catalogue.'),
)

OPTIONS: Final[Mapping[str, Sequence[cfg.Opt]]] = {
    'scheduler': _SCHEDULER,
    'cron_trigger': _CRON_TRIGGER,
    'execution_expiration_policy': _EXPIRATION,
    'event_engine': _EVENT_ENGINE,
    'notifier': _NOTIFIER,
    'notifier_zaqar': _ZAQAR,
}
