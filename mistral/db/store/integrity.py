"""Tasks that seem to have missed the end of their actions and sub-workflows.

The engine ends a task in the transaction that ends the last of these. So there are such tasks only
where somebody has changed rows by hand.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, exists, or_, select, update

from mistral import states
from mistral.db.chunks import chunks
from mistral.db.models import action_executions, task_executions, workflow_executions

_TASK: Final = task_executions.c
_EXECUTION: Final = workflow_executions.c
_OVER: Final = tuple(sorted(states.COMPLETED))


def take_stuck(
    connection: Connection, now: datetime, quiet_since: datetime, limit: int
) -> dict[str, list[str]]:
    """Running tasks that nothing has happened to since then, by their running executions.

    All their actions and sub-workflows have ended by then, and there is at least one. Others will
    not find them for a while. Engines load the executions anew, lest they trust their memory.
    """
    query = (
        select(_TASK.id, _TASK.workflow_execution_id)
        .join(workflow_executions, _EXECUTION.id == _TASK.workflow_execution_id)
        .where(
            _TASK.state == states.RUNNING,
            _EXECUTION.state == states.RUNNING,
            _TASK.updated_at < quiet_since,
            or_(*(_has_child(table) for table in _CHILDREN)),
            *(~_has_child(table, quiet_since) for table in _CHILDREN),
        )
        .limit(limit)
        .with_for_update(skip_locked=True, of=task_executions)
    )
    found: dict[str, list[str]] = {}
    for task_id, execution_id in connection.execute(query):
        found.setdefault(execution_id, []).append(task_id)
    _touch(connection, task_executions, [id_ for ids in found.values() for id_ in ids], now)
    for chunk in chunks(sorted(found)):
        statement = update(workflow_executions).where(_EXECUTION.id.in_(chunk))
        connection.execute(statement.values(revision=_EXECUTION.revision + 1))
    return found


#: What tasks run: tables of actions, and of workflow executions below the one of the task.
_CHILDREN: Final[Sequence[Any]] = (
    action_executions,
    workflow_executions.alias('sub_workflows'),
)


def _has_child(table: Any, quiet_since: datetime | None = None) -> Any:
    """Whether the task has one; with `quiet_since` one that is at work, or was after then."""
    columns = table.c
    conditions = [columns.task_execution_id == _TASK.id]
    if quiet_since is not None:
        conditions.append(or_(columns.state.not_in(_OVER), columns.updated_at >= quiet_since))
    return exists(select(columns.id).where(*conditions))


def _touch(connection: Connection, table: Table, ids: Sequence[str], now: datetime) -> None:
    for chunk in chunks(sorted(ids)):
        connection.execute(update(table).where(table.c.id.in_(chunk)).values(updated_at=now))
