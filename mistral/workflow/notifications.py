"""Names and payloads of the events that publishers are told about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from mistral import states
from mistral.workflow.effects import Notify
from mistral.workflow.model import TaskExecution, WorkflowExecution

_WORKFLOW_ENTERS: Final[Mapping[str, str]] = {
    states.SUCCESS: 'WORKFLOW_SUCCEEDED',
    states.ERROR: 'WORKFLOW_FAILED',
    states.CANCELLED: 'WORKFLOW_CANCELLED',
    states.PAUSED: 'WORKFLOW_PAUSED',
}
_WORKFLOW_RUNS_AFTER: Final[Mapping[str, str]] = {
    states.PAUSED: 'WORKFLOW_RESUMED',
    states.ERROR: 'WORKFLOW_RERUN',
}
_TASK_ENTERS: Final[Mapping[str, str]] = {
    states.SUCCESS: 'TASK_SUCCEEDED',
    states.ERROR: 'TASK_FAILED',
    states.CANCELLED: 'TASK_CANCELLED',
    states.PAUSED: 'TASK_PAUSED',
    states.SKIPPED: 'TASK_SKIPPED',
}
_TASK_RUNS_AFTER: Final[Mapping[str, str]] = {
    states.PAUSED: 'TASK_RESUMED',
    states.WAITING: 'TASK_RESUMED',
    states.ERROR: 'TASK_RERUN',
}


def workflow_event(previous: str, state: str) -> str | None:
    if state == states.RUNNING:
        return _WORKFLOW_RUNS_AFTER.get(previous, 'WORKFLOW_LAUNCHED')
    return _WORKFLOW_ENTERS.get(state)


def task_event(previous: str, state: str, *, held: bool = False) -> str | None:
    """The event of a task's state change; `held` if 'pause-before' kept the task IDLE."""
    if state == states.RUNNING:
        return 'TASK_RESUMED' if held else _TASK_RUNS_AFTER.get(previous, 'TASK_LAUNCHED')
    return _TASK_ENTERS.get(state)


def of_workflow(execution: WorkflowExecution, previous: str, publishers: tuple[Any, ...]) -> Notify:
    event = workflow_event(previous, execution.state)
    data = {
        'id': execution.id,
        'name': execution.name,
        'workflow_name': execution.workflow_name,
        'workflow_namespace': execution.workflow_namespace,
        'workflow_id': execution.workflow_id,
        'state': execution.state,
        'state_info': execution.state_info,
        'project_id': execution.project_id,
        'task_execution_id': execution.task_execution_id,
        'root_execution_id': execution.root_execution_id,
        'created_at': _text(execution.created_at),
        'updated_at': _text(execution.updated_at),
    }
    return Notify(execution.id, event, data, execution.updated_at, publishers)


def of_task(
    task: TaskExecution, execution: WorkflowExecution, previous: str, publishers: tuple[Any, ...]
) -> Notify:
    held = previous == states.IDLE and bool(task.runtime_context.get('_held'))
    event = task_event(previous, task.state, held=held)
    data = {
        'id': task.id,
        'name': task.name,
        'workflow_execution_id': execution.id,
        'workflow_name': execution.workflow_name,
        'workflow_namespace': execution.workflow_namespace,
        'workflow_id': execution.workflow_id,
        'state': task.state,
        'state_info': task.state_info,
        'type': task.type,
        'project_id': execution.project_id,
        'created_at': _text(task.created_at),
        'updated_at': _text(task.updated_at),
        'started_at': _text(task.started_at),
        'finished_at': _text(task.finished_at),
    }
    return Notify(task.id, event, data, task.updated_at, publishers)


def _text(time: datetime | None) -> str | None:
    return time.strftime('%Y-%m-%d %H:%M:%S') if time else None
