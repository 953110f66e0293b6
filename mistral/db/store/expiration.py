"""Ended workflow executions that are old, or too many, and deleting them.

Only executions without a parent are looked at; everything below them goes with them. They are
ordered by when they changed last, then by id.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from mistral.db.models import workflow_executions
from mistral.db.store import trees

_EXECUTION: Final = workflow_executions.c


@dataclass(frozen=True, slots=True)
class Place:
    """Where an execution stands in the order."""

    updated_at: datetime
    id: str


def boundary(connection: Connection, states: Collection[str], keep: int) -> Place | None:
    """The last of the `keep` executions that changed last; None if there are no more than these."""
    query = (
        select(_EXECUTION.updated_at, _EXECUTION.id)
        .where(*_ended(states))
        .order_by(_EXECUTION.updated_at.desc(), _EXECUTION.id.desc())
        .offset(keep - 1)
        .limit(1)
    )
    row = connection.execute(query).first()
    return Place(*row) if row else None


def ended_before(
    connection: Connection,
    states: Collection[str],
    end: Place,
    after: Place | None,
    limit: int,
) -> list[Place]:
    """Executions before a place in the order, the oldest first, and after another one."""
    conditions = [_comes_before(end)]
    if after is not None:
        conditions.append(_comes_after(after))
    query = (
        select(_EXECUTION.updated_at, _EXECUTION.id)
        .where(*_ended(states), *conditions)
        .order_by(_EXECUTION.updated_at, _EXECUTION.id)
        .limit(limit)
    )
    return [Place(*row) for row in connection.execute(query)]


def delete_ended(connection: Connection, ids: Sequence[str], states: Collection[str]) -> int:
    """Delete those of the executions that are still ended; returns how many that are.

    Those that somebody else is changing or deleting at the moment are left alone.
    """
    query = select(_EXECUTION.id).where(_EXECUTION.id.in_(sorted(ids)), *_ended(states))
    query = query.order_by(_EXECUTION.id).with_for_update(skip_locked=True)
    found = list(connection.execute(query).scalars())
    trees.delete_with_all_below(connection, found)
    return len(found)


def _ended(states: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (_EXECUTION.task_execution_id.is_(None), _EXECUTION.state.in_(sorted(states)))


def _comes_before(place: Place) -> ColumnElement[bool]:
    return _beyond(_EXECUTION.updated_at < place.updated_at, _EXECUTION.id < place.id, place)


def _comes_after(place: Place) -> ColumnElement[bool]:
    return _beyond(_EXECUTION.updated_at > place.updated_at, _EXECUTION.id > place.id, place)


def _beyond(by_time: Any, by_id: Any, place: Place) -> ColumnElement[bool]:
    return or_(by_time, and_(_EXECUTION.updated_at == place.updated_at, by_id))
