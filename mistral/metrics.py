"""What the processes count. `[monitoring]` serves it in the text format of Prometheus."""

from typing import Final

from prometheus_client import Counter, Gauge

WAITING_EVENTS: Final = Gauge(
    'mistral_waiting_events', 'Events in the mailboxes of this engine that nobody handles yet.'
)
UNITS_OF_WORK: Final = Counter(
    'mistral_units_of_work', 'Transactions of this engine that changed executions.'
)
EVENTS: Final = Counter('mistral_events', 'Events that this engine has handled.')
RETRIES: Final = Counter(
    'mistral_unit_retries',
    'Units of work done again: another engine was faster (conflict), the event had taken effect '
    'before (duplicate), or the database was in trouble (database).',
    ['reason'],
)
LOADED_EXECUTIONS: Final = Counter(
    'mistral_loaded_executions',
    'Executions read from the database, for want of a copy.',
)
TIMERS: Final = Gauge('mistral_timers', 'Timers in the memory of this engine.')

ACTIONS_IN_HAND: Final = Gauge(
    'mistral_actions_in_hand', 'Actions that this executor has taken and not finished.'
)
ACTIONS: Final = Counter('mistral_actions', 'Actions that this executor has finished.')
REFUSED_CLAIMS: Final = Counter(
    'mistral_refused_claims', 'Actions not started by this executor because another one had them.'
)

WAITING_NOTIFICATIONS: Final = Gauge(
    'mistral_waiting_notifications', 'Events in this notifier that are not published yet.'
)
NOTIFICATIONS: Final = Counter(
    'mistral_notifications',
    'Events that this notifier has published, failed to publish for now, or given up.',
    ['outcome'],
)
FOUND_BY_SWEEP: Final = Counter(
    'mistral_found_by_sweep', 'What the sweeps of this scheduler had to take up.', ['sweep']
)
EXPIRED_EXECUTIONS: Final = Counter(
    'mistral_expired_executions',
    'Ended executions that this scheduler has deleted by the expiration policy.',
)
