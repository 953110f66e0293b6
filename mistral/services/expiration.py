"""Deleting ended workflow executions by `[execution_expiration_policy]`.

Any number of schedulers may do this at the same time: none waits for another, and what one deletes
the others do not find. An execution that cannot be deleted holds up no other.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from mistral import metrics, states
from mistral.db.database import Database, DatabaseFailure
from mistral.db.retry import is_transient, without_sql
from mistral.db.store import expiration
from mistral.db.store.expiration import Place
from mistral.db.times import utc_now
from mistral.exceptions import ConfigurationError

LOG = logging.getLogger(__name__)

_ENDED: Final = (states.SUCCESS, states.ERROR, states.CANCELLED)

#: Executions of one transaction if no number is configured: a transaction must end some time.
_BATCH: Final = 100

#: Executions that are looked at in one turn.
_PER_TURN: Final = 5000

#: Comes before all ids.
_NO_ID: Final = ''


@dataclass(frozen=True, slots=True)
class ExpirationPolicy:
    """What is deleted, and how often to look; `older_than` None and `keep` 0 set no limit."""

    interval: timedelta
    older_than: timedelta | None = None
    keep: int = 0
    batch_size: int = _BATCH
    states: tuple[str, ...] = _ENDED

    @classmethod
    def from_config(cls, conf: Any) -> 'ExpirationPolicy | None':
        """None if the options ask for nothing. Raises ConfigurationError for unknown states."""
        group = conf.execution_expiration_policy
        for state in group.ignored_states:
            if state not in _ENDED:
                raise ConfigurationError(
                    '[execution_expiration_policy] ignored_states: '
                    f'{state} is not a terminal state. The valid states are {list(_ENDED)}'
                )
        has_age = (group.older_than or 0) >= 1
        has_number = (group.max_finished_executions or 0) >= 1
        if not (group.evaluation_interval or 0) > 0 or not (has_age or has_number):
            return None
        return cls(
            interval=timedelta(minutes=group.evaluation_interval),
            older_than=timedelta(minutes=group.older_than) if has_age else None,
            keep=group.max_finished_executions if has_number else 0,
            batch_size=group.batch_size if group.batch_size > 0 else _BATCH,
            states=tuple(state for state in _ENDED if state not in group.ignored_states),
        )


class Expiration:
    """What one scheduler does about ended executions."""

    def __init__(
        self,
        database: Database,
        policy: ExpirationPolicy,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._policy = policy
        self._now = now
        self._clock = clock
        self._next_look = clock()
        #: What is still to be done of the present look.
        self._ends: list[Place] = []
        self._after: Place | None = None
        self._deleted = 0

    def perform(self) -> None:
        """Delete a bounded number of executions, if it is time to look or work is left."""
        if not self._ends:
            if self._clock() < self._next_look:
                return
            self._next_look = self._clock() + self._policy.interval.total_seconds()
            self._ends = self._find_ends()
        looked_at = 0
        while self._ends and looked_at < _PER_TURN:
            looked_at += self._next_batch(self._ends[0])
        if not self._ends and self._deleted:
            LOG.info('Deleted %d ended workflow executions by the expiration policy', self._deleted)
            self._deleted = 0

    def _find_ends(self) -> list[Place]:
        """Up to where executions are to be deleted: by age, then by number."""
        ends = []
        if self._policy.older_than is not None:
            ends.append(Place(self._now() - self._policy.older_than, _NO_ID))
        if self._policy.keep and self._policy.states:
            with self._database.read() as connection:
                end = expiration.boundary(connection, self._policy.states, self._policy.keep)
            if end is not None:
                ends.append(end)
        return ends

    def _next_batch(self, end: Place) -> int:
        """Returns how many executions were looked at."""
        size = self._policy.batch_size
        with self._database.read() as connection:
            found = expiration.ended_before(connection, self._policy.states, end, self._after, size)
        if found:
            self._delete([place.id for place in found])
            self._after = found[-1]
        if len(found) < size:
            self._ends.pop(0)
            self._after = None
        return max(len(found), 1)

    def _delete(self, ids: list[str]) -> None:
        """Delete all at once; if that fails, one by one, and leave out those that cannot go."""
        try:
            count = self._transaction(ids)
        except DatabaseFailure as e:
            if is_transient(e):
                raise
            if len(ids) == 1:
                LOG.error('Workflow execution %s cannot be deleted: %s', ids[0], without_sql(e))
                return
            for id_ in ids:
                self._delete([id_])
            return
        self._deleted += count
        metrics.EXPIRED_EXECUTIONS.inc(count)

    def _transaction(self, ids: list[str]) -> int:
        with self._database.transaction() as connection:
            return expiration.delete_ended(connection, ids, self._policy.states)
