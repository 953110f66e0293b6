"""Starting the workflows of cron triggers that are due.

Any number of schedulers do this at the same time, and each of them may die at any moment. An
occurrence of a trigger is a row that says when it comes next, and nothing else, so:

1. The workflow is started first. The id of the execution follows from the trigger and the time of
   the occurrence, so it starts once, however many schedulers ask for it, and however often.
2. The trigger is moved on afterwards, by one scheduler: from the very time that the workflow was
   started for, or not at all.

Who dies in between leaves a trigger that is still due. The next one starts nothing new, and moves
it on. As long as workflows cannot be started at all, triggers stay due: each of them comes once
when that is over, since what comes next is counted from then. A workflow that will never start
(its input does not fit any more, the project has lost access) costs its trigger the occurrence.
Nothing starts before its time.

That is what Mistral 23 promises, too; the owner of a trigger may choose otherwise about overlapping
and missed occurrences, see `cron_choices`. An occurrence that is left out does not count against
the number of executions that the trigger is to start.
"""

import json
import logging
import random
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from mistral import states
from mistral.context import RequestContext
from mistral.db.database import Connection, Database
from mistral.db.store import cron
from mistral.db.store.cron import CronTrigger, Occurrence
from mistral.db.times import utc_now
from mistral.exceptions import (
    DBDuplicateEntryError,
    DBEntityNotFoundError,
    InputException,
)
from mistral.services import cron_choices
from mistral.services.cron_patterns import next_occurrence
from mistral.services.trigger_trusts import TriggerTrusts
from mistral.services.triggered_workflows import PASSING, log_failure, may_pass

LOG = logging.getLogger(__name__)

#: Triggers that are started before the next look at what is due.
_PORTION: Final = 500

#: Looks in one turn, so that it comes to an end.
_LOOKS: Final = 10

#: What is later than this has been missed. What is less late just came between two turns.
_GRACE: Final = timedelta(seconds=2)

#: What is later than this is not started if the owner does not want what was missed. Schedulers
#: that are busy or restarted are not so late.
_TOO_LATE: Final = timedelta(minutes=1)

#: When a trigger comes whose pattern is not understood: it stays, for its owner to see.
_NEVER: Final = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 - all times are UTC

#: The namespace of the ids of executions.
_EXECUTIONS: Final = uuid.UUID('c3a4e1c8-6f5b-4b0e-9a51-5d0c7e2f8b64')


class Starter(Protocol):
    """What of `mistral.rpc.clients.EngineClient` is needed."""

    def start_workflow(
        self,
        caller: RequestContext,
        *,
        workflow_identifier: str,
        execution_id: str,
        input: dict[str, Any],
        description: str,
        params: dict[str, Any],
    ) -> Any: ...

    def stop_workflow(
        self, caller: RequestContext, execution_id: str, state: str, message: str | None = None
    ) -> Any: ...


