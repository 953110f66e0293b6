"""The job store: everything that must happen after a commit is a row here, written with it.

A job is an event for an execution: at once (a message from another execution) or at a later time
(a timer). Whoever handles the event deletes the row in the same transaction, so each event takes
effect once, however often it is delivered.
"""

import logging
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

LOG = logging.getLogger(__name__)

#: The registered operation of these jobs: deliver an event to the execution in `key`.
DELIVER_EVENT: Final = 'engine.deliver_event'


_SELECT: Final = select(
    scheduled_jobs.c.id,
    scheduled_jobs.c.key,
    scheduled_jobs.c.func_args,
    scheduled_jobs.c.execute_at,
).where(scheduled_jobs.c.func_name == DELIVER_EVENT)


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
    query = _SELECT.where(scheduled_jobs.c.key == execution_id)
    return [job.event for job in _read(connection.execute(query).mappings())]


def pending(connection: Connection) -> list[Job]:
    """All jobs in the order in which they are due."""
    columns = scheduled_jobs.c
    query = _SELECT.order_by(columns.execute_at, columns.created_at, columns.id)
    return _read(connection.execute(query).mappings())


def take_overdue(
    connection: Connection,
    now: datetime,
    *,
    due_before: datetime,
    taken_before: datetime,
    limit: int,
) -> list[Job]:
    """Jobs that have been due for a while; nobody else finds them until `taken_before` is past now.

    Jobs that this release does not understand are taken, too, so that the next look finds others.
    Several may look at the same time: none waits for another, none takes what another has taken.
    """
    columns = scheduled_jobs.c
    query = (
        _SELECT.where(
            columns.execute_at <= due_before,
            or_(columns.captured_at.is_(None), columns.captured_at < taken_before),
        )
        .order_by(columns.execute_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = connection.execute(query).mappings().all()
    for chunk in chunks([row['id'] for row in found]):
        taken = update(scheduled_jobs).where(columns.id.in_(chunk)).values(captured_at=now)
        connection.execute(taken)
    return _read(found)


def _read(rows: Iterable[Any]) -> list[Job]:
    """The jobs of rows. Those of a newer release wait for a process that understands them."""
    found, unknown = [], []
    for row in rows:
        try:
            event = event_codec.decode(row['func_args'])
        except (KeyError, TypeError, ValueError):
            unknown.append(row['id'])
        else:
            found.append(Job(row['id'], row['key'], event, row['execute_at']))
    if unknown:
        LOG.warning('This release does not understand the events of jobs %s', ', '.join(unknown))
    return found
