"""Reading executions: few statements, without an object mapper."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, bindparam, select

from mistral.db.chunks import chunks
from mistral.db.models import action_executions, task_executions, workflow_executions
from mistral.db.store import jobs, rows
from mistral.db.store.definitions import GraphCache
from mistral.db.store.rows import Row
from mistral.workflow.events import Event, SubworkflowUpdated
from mistral.workflow.model import NOT_LOADED, ChildExecution, ExecutionState, TaskExecution

#: News by sub-workflow and number.
_News: TypeAlias = Mapping[tuple[str, int], SubworkflowUpdated]

_ACTION_COLUMNS: Final = (
    action_executions.c.id,
    action_executions.c.task_execution_id,
    action_executions.c.name,
    action_executions.c.runtime_context,
    action_executions.c.seq,
    action_executions.c.state,
    action_executions.c.created_at,
    action_executions.c.updated_at,
    action_executions.c.accepted,
    action_executions.c.is_sync,
)
_SUBWORKFLOW_COLUMNS: Final = (
    workflow_executions.c.id,
    workflow_executions.c.task_execution_id,
    workflow_executions.c.workflow_name,
    workflow_executions.c.params,
    workflow_executions.c.state,
    workflow_executions.c.created_at,
    workflow_executions.c.updated_at,
    workflow_executions.c.accepted,
    workflow_executions.c.runtime_context,
)

_LOAD_EXECUTION: Final = (
    select(workflow_executions, task_executions.c.workflow_execution_id.label('parent_id'))
    .outerjoin(task_executions, workflow_executions.c.task_execution_id == task_executions.c.id)
    .where(workflow_executions.c.id == bindparam('execution_id'))
)
_LOAD_TASKS: Final = select(task_executions).where(
    task_executions.c.workflow_execution_id == bindparam('execution_id')
)
_OF_EXECUTION: Final = task_executions.c.workflow_execution_id == bindparam('execution_id')
_LOAD_ACTIONS: Final = (
    select(*_ACTION_COLUMNS)
    .join(task_executions, action_executions.c.task_execution_id == task_executions.c.id)
    .where(_OF_EXECUTION)
)
_LOAD_SUBWORKFLOWS: Final = (
    select(*_SUBWORKFLOW_COLUMNS)
    .join(task_executions, workflow_executions.c.task_execution_id == task_executions.c.id)
    .where(_OF_EXECUTION)
)


def load(connection: Connection, execution_id: str, graphs: GraphCache) -> ExecutionState | None:
    """Read an execution with its tasks and their children; None if it does not exist."""
    key = {'execution_id': execution_id}
    row = connection.execute(_LOAD_EXECUTION, key).mappings().first()
    if row is None:
        return None
    found = connection.execute(_LOAD_TASKS, key).mappings().all()
    types = {row['type'] for row in found}
    actions: Sequence[Row] = ()
    subworkflows: Sequence[Row] = ()
    if types - {'WORKFLOW'}:
        actions = connection.execute(_LOAD_ACTIONS, key).mappings().all()
    if 'WORKFLOW' in types:
        subworkflows = connection.execute(_LOAD_SUBWORKFLOWS, key).mappings().all()
    # After the sub-workflows: news is not to be missed that one of them has sent meanwhile.
    waiting = jobs.of_execution(connection, execution_id) if subworkflows else ()
    return build_state(row, row['parent_id'], found, actions, subworkflows, waiting, graphs)


def build_state(
    execution_row: Row,
    parent_execution_id: str | None,
    task_rows: Iterable[Row],
    action_rows: Iterable[Row],
    subworkflow_rows: Iterable[Row],
    waiting: Iterable[Event],
    graphs: GraphCache,
) -> ExecutionState:
    """An execution from its row, those of its tasks and those of their children.

    `waiting` are the events that it has not handled yet.
    """
    execution = rows.execution_from_row(execution_row, parent_execution_id)
    tasks = {
        row['id']: rows.task_from_row(row, _seq(row, position))
        for position, row in enumerate(sorted(task_rows, key=_creation_order))
    }
    _add_children(tasks, action_rows, rows.action_from_row)
    _add_children(tasks, subworkflow_rows, rows.subworkflow_from_row)
    news = {
        (event.execution_id, event.revision): event
        for event in waiting
        if isinstance(event, SubworkflowUpdated)
    }
    for task in tasks.values():
        if task.type == 'WORKFLOW':
            _show_as_known(task, news)
    return ExecutionState(execution, graphs.of_raw(execution.spec), tasks.values())


def _show_as_known(task: TaskExecution, news: _News) -> None:
    """Show sub-workflows as their task knows them: without the news that it has not heard.

    Whether they still count is not in their own rows but remembered by the task.
    """
    superseded = set(task.runtime_context.get('_superseded') or ())
    for child in task.children:
        while unheard := news.get((child.id, child.revision)):
            child.state = unheard.previous
            child.accepted = child.is_completed
            child.revision -= 1
            child.reopened -= unheard.reopens
        child.superseded = child.id in superseded
        child.accepted = child.accepted and not child.superseded
    task.children.sort(key=lambda child: child.seq)


def load_outputs(connection: Connection, children: Sequence[ChildExecution]) -> None:
    """Fill in the outputs that are not in memory."""
    for kind, table in (('action', action_executions), ('workflow', workflow_executions)):
        missing = {
            child.id: child
            for child in children
            if child.kind == kind and child.output is NOT_LOADED
        }
        for id_, output in _values(connection, table.c.id, table.c.output, list(missing)):
            missing[id_].output = output


def load_inputs(connection: Connection, children: Sequence[ChildExecution]) -> None:
    """Fill in the inputs of actions that are not in memory."""
    missing = {child.id: child for child in children if child.input is NOT_LOADED}
    columns = action_executions.c
    for id_, input_ in _values(connection, columns.id, columns.input, list(missing)):
        missing[id_].input = input_ or {}


def _values(
    connection: Connection,
    id_column: ColumnElement[str],
    column: ColumnElement[Any],
    ids: Sequence[str],
) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for chunk in chunks(ids):
        query = select(id_column, column).where(id_column.in_(chunk))
        found.extend((id_, value) for id_, value in connection.execute(query))
    return found


def _creation_order(row: Row) -> tuple[bool, int, datetime, str]:
    """Rows of the reference have no number; they come before those of this service."""
    seq = row.get('seq')
    return seq is not None, seq or 0, row['created_at'], row['id']


def _seq(row: Row, position: int) -> int:
    seq = row.get('seq')
    return position if seq is None else int(seq)


def _add_children(
    tasks: Mapping[str, TaskExecution],
    found: Iterable[Row],
    from_row: Callable[[Row, int], ChildExecution],
) -> None:
    for position, row in enumerate(sorted(found, key=_creation_order)):
        child = from_row(row, _seq(row, position))
        tasks[child.task_id].children.append(child)
