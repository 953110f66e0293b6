"""Writing what a turn has changed, in bulk, and with it everything that must happen afterwards."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, update
from sqlalchemy.exc import IntegrityError

from mistral.db.models import action_executions, task_executions, workflow_executions
from mistral.db.chunks import chunks
from mistral.db.store import jobs, rows
from mistral.exceptions import DBDuplicateEntryError
from mistral.workflow.effects import CancelTimer, Effect
from mistral.workflow.model import ChildExecution, ExecutionState, WorkflowExecution


class ConflictError(Exception):
    """Another engine has changed the execution meanwhile: the copy in hand is stale."""


class ConsumedError(Exception):
    """Some of the events that have been applied had taken effect before."""


def save(
    connection: Connection,
    state: ExecutionState,
    effects: Sequence[Effect],
    now: datetime,
    *,
    consumed: Sequence[str] = (),
) -> None:
    """Write the changes of an execution and the jobs that stand for its effects.

    `consumed` are the jobs behind the events. Raises ConflictError if the execution has moved on
    under another engine or is gone, ConsumedError if one of the jobs is gone, DBDuplicateEntryError
    for a new execution whose id exists; nothing may be committed then.
    """
    if consumed and jobs.remove(connection, consumed) != len(consumed):
        raise ConsumedError
    if state.execution.revision == 0:
        _insert_execution(connection, state.execution)
    else:
        _update_execution(connection, state)
    _save_tasks(connection, state)
    _save_children(connection, state)
    jobs.add(connection, jobs.of_effects(state.execution, effects, now), now)
    cancelled = [effect.timer_id for effect in effects if isinstance(effect, CancelTimer)]
    if cancelled:
        jobs.remove(connection, cancelled)


def mark_saved(state: ExecutionState) -> None:
    """Note that the changes of an execution are durable."""
    state.execution.revision += 1
    for created in state.changes.new_executions:
        created.execution.revision = 1
    state.changes = type(state.changes)()


def _insert_execution(connection: Connection, execution: WorkflowExecution) -> None:
    row = rows.execution_to_row(execution)
    try:
        connection.execute(insert(workflow_executions), {**row, 'revision': 1})
    except IntegrityError as e:
        raise DBDuplicateEntryError(
            f"Duplicate entry for WorkflowExecution ['id']: {execution.id}"
        ) from e


def _update_execution(connection: Connection, state: ExecutionState) -> None:
    """Take the execution for this engine: only the copy of the latest revision may be written."""
    execution = state.execution
    changes = rows.execution_changes(execution) if state.changes.execution else {}
    statement = (
        update(workflow_executions)
        .where(
            workflow_executions.c.id == bindparam('of_id'),
            workflow_executions.c.revision == bindparam('of_revision'),
        )
        .values(revision=workflow_executions.c.revision + 1, **_parameters(changes))
    )
    keys = {'of_id': execution.id, 'of_revision': execution.revision}
    if connection.execute(statement, {**keys, **_values(changes)}).rowcount != 1:
        raise ConflictError


def _save_tasks(connection: Connection, state: ExecutionState) -> None:
    changes = state.changes
    if changes.new_tasks:
        connection.execute(
            insert(task_executions),
            [
                rows.task_to_row(task, state.node(task), state.execution)
                for task in changes.new_tasks.values()
            ],
        )
    _update_rows(
        connection,
        task_executions,
        [(task.id, rows.task_changes(task)) for task in changes.tasks.values()],
    )


def _save_children(connection: Connection, state: ExecutionState) -> None:
    execution, changes = state.execution, state.changes
    if changes.new_executions:
        connection.execute(
            insert(workflow_executions),
            [
                {**rows.execution_to_row(created.execution), 'revision': 1}
                for created in changes.new_executions
            ],
        )
    new_actions = [
        rows.action_to_row(child, execution)
        for child in changes.new_children.values()
        if child.kind == 'action'
    ]
    for chunk in chunks(new_actions):
        connection.execute(insert(action_executions), chunk)
    _update_actions(connection, changes.children.values())
    superseded = [
        child.id
        for child in changes.children.values()
        if child.kind == 'workflow' and child.superseded
    ]
    for ids in chunks(superseded):
        # The row belongs to the sub-workflow; that it no longer counts is for its parent to say.
        statement = update(workflow_executions).where(workflow_executions.c.id.in_(ids))
        connection.execute(statement.values(accepted=False))


def _update_actions(connection: Connection, children: Iterable[ChildExecution]) -> None:
    """Those without their output in memory keep the one that is stored."""
    by_columns: dict[bool, list[tuple[str, Mapping[str, Any]]]] = {}
    for child in children:
        if child.kind == 'action':
            changes = rows.action_changes(child)
            by_columns.setdefault('output' in changes, []).append((child.id, changes))
    for changed in by_columns.values():
        _update_rows(connection, action_executions, changed)


def _update_rows(
    connection: Connection, table: Table, changed: Sequence[tuple[str, Mapping[str, Any]]]
) -> None:
    """Update many rows with one statement; all have the same columns."""
    if not changed:
        return
    statement = (
        update(table)
        .where(table.c.id == bindparam('of_id'))
        .values(**_parameters(changed[0][1]))
    )
    connection.execute(statement, [{'of_id': id_, **_values(row)} for id_, row in changed])


def _parameters(row: Mapping[str, Any]) -> dict[str, Any]:
    return {column: bindparam(f'new_{column}') for column in row}


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    return {f'new_{column}': value for column, value in row.items()}
