"""The job store: everything that must happen after a commit is a row here, written with it.

A job is an event for an execution: at once (a message from another execution) or at a later time
(a timer). Whoever handles the event deletes the row in the same transaction, so each event takes
effect once, however often it is delivered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, or_, select, update

from mistral.db.chunks import chunks
from mistral.db.models import scheduled_jobs
from mistral.db.times import rounded_up
from mistral.workflow import event_codec
from mistral.workflow.effects import Effect, ScheduleTimer, Send
from mistral.workflow.events import Event, TimerFired
from mistral.workflow.model import WorkflowExecution

#: The registered operation of these jobs: deliver an event to the execution in `key`.
DELIVER_EVENT: Final = 'engine.deliver_event'


@dataclass(frozen=True, slots=True)
class Job:
    id: str
    execution_id: str
    event: Event
    due: datetime


def of_effects(execution: WorkflowExecution, effects: Iterable[Effect], now: datetime) -> list[Job]:
    """The jobs that stand for effects which must not be lost."""
    jobs = []
    for effect in effects:
        if isinstance(effect, Send):
            jobs.append(Job(effect.message_id, effect.execution_id, effect.event, now))
        elif isinstance(effect, ScheduleTimer):
            event = TimerFired(effect.timer_id, effect.task_execution_id, effect.kind)
            jobs.append(Job(effect.timer_id, execution.id, event, rounded_up(effect.due)))
    return jobs


def add(connection: Connection, jobs: Sequence[Job], now: datetime) -> None:
    if jobs:
        connection.execute(
            insert(scheduled_jobs),
            [
                {
                    'id': job.id,
                    'created_at': now,
                    'func_name': DELIVER_EVENT,
                    'func_args': event_codec.encode(job.event),
                    'execute_at': job.due,
                    'key': job.execution_id,
                }
                for job in jobs
            ],
        )


def remove(connection: Connection, job_ids: Sequence[str]) -> int:
    """Delete jobs; returns how many of them were there."""
    return sum(
        connection.execute(delete(scheduled_jobs).where(scheduled_jobs.c.id.in_(chunk))).rowcount
        for chunk in chunks(job_ids)
    )


def existing(connection: Connection, job_ids: Sequence[str]) -> set[str]:
    """Those of the jobs that nobody has handled yet."""
    found: set[str] = set()
    for chunk in chunks(job_ids):
        query = select(scheduled_jobs.c.id).where(scheduled_jobs.c.id.in_(chunk))
        found.update(connection.execute(query).scalars())
    return found


def of_execution(connection: Connection, execution_id: str) -> list[Event]:
    """The events for one execution that nobody has handled yet."""
    columns = scheduled_jobs.c
    query = select(columns.func_args).where(
        columns.func_name == DELIVER_EVENT, columns.key == execution_id
    )
    return [event_codec.decode(args) for args in connection.execute(query).scalars()]


def pending(connection: Connection) -> list[Job]:
    """All jobs in the order in which they are due."""
    columns = scheduled_jobs.c
    query = (
        select(columns.id, columns.key, columns.func_args, columns.execute_at)
        .where(columns.func_name == DELIVER_EVENT)
        .order_by(columns.execute_at, columns.created_at, columns.id)
    )
    return [_from_row(row) for row in connection.execute(query).mappings()]


def take_overdue(
    connection: Connection,
    now: datetime,
    *,
    due_before: datetime,
    taken_before: datetime,
    limit: int,
) -> list[Job]:
    """Jobs that have been due for a while; nobody else finds them until `taken_before` is past now.

    Several may look at the same time: none waits for another, none takes what another has taken.
    """
    columns = scheduled_jobs.c
    query = (
        select(columns.id, columns.key, columns.func_args, columns.execute_at)
        .where(
            columns.func_name == DELIVER_EVENT,
            columns.execute_at <= due_before,
            or_(columns.captured_at.is_(None), columns.captured_at < taken_before),
        )
        .order_by(columns.execute_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = [_from_row(row) for row in connection.execute(query).mappings()]
    for chunk in chunks([job.id for job in found]):
        taken = update(scheduled_jobs).where(columns.id.in_(chunk)).values(captured_at=now)
        connection.execute(taken)
    return found


def _from_row(row: Any) -> Job:
    return Job(row['id'], row['key'], event_codec.decode(row['func_args']), row['execute_at'])
