"""Cron triggers as schedulers see them: those that are due, and moving them on.

Any number of schedulers look at the same time. None waits for another: a trigger is moved on only
from the very occurrence that it was found with.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, select, update

from mistral import states
from mistral.db.models import cron_triggers, mistral_metrics, workflow_executions
from mistral.db.repositories.conflicts import translated_conflicts
from mistral.db.repositories.kinds import CRON_TRIGGER

_TRIGGER: Final = cron_triggers.c
_COLUMNS: Final = [
    _TRIGGER[name]
    for name in (
        'id', 'name', 'project_id', 'next_execution_time', 'pattern', 'remaining_executions',
        'workflow_id', 'workflow_name', 'workflow_input', 'workflow_params', 'time_zone',
        'overlap', 'missed', 'last_execution_id', 'trust_id',
    )
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A moment at which a trigger is to start its workflow. It belongs to one trigger only."""

    trigger_id: str
    time: datetime


@dataclass(frozen=True, slots=True)
class CronTrigger:
    """A trigger and its next occurrence; `remaining` None stands for any number.

    `last_execution_id` is the execution that the occurrence before has started. For `overlap` and
    `missed` see `mistral.services.cron_choices`.
    """

    occurrence: Occurrence
    name: str
    project_id: str
    pattern: str
    remaining: int | None
    workflow_identifier: str
    workflow_input: dict[str, Any]
    workflow_params: dict[str, Any]
    time_zone: str | None = None
    overlap: str | None = None
    missed: str | None = None
    last_execution_id: str | None = None
    trust_id: str | None = None


def due(connection: Connection, now: datetime, limit: int) -> list[Occurrence]:
    """The occurrences whose time has come, the oldest first; none while there is maintenance."""
    rows = connection.execute(due_query(now, limit))
    return [Occurrence(id_, time) for id_, time in rows]


def due_query(now: datetime, limit: int) -> Select[Any]:
    status = mistral_metrics.c
    maintenance = exists().where(status.name == 'maintenance_status', status.value != 'RUNNING')
    return (
        select(_TRIGGER.id, _TRIGGER.next_execution_time)
        .where(_TRIGGER.next_execution_time <= now, ~maintenance)
        .order_by(_TRIGGER.next_execution_time)
        .limit(limit)
    )


def load(connection: Connection, occurrence: Occurrence) -> CronTrigger | None:
    """The trigger, if the occurrence is still to come; else somebody has been faster."""
    query = select(*_COLUMNS).where(*_is_at(occurrence))
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    return CronTrigger(
        occurrence=occurrence,
        name=row['name'] or '',
        project_id=row['project_id'],
        pattern=row['pattern'] or '',
        remaining=row['remaining_executions'],
        workflow_identifier=row['workflow_id'] or row['workflow_name'],
        workflow_input=row['workflow_input'] or {},
        workflow_params=row['workflow_params'] or {},
        time_zone=row['time_zone'],
        overlap=row['overlap'],
        missed=row['missed'],
        last_execution_id=row['last_execution_id'],
        trust_id=row['trust_id'],
    )


def is_running(connection: Connection, execution_id: str) -> bool:
    """Whether there is an execution of this id that has not ended."""
    execution = workflow_executions.c
    query = select(execution.state).where(execution.id == execution_id)
    state = connection.execute(query).scalar()
    return state is not None and not states.is_completed(state)


def move_on(
    connection: Connection,
    trigger: CronTrigger,
    next_time: datetime,
    now: datetime,
    **changes: Any,
) -> bool:
    """Let the trigger come again at `next_time`, unless somebody else has moved it on.

    Raises DBDuplicateEntryError if there is a trigger now that differs in nothing but its name.
    """
    values = {'next_execution_time': next_time, **changes}
    statement = update(cron_triggers).where(*_is_at(trigger.occurrence))
    row = {'id': trigger.occurrence.trigger_id, 'name': trigger.name}
    with translated_conflicts(CRON_TRIGGER, row):
        return connection.execute(statement.values(**values, updated_at=now)).rowcount > 0


def remove(connection: Connection, trigger: CronTrigger) -> bool:
    """Delete a trigger after its last occurrence, unless somebody else has."""
    statement = delete(cron_triggers).where(*_is_at(trigger.occurrence))
    return connection.execute(statement).rowcount > 0


def _is_at(occurrence: Occurrence) -> tuple[ColumnElement[bool], ...]:
    return (
        _TRIGGER.id == occurrence.trigger_id,
        _TRIGGER.next_execution_time == occurrence.time,
    )
