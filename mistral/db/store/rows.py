"""Rows of the database to and from the core's plain data."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from mistral.db.store.hand_over import AGAIN_AFTER
from mistral.lang.graph import TaskNode
from mistral.workflow.model import (
    NOT_LOADED,
    ChildExecution,
    TaskExecution,
    WorkflowExecution,
)

#: A row as SQLAlchemy gives it, or a mapping of columns to values.
Row: TypeAlias = Mapping[Any, Any]

#: The columns that the engine changes after the creation of a row.
EXECUTION_CHANGES: Final = (
    'state', 'state_info', 'output', 'params', 'context', 'runtime_context', 'accepted',
    'updated_at',
)  # fmt: skip
TASK_CHANGES: Final = (
    'state', 'state_info', 'runtime_context', 'in_context', 'published', 'published_global',
    'processed', 'next_tasks', 'has_next_tasks', 'error_handled', 'started_at', 'finished_at',
    'updated_at',
)  # fmt: skip
ACTION_CHANGES: Final = ('state', 'accepted', 'runtime_context', 'updated_at')

#: NUL, which PostgreSQL refuses, and halves of surrogate pairs, which UTF-8 cannot express.
_UNSTORABLE: Final = re.compile('[\0\ud800-\udfff]')


def execution_from_row(row: Row, parent_execution_id: str | None) -> WorkflowExecution:
    return WorkflowExecution(
        id=row['id'],
        workflow_id=row['workflow_id'],
        workflow_name=row['workflow_name'] or '',
        workflow_namespace=row['workflow_namespace'] or '',
        spec=row['spec'] or {},
        project_id=row['project_id'],
        created_at=row['created_at'],
        name=row['name'] or '',
        description=row['description'],
        tags=row['tags'] or [],
        state=row['state'],
        state_info=row['state_info'],
        input=row['input'] or {},
        output=row['output'] or {},
        params=row['params'] or {},
        context=row['context'] or {},
        runtime_context=row['runtime_context'] or {},
        accepted=bool(row['accepted']),
        task_execution_id=row['task_execution_id'],
        parent_execution_id=parent_execution_id,
        root_execution_id=row['root_execution_id'],
        updated_at=row['updated_at'],
        revision=row['revision'],
    )


def execution_changes(execution: WorkflowExecution) -> dict[str, Any]:
    changes = {column: getattr(execution, column) for column in EXECUTION_CHANGES}
    return {**changes, 'state_info': _storable(execution.state_info)}


def execution_to_row(execution: WorkflowExecution) -> dict[str, Any]:
    return {
        'id': execution.id,
        'created_at': execution.created_at,
        'scope': 'private',
        'project_id': execution.project_id,
        'name': execution.name,
        'workflow_name': execution.workflow_name,
        'workflow_namespace': execution.workflow_namespace,
        'workflow_id': execution.workflow_id,
        'description': execution.description,
        'spec': execution.spec,
        'tags': execution.tags,
        'input': execution.input,
        'task_execution_id': execution.task_execution_id,
        'root_execution_id': execution.root_execution_id,
        **execution_changes(execution),
    }


def task_from_row(row: Row, seq: int) -> TaskExecution:
    return TaskExecution(
        id=row['id'],
        name=row['name'],
        seq=seq,
        type=row['type'] or 'ACTION',
        state=row['state'],
        created_at=row['created_at'],
        state_info=row['state_info'],
        tags=row['tags'] or [],
        runtime_context=row['runtime_context'] or {},
        in_context=row['in_context'],
        published=row['published'] or {},
        published_global=row['published_global'],
        processed=bool(row['processed']),
        next_tasks=[list(entry) for entry in row['next_tasks'] or ()],
        has_next_tasks=bool(row['has_next_tasks']),
        error_handled=bool(row['error_handled']),
        unique_key=row['unique_key'],
        started_at=row['started_at'],
        finished_at=row['finished_at'],
        updated_at=row['updated_at'],
    )


def task_changes(task: TaskExecution) -> dict[str, Any]:
    changes = {column: getattr(task, column) for column in TASK_CHANGES}
    return {**changes, 'state_info': _storable(task.state_info)}


def task_to_row(
    task: TaskExecution, node: TaskNode, execution: WorkflowExecution
) -> dict[str, Any]:
    return {
        'id': task.id,
        'created_at': task.created_at,
        'scope': 'private',
        'project_id': execution.project_id,
        'name': task.name,
        'seq': task.seq,
        'workflow_name': execution.workflow_name,
        'workflow_namespace': execution.workflow_namespace,
        'workflow_id': execution.workflow_id,
        'workflow_execution_id': execution.id,
        'type': task.type,
        'tags': task.tags,
        'unique_key': task.unique_key,
        'action_spec': node.spec.raw,
        **task_changes(task),
    }


def action_from_row(row: Row, seq: int) -> ChildExecution:
    """A child without its input and output, which are read only when they are asked for."""
    context = row['runtime_context'] or {}
    return ChildExecution(
        id=row['id'],
        task_id=row['task_execution_id'],
        kind='action',
        name=row['name'],
        index=context.get('index', 0),
        seq=seq,
        state=row['state'],
        created_at=row['created_at'],
        accepted=bool(row['accepted']),
        superseded=bool(context.get('superseded')),
        output=NOT_LOADED,
        is_sync=row['is_sync'] is not False,
        safe_rerun=bool(context.get('safe_rerun')),
        updated_at=row['updated_at'],
    )


def action_changes(child: ChildExecution) -> dict[str, Any]:
    """Without the output if that is not in memory."""
    context: dict[str, Any] = {'index': child.index, 'safe_rerun': child.safe_rerun}
    if child.superseded:
        context['superseded'] = True
    changes = {
        'state': child.state,
        'accepted': child.accepted,
        'runtime_context': context,
        'updated_at': child.updated_at,
    }
    if child.output is not NOT_LOADED:
        changes['output'] = child.output
    return changes


def action_to_row(child: ChildExecution, execution: WorkflowExecution) -> dict[str, Any]:
    return {
        'id': child.id,
        'created_at': child.created_at,
        'scope': 'private',
        'project_id': execution.project_id,
        'name': child.name,
        'seq': child.seq,
        'workflow_name': execution.workflow_name,
        'workflow_namespace': execution.workflow_namespace,
        'workflow_id': execution.workflow_id,
        'task_execution_id': child.task_id,
        'description': '',
        'input': child.input,
        'is_sync': child.is_sync,
        'hand_over_at': child.created_at + AGAIN_AFTER,
        **action_changes(child),
    }


def subworkflow_from_row(row: Row, seq: int) -> ChildExecution:
    """A child as its own row shows it; its news may not have arrived here yet."""
    params = row['params'] or {}
    context = row['runtime_context'] or {}
    return ChildExecution(
        id=row['id'],
        task_id=row['task_execution_id'],
        kind='workflow',
        name=row['workflow_name'],
        index=params.get('index', 0),
        seq=context.get('_seq', seq),
        state=row['state'],
        created_at=row['created_at'],
        accepted=bool(row['accepted']),
        output=NOT_LOADED,
        updated_at=row['updated_at'],
        revision=context.get('_news', 0),
        reopened=context.get('_reopened', 0),
    )


def _storable(text: str | None) -> str | None:
    """A text from users' data as every database takes it. JSON needs no care, it has escapes."""
    return None if text is None else _UNSTORABLE.sub('\N{REPLACEMENT CHARACTER}', text)
