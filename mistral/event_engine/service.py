"""The event engine: listens for what event triggers wait for, and has their workflows started."""

import logging
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import Final, Protocol

from mistral.db.database import Database
from mistral.db.retry import is_transient, waits, without_sql
from mistral.db.store import event_triggers
from mistral.db.store.event_triggers import EventTrigger, Summary
from mistral.db.times import utc_now
from mistral.exceptions import MistralException
from mistral.services.event_firing import Notification, TriggerTable
from mistral.services.triggered_workflows import may_pass

LOG = logging.getLogger(__name__)

#: Seconds for which a trigger that was changed may be changed again without its time telling so;
#: clocks of hosts may differ by a second.
_UNCERTAIN_FOR: Final = timedelta(seconds=3)

#: All triggers are read again after this time, even if none seems to have changed.
_READ_AGAIN: Final = timedelta(minutes=1)

#: Seconds between two attempts to start workflows, when the first ones have failed.
_LONGEST_WAIT: Final = 2.0

#: Seconds that the start waits for the first listeners, and that the stop waits for the thread.
_START_TIMEOUT: Final = 10
_STOP_TIMEOUT: Final = 10


class Starting(Protocol):
    """What of `mistral.services.event_firing.EventFiring` is needed."""

    def fire(self, triggers: Sequence[EventTrigger], notification: Notification) -> None: ...


class Listening(Protocol):
    """What of `mistral.event_engine.listeners.Listeners` is needed."""

    def listen_to(self, groups: Iterable[tuple[str, str]]) -> None: ...

    def close(self) -> None: ...


class Triggers:
    """The triggers in memory, and when to read them again.

    Any process may change them; a look at the database is one small query.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._summary: Summary | None = None
        self._read_at = datetime.min  # noqa: DTZ901 - all times are UTC
        self.table = TriggerTable()

    def refresh(self) -> None:
        """Read them if they may have changed. Raises errors of the database."""
        now = utc_now()
        with self._database.read() as connection:
            summary = event_triggers.summary(connection)
            if self._is_known(summary, now):
                return
            triggers = event_triggers.load_all(connection)
        self.table = TriggerTable(triggers)
        if summary != self._summary:
            LOG.info('There are %d event triggers', len(triggers))
        self._summary, self._read_at = summary, now

    def _is_known(self, summary: Summary, now: datetime) -> bool:
        if summary != self._summary or now - self._read_at > _READ_AGAIN:
            return False
        return summary.changed_at is None or self._read_at - summary.changed_at > _UNCERTAIN_FOR


class EventEngineService:
    """Keeps listeners in line with the triggers, in a thread of its own."""

    def __init__(
        self,
        triggers: Triggers,
        firing: Starting,
        interval: float,
    ) -> None:
        """`interval`: seconds between two looks at the triggers."""
        self._triggers = triggers
        self._firing = firing
        self._interval = interval
        self._listeners: Listening | None = None
        self._stopping = threading.Event()
        self._has_begun = threading.Event()
        self._thread = threading.Thread(target=self._run, name='event-triggers', daemon=True)

    def connect(self, listeners: Listening) -> None:
        """Name the listeners; they are built on top of `handle`."""
        self._listeners = listeners

    def start(self) -> None:
        """Begin to listen; if the message bus is away, later."""
        self._thread.start()
        self._has_begun.wait(_START_TIMEOUT)

    def stop(self) -> None:
        """Finish the starts in hand; what has not been started goes to other event engines."""
        self._stopping.set()
        if not self._thread.is_alive():
            return
        self._thread.join(_STOP_TIMEOUT)
        if self._thread.is_alive():
            LOG.warning('The event engine stops while it waits for the message bus')

    def handle(self, notification: Notification) -> bool:
        """Start what waits for a notification, however long the engines are away.

        Returns False if the notification has to come again, because this process stops.
        """
        triggers = self._triggers.table.find(notification)
        if not triggers:
            return True
        for attempt, wait in enumerate(chain(waits(), repeat(_LONGEST_WAIT))):
            try:
                self._firing.fire(triggers, notification)
            except Exception as e:
                if not may_pass(e):
                    raise
                if attempt == 0:
                    LOG.warning('Event %s has to wait: %s', notification.event_type, without_sql(e))
            else:
                return True
            if self._stopping.wait(wait):
                break
        return False

    def _run(self) -> None:
        while True:
            try:
                self._triggers.refresh()
                if self._listeners is not None:
                    self._listeners.listen_to(self._triggers.table.groups)
            except Exception as e:  # noqa: BLE001 - the next turn may go better
                _log(e)
            self._has_begun.set()
            if self._stopping.wait(self._interval):
                break
        if self._listeners is not None:
            self._listeners.close()


def _log(error: Exception) -> None:
    """That the database is away is news, but no riddle."""
    if isinstance(error, MistralException) or is_transient(error):
        LOG.warning('Event triggers cannot be read at the moment: %s', without_sql(error))
    else:
        LOG.error('Event triggers cannot be read', exc_info=error)
