"""The job store: everything that must happen after a commit is a row here, written with it.

A job is an event for an execution: at once (a message from another execution) or at a later time
(a timer). Whoever handles the event deletes the row in the same transaction, so each event takes
effect once, however often it is delivered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from mistral.db.chunks import chunks
from mistral.db.models import scheduled_jobs
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
            # Times are stored in whole seconds; a timer must not fire too early.
            due = effect.due + timedelta(seconds=1, microseconds=-1)
            jobs.append(Job(effect.timer_id, execution.id, event, due.replace(microsecond=0)))
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


def pending(
    connection: Connection, *, due_before: datetime | None = None, limit: int | None = None
) -> list[Job]:
    """Jobs in the order in which they are due, all or those due before a time, at most `limit`."""
    columns = scheduled_jobs.c
    query = (
        select(columns.id, columns.key, columns.func_args, columns.execute_at)
        .where(columns.func_name == DELIVER_EVENT)
        .order_by(columns.execute_at, columns.created_at, columns.id)
        .limit(limit)
    )
    if due_before is not None:
        query = query.where(columns.execute_at <= due_before)
    return [_from_row(row) for row in connection.execute(query).mappings()]


def _from_row(row: Any) -> Job:
    return Job(row['id'], row['key'], event_codec.decode(row['func_args']), row['execute_at'])
