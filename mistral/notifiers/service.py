"""The notifier: works off the events that engines have stored for publishers.

One thread takes lanes of events from the database, gives them to threads that publish, and notes
what has become of them. So a slow publisher holds up no engine and no other publisher, and what
cannot be published stays stored and comes again.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import Final

from mistral import metrics
from mistral.db.database import Database, DatabaseFailure
from mistral.db.retry import without_sql
from mistral.db.store import notifications
from mistral.db.store.notifications import Pending
from mistral.db.times import rounded_up, utc_now
from mistral.exceptions import MistralException, UrlNotAllowedException
from mistral.notifiers.base import UndeliverableError
from mistral.notifiers.publishing import Deliver
from mistral.notifiers.targets import Limits, Targets
from mistral.workflow.effects import Notify

LOG = logging.getLogger(__name__)

#: Seconds between two looks for events that nobody has told of.
_INTERVAL: Final = 1.0

#: Seconds that events belong to the notifier that has taken them, if it gives no sign of life; and
#: how often it does.
_LEASE: Final = timedelta(seconds=10)
_RENEWAL: Final = 3.0

#: Events that are looked at by one transaction, and lanes that a notifier has in hand.
_PORTION: Final = 500
_IN_HAND: Final = 1000

#: Seconds that events get to be published when the service stops.
_STOP_TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What has become of a portion of a lane: some are done, then one may have failed."""

    events: Sequence[Pending]
    done: Sequence[int]
    failed: Pending | None = None


