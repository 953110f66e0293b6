"""Sweeps: finding what nobody has in hand any more, and giving it to an engine.

They look at the database only, so any number of schedulers may sweep at the same time. What one has
found, others do not find for a while; should it get lost again on its way, they do.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from mistral import metrics
from mistral.db.database import Database, DatabaseFailure
from mistral.db.store import hand_over, integrity, jobs, notifications, unfinished
from mistral.db.times import utc_now
from mistral.services.vigil import Vigil
from mistral.workflow.events import Event, Recover

LOG = logging.getLogger(__name__)

#: What is found by one transaction at most.
_PORTION: Final = 500

#: How long events for publishers wait for a notifier to be started.
_NOTIFIER_PATIENCE: Final = timedelta(days=7)

#: Text of the result of an action that was lost, as in Mistral 23.
_NO_HEARTBEAT: Final = "Heartbeat wasn't received."

#: Gives events to an engine: (execution id, event, job id or None) each.
Deliver: TypeAlias = Callable[[Sequence[tuple[str, Event, str | None]]], None]


@dataclass(frozen=True, slots=True)
class HeartbeatRules:
    """`[action_heartbeat]`: when an action counts as lost. Without an interval none ever does."""

    interval: timedelta = timedelta(seconds=20)
    max_missed: int = 15
    first_timeout: timedelta = timedelta(seconds=3600)
    grace: timedelta = timedelta(seconds=5)

    @classmethod
    def from_config(cls, conf: Any) -> 'HeartbeatRules':
        group = conf.action_heartbeat
        return cls(
            timedelta(seconds=group.check_interval),
            group.max_missed_heartbeats,
            timedelta(seconds=group.first_heartbeat_timeout),
        )

    @property
    def time_for_a_beat(self) -> timedelta:
        """An executor that lives is heard of within this time."""
        return self.interval + self.grace

    @property
    def is_on(self) -> bool:
        return bool(self.interval) and self.max_missed > 0

    def silent_since(self, now: datetime) -> datetime:
        """Actions whose last heartbeat is older are lost."""
        return now - self.interval * self.max_missed

    def last_chance(self, now: datetime) -> datetime | None:
        """The last heartbeat of an action that has time for just one more; None if all have."""
        return self.silent_since(now) + self.time_for_a_beat if self.is_on else None


class Sweeps:
    """The sweeps of a scheduler."""

    def __init__(
        self,
        database: Database,
        deliver: Deliver,
        heartbeats: HeartbeatRules,
        *,
        patience: timedelta,
        taken_for: timedelta,
        vigil: Vigil | None = None,
    ) -> None:
        """`patience`: how late an event must be; `taken_for`: until when it is not taken again.

        `vigil` tells whether heartbeats get through; without it that is taken for granted.
        """
        self._database = database
        self._deliver = deliver
        self._heartbeats = heartbeats
        self._patience = patience
        self._taken_for = taken_for
        self._vigil = vigil

    def overdue_events(self) -> None:
        """Deliver events in the job store that their engine has not delivered."""
        while True:
            now = utc_now()
            with self._database.transaction() as connection:
                found = jobs.take_overdue(
                    connection,
                    now,
                    due_before=now - self._patience,
                    taken_before=now - self._taken_for,
                    limit=_PORTION,
                )
            # Not all that was taken may have been understood: a short portion is not the last one.
            if not found:
                return
            metrics.FOUND_BY_SWEEP.labels('overdue events').inc(len(found))
            LOG.info('Delivering %d overdue events', len(found))
            self._deliver([(job.execution_id, job.event, job.id) for job in found])

    def waiting_actions(self) -> None:
        """Have actions handed over again that no executor has started."""
        while True:
            with self._database.transaction() as connection:
                found = hand_over.take_waiting(connection, utc_now(), _PORTION)
            self._recover(found, lambda ids: Recover(waiting_actions=ids), 'handed over again')
            if _count(found) < _PORTION:
                return

    def lost_actions(self) -> None:
        """Have actions repeated or failed whose executor has not been heard of for too long."""
        if not self._heartbeats.is_on:
            return
        if self._vigil is not None and not self._vigil.has_lasted(utc_now()):
            return
        try:
            self._find_lost_actions()
        except DatabaseFailure:
            if self._vigil is not None:
                self._vigil.interrupt()
            raise

    def _find_lost_actions(self) -> None:
        while True:
            now = utc_now()
            with self._database.transaction() as connection:
                found = hand_over.take_lost(
                    connection,
                    now,
                    silent_since=self._heartbeats.silent_since(now),
                    created_before=now - self._heartbeats.first_timeout,
                    limit=_PORTION,
                )
                # Those that were run on their own, outside workflows.
                unfinished.fail_direct_actions(connection, _NO_HEARTBEAT, found.get(None, ()))
            self._recover(
                found, lambda ids: Recover(lost_actions=ids, reason=_NO_HEARTBEAT), 'lost'
            )
            if _count(found) < _PORTION:
                return

    def stuck_tasks(self, delay: timedelta, portion: int = _PORTION) -> None:
        """Have tasks looked at whose actions and sub-workflows have all ended for so long."""
        now = utc_now()
        with self._database.transaction() as connection:
            found = integrity.take_stuck(connection, now, now - delay, portion)
        if not found:
            return
        metrics.FOUND_BY_SWEEP.labels('stuck tasks').inc(sum(map(len, found.values())))
        for execution_id, task_ids in found.items():
            LOG.warning(
                'Found a task execution that is likely stuck in RUNNING state because all its '
                'children are completed [execution=%s, tasks=%s]',
                execution_id,
                ', '.join(task_ids),
            )
        self._deliver([(execution_id, Recover(), None) for execution_id in found])

    def unclaimed_notifications(self) -> None:
        """Delete events for publishers where no notifier has run for a long time."""
        with self._database.transaction() as connection:
            due_before = utc_now() - _NOTIFIER_PATIENCE
            count = notifications.delete_unclaimed(connection, due_before, _PORTION)
        if count:
            metrics.FOUND_BY_SWEEP.labels('unclaimed notifications').inc(count)
            LOG.error(
                '%d events for publishers are given up: no notifier has taken them for %d days. '
                "Run 'mistral-server --server notifier', or set [notifier] type = local.",
                count,
                _NOTIFIER_PATIENCE.days,
            )

    def _recover(
        self,
        found: Mapping[str | None, Sequence[str]],
        event: Callable[[tuple[str, ...]], Recover],
        what: str,
    ) -> None:
        metrics.FOUND_BY_SWEEP.labels(f'actions {what}').inc(_count(found))
        by_execution = {id_: tuple(actions) for id_, actions in found.items() if id_ is not None}
        for execution_id, action_ids in by_execution.items():
            LOG.warning(
                'Actions of execution %s are %s: %s', execution_id, what, ', '.join(action_ids)
            )
        if by_execution:
            self._deliver([(id_, event(actions), None) for id_, actions in by_execution.items()])


def _count(found: Mapping[str | None, Sequence[str]]) -> int:
    return sum(map(len, found.values()))
