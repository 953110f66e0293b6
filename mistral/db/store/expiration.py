"""Ended workflow executions that are old, or too many, and deleting them.

Only executions without a parent are looked at; everything below them goes with them. They are
ordered by when they changed last, then by id.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select

from mistral.db.chunks import chunks
from mistral.db.models import task_executions, workflow_executions

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
    if not found:
        return 0
    for level in (*_levels_below(connection, found), found):
        for chunk in chunks(level):
            connection.execute(delete(workflow_executions).where(_EXECUTION.id.in_(chunk)))
    return len(found)


def _levels_below(connection: Connection, roots: Sequence[str]) -> list[list[str]]:
    """The sub-workflows of executions, the lowest first.

    MariaDB and MySQL follow foreign keys down to 15 levels, and refuse to delete what has more.
    """
    query = (
        select(_EXECUTION.id, task_executions.c.workflow_execution_id)
        .join(task_executions, task_executions.c.id == _EXECUTION.task_execution_id)
        .where(_EXECUTION.root_execution_id.in_(roots))
    )
    below: dict[str, list[str]] = defaultdict(list)
    for id_, parent in connection.execute(query):
        below[parent].append(id_)
    levels = []
    level = list(roots)
    while level := [child for parent in level for child in below.pop(parent, ())]:
        levels.append(sorted(level))
    return levels[::-1]


def _ended(states: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (_EXECUTION.task_execution_id.is_(None), _EXECUTION.state.in_(sorted(states)))


def _comes_before(place: Place) -> ColumnElement[bool]:
    return _beyond(_EXECUTION.updated_at < place.updated_at, _EXECUTION.id < place.id, place)


def _comes_after(place: Place) -> ColumnElement[bool]:
    return _beyond(_EXECUTION.updated_at > place.updated_at, _EXECUTION.id > place.id, place)


def _beyond(by_time: Any, by_id: Any, place: Place) -> ColumnElement[bool]:
    return or_(by_time, and_(_EXECUTION.updated_at == place.updated_at, by_id))