class NotifierService:
    """Publishes at least once: an event may come again when a process was killed."""

    def __init__(self, database: Database, deliver: Deliver, limits: Limits | None = None) -> None:
        self._database = database
        self._deliver = deliver
        self._limits = limits or Limits()
        self._targets = Targets(self._limits)
        self._in_hand: dict[str, Sequence[Pending]] = {}
        self._outcomes: SimpleQueue[_Outcome] = SimpleQueue()
        #: Outcomes that the database does not know yet.
        self._unsettled: list[_Outcome] = []
        self._todo: SimpleQueue[Sequence[Pending] | None] = SimpleQueue()
        self._workers: list[threading.Thread] = []
        self._running = 0
        self._news = threading.Event()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._next_look = 0.0
        self._next_renewal = 0.0
        self._is_away = False
        metrics.WAITING_NOTIFICATIONS.set_function(
            lambda: sum(map(len, list(self._in_hand.values())))
        )
        self._thread = threading.Thread(target=self._serve, name='notifier', daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = _STOP_TIMEOUT) -> None:
        """End what is being published, within `timeout` seconds; the rest stays stored."""
        self._stopping.set()
        self._wake.set()
        if not self._thread.is_alive():
            return
        self._thread.join(timeout)
        if self._thread.is_alive():
            LOG.warning('The notifier stops while publishers are at work; events may come again')

    def notify(self, _effects: Sequence[Notify] = ()) -> None:
        """There are new events in the database."""
        self._news.set()
        self._wake.set()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._turn()
            self._wake.wait(self._pause())
            self._wake.clear()
        while self._running:
            self._collect()
            if self._running:
                self._wake.wait(_INTERVAL)
                self._wake.clear()
        self._try(self._settle)
        self._try(self._give_all_back)
        for _ in self._workers:
            self._todo.put(None)

    def _turn(self) -> None:
        """Note what is done, take what is due, and hand it out."""
        self._collect()
        if not self._try(self._settle):
            return
        now = time.monotonic()
        if self._news.is_set() or now >= self._next_look:
            self._news.clear()
            self._next_look = now + _INTERVAL
            self._try(self._look)
            self._targets.forget_idle(now)
        if now >= self._next_renewal:
            self._next_renewal = now + _RENEWAL
            self._try(self._renew)
        self._hand_out()

    def _pause(self) -> float:
        """Seconds until there is something to do of itself."""
        if self._unsettled or not self._targets.waiting():
            return _INTERVAL
        # A target may end its rest before.
        return _INTERVAL / 4

    def _collect(self) -> None:
        while not self._outcomes.empty():
            self._unsettled.append(self._outcomes.get())
            self._running -= 1

    def _look(self) -> None:
        """Take what is due, as much as fits in hand."""
        may_be_more = True
        while may_be_more and len(self._in_hand) < _IN_HAND:
            now = utc_now()
            with self._database.transaction() as connection:
                found, may_be_more = notifications.claim(
                    connection, now, rounded_up(now + _LEASE), _PORTION
                )
            self._put_off(self._take_in_hand(found))

    def _settle(self) -> None:
        """Store what has become of events; what follows in their lanes is next."""
        if not self._unsettled:
            return
        outcomes, now = self._unsettled, utc_now()
        done = [id_ for outcome in outcomes for id_ in outcome.done]
        rests: dict[str, datetime] = {}
        failed = []
        for outcome in outcomes:
            if outcome.failed is not None:
                wait = self._limits.wait(outcome.failed.attempts + 1)
                rests[outcome.failed.lane] = rounded_up(now + timedelta(seconds=wait))
                failed.append(outcome.failed.id)
        going_on = [o.events[0].lane for o in outcomes if o.failed is None]
        if self._stopping.is_set():
            rests |= dict.fromkeys(going_on, now)
            going_on = []
        with self._database.transaction() as connection:
            found = notifications.settle(connection, done, going_on, rounded_up(now + _LEASE))
            notifications.put_off(connection, rests, failed)
        # From here on it is stored: it must not be done twice.
        self._unsettled = []
        later: dict[str, float] = {}
        for outcome in outcomes:
            self._in_hand.pop(outcome.events[0].lane, None)
            moment = time.monotonic()
            # Lanes whose target has just failed for this one wait, too.
            for events in self._targets.done(
                outcome.events, moment, failed=outcome.failed is not None
            ):
                self._in_hand.pop(events[0].lane, None)
                later[events[0].lane] = self._targets.rest_of(events[0].entry, moment)
        self._put_off({**later, **self._take_in_hand(found)})

    def _take_in_hand(self, found: dict[str, list[Pending]]) -> dict[str, float]:
        """Queue lanes that were taken; returns those that had better come again after seconds."""
        later = {}
        for lane, events in found.items():
            # One that has been in hand for too long may be found again.
            if lane in self._in_hand:
                continue
            wait = self._targets.add(events, time.monotonic())
            if wait is None:
                self._in_hand[lane] = events
            else:
                later[lane] = wait
        return later

    def _put_off(self, waits: dict[str, float]) -> None:
        """Give lanes back, to be found after so many seconds."""
        if waits:
            now = utc_now()
            times = {
                lane: rounded_up(now + timedelta(seconds=wait)) for lane, wait in waits.items()
            }
            with self._database.transaction() as connection:
                notifications.put_off(connection, times)

    def _renew(self) -> None:
        ids = [event.id for events in self._in_hand.values() for event in events]
        if ids:
            with self._database.transaction() as connection:
                notifications.hold(connection, ids, rounded_up(utc_now() + _LEASE))

    def _give_all_back(self) -> None:
        now = utc_now()
        with self._database.transaction() as connection:
            notifications.put_off(connection, dict.fromkeys(self._in_hand, now))
        self._in_hand.clear()

    def _hand_out(self) -> None:
        while (events := self._targets.next(time.monotonic())) is not None:
            self._running += 1
            if self._running > len(self._workers):
                number = len(self._workers)
                worker = threading.Thread(target=self._work, name=f'notifier-{number}', daemon=True)
                self._workers.append(worker)
                worker.start()
            self._todo.put(events)

    def _work(self) -> None:
        while (events := self._todo.get()) is not None:
            self._outcomes.put(self._publish(events))
            self._wake.set()

    def _publish(self, events: Sequence[Pending]) -> _Outcome:
        """Publish the events of a lane in order, up to the first that fails."""
        done: list[int] = []
        for event in events:
            if self._stopping.is_set():
                break
            try:
                self._deliver(event)
                metrics.NOTIFICATIONS.labels('published').inc()
            except Exception as e:  # noqa: BLE001 - whatever it is, the event stays stored
                if not self._is_given_up(event, e):
                    return _Outcome(events, done, event)
            done.append(event.id)
        return _Outcome(events, done)

    def _is_given_up(self, event: Pending, error: Exception) -> bool:
        """Say what is wrong, and decide whether to try again."""
        age = (utc_now() - event.created_at).total_seconds()
        is_final = isinstance(error, UndeliverableError | UrlNotAllowedException)
        is_final = is_final or age >= self._limits.give_up_after
        metrics.NOTIFICATIONS.labels('given up' if is_final else 'failed').inc()
        # What a publisher says about itself needs no traceback.
        unforeseen = None if isinstance(error, MistralException) else error
        LOG.log(
            logging.ERROR if is_final else logging.WARNING,
            'Unable to process event for publisher "%s". %s of %s %s: %s',
            event.entry.get('type'),
            event.event,
            event.object_id,
            'is given up' if is_final else f'is tried again, attempt {event.attempts + 1} failed',
            error,
            exc_info=unforeseen if is_final or not event.attempts else None,
        )
        return is_final

    def _try(self, step: Callable[[], None]) -> bool:
        """Do something with the database; False if that fails, as it does while that is away."""
        try:
            step()
        except DatabaseFailure as e:
            if not self._is_away:
                LOG.warning('The notifier has to wait: %s', without_sql(e))
            self._is_away = True
            return False
        except Exception:
            LOG.exception('The notifier has failed, and goes on')
            return False
        self._is_away = False
        return True