class CronFiring:
    """What one scheduler does about cron triggers."""

    def __init__(
        self,
        database: Database,
        engine: Starter,
        now: Callable[[], datetime] = utc_now,
        trusts: TriggerTrusts | None = None,
    ) -> None:
        self._database = database
        self._engine = engine
        self._now = now
        self._trusts = trusts or TriggerTrusts(database)

    def fire_due(self) -> None:
        """Start what is due. Raises what keeps workflows from being started at the moment.

        One that has to wait holds up no other.
        """
        for _ in range(_LOOKS):
            with self._database.read() as connection:
                occurrences = cron.due(connection, self._now(), _PORTION)
            # Others look at the same triggers: they had better not take them in the same order.
            random.shuffle(occurrences)
            if not self._fire_all(occurrences):
                return

    def _fire_all(self, occurrences: Sequence[Occurrence]) -> bool:
        """Returns whether this has changed when any trigger comes."""
        moved, postponed = [], []
        for occurrence in occurrences:
            try:
                moved.append(self._fire(occurrence))
            except PASSING as e:
                postponed.append(e)
        if postponed:
            raise postponed[0]
        return any(moved)

    def _fire(self, occurrence: Occurrence) -> bool:
        """Returns whether this has changed when the trigger comes."""
        with self._database.read() as connection:
            trigger = cron.load(connection, occurrence)
        if trigger is None:
            return False
        is_wanted = True
        try:
            is_wanted = self._is_wanted(trigger)
            if is_wanted:
                self._start(trigger)
        except Exception as e:
            if may_pass(e):
                raise
            log_failure(f'cron trigger {_identity(trigger)}', e)
        return self._move_on(trigger, counts=is_wanted)

    def _is_wanted(self, trigger: CronTrigger) -> bool:
        """Follow the owner's choices; tell whether the occurrence is to start its workflow."""
        time = trigger.occurrence.time
        if trigger.missed == cron_choices.SKIP and self._now() - time > _TOO_LATE:
            LOG.info('Cron trigger %s leaves out %s: it was missed', _identity(trigger), time)
            return False
        last = trigger.last_execution_id
        if last is None or trigger.overlap not in (cron_choices.SKIP, cron_choices.REPLACE):
            return True
        with self._database.read() as connection:
            is_running = cron.is_running(connection, last)
        if is_running and trigger.overlap == cron_choices.SKIP:
            LOG.info(
                'Cron trigger %s leaves out %s: execution %s has not ended',
                _identity(trigger), time, last,
            )  # fmt: skip
            return False
        if is_running:
            self._cancel(trigger, last)
        return True

    def _cancel(self, trigger: CronTrigger, execution_id: str) -> None:
        message = f'Replaced by the next execution of cron trigger {_identity(trigger)}.'
        with suppress(DBEntityNotFoundError):
            self._engine.stop_workflow(
                _runner(trigger), execution_id=execution_id, state=states.CANCELLED, message=message
            )

    def _start(self, trigger: CronTrigger) -> None:
        id_ = trigger.occurrence.trigger_id
        description = {
            'description': f"Workflow execution created by cron trigger '({id_})'.",
            'triggered_by': {'type': 'cron_trigger', 'id': id_},
        }
        self._engine.start_workflow(
            self._trusts.caller_of(trigger),
            workflow_identifier=trigger.workflow_identifier,
            execution_id=execution_id_of(trigger.occurrence),
            input=trigger.workflow_input,
            description=json.dumps(description),
            params=trigger.workflow_params,
        )

    def _move_on(self, trigger: CronTrigger, *, counts: bool) -> bool:
        now = self._now()
        remaining = trigger.remaining
        if counts and remaining is not None and remaining > 0:
            remaining -= 1
        last = execution_id_of(trigger.occurrence) if counts else trigger.last_execution_id
        next_time = None if remaining == 0 else _next_time(trigger, now)
        try:
            with self._database.transaction() as connection:
                if next_time is None:
                    return self._remove(connection, trigger)
                return cron.move_on(
                    connection, trigger, next_time, now,
                    remaining_executions=remaining, last_execution_id=last,
                )  # fmt: skip
        except DBDuplicateEntryError:
            # One that has the same workflow, times and count as this one has now: it is due, too,
            # and when it has moved on, this one can.
            LOG.info('Cron trigger %s waits for its twin', _identity(trigger))
            return False

    def _remove(self, connection: Connection, trigger: CronTrigger) -> bool:
        is_removed = cron.remove(connection, trigger)
        if is_removed:
            self._trusts.run_out(connection, trigger.trust_id)
        return is_removed


def execution_id_of(occurrence: Occurrence) -> str:
    """The id of the execution that an occurrence starts."""
    time = occurrence.time.isoformat(' ', 'seconds')
    return str(uuid.uuid5(_EXECUTIONS, f'{occurrence.trigger_id} {time}'))


def _runner(trigger: CronTrigger) -> RequestContext:
    return RequestContext(project_id=trigger.project_id)


def _next_time(trigger: CronTrigger, now: datetime) -> datetime | None:
    """When the trigger comes next; what it has missed counts only if its owner wants that."""
    after = trigger.occurrence.time
    if trigger.missed != cron_choices.ALL:
        after = max(now - _GRACE, after)
    try:
        found = next_occurrence(trigger.pattern, after, trigger.time_zone)
    except InputException as e:
        LOG.error('Cron trigger %s will not come again: %s', _identity(trigger), e)
        return _NEVER
    if found is None:
        LOG.info('Cron trigger %s has come for the last time', _identity(trigger))
    return found


def _identity(trigger: CronTrigger) -> str:
    return f'[name={trigger.name}, id={trigger.occurrence.trigger_id}]'
