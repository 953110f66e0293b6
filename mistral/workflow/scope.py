"""The running workflow as `task()`, `tasks()`, `execution()` and the like see it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from mistral.workflow.model import NOT_LOADED, ExecutionState, TaskExecution, WorkflowExecution
from mistral.workflow.turn import Turn

_TASK_KEYS: Final = (
    'id', 'name', 'spec', 'state', 'state_info', 'result', 'published', 'type',
    'workflow_execution_id', 'created_at', 'updated_at',
)  # fmt: skip

_EXECUTION_KEYS: Final = (
    'id', 'name', 'description', 'workflow_name', 'workflow_namespace', 'workflow_id', 'spec',
    'state', 'state_info', 'tags', 'input', 'output', 'params', 'context', 'runtime_context',
    'accepted', 'project_id', 'task_execution_id', 'root_execution_id', 'created_at', 'updated_at',
)  # fmt: skip
_EXECUTION_FILTERS: Final = ('id', 'root_execution_id', 'state')


def task_result(turn: Turn, task: TaskExecution) -> Any:
    """The result of a task: what its accepted children gave.

    A list in the order of the items for a task with items; else the value of the one accepted
    child, or a list if there is none or more than one.
    """
    if task.result is NOT_LOADED:
        accepted = list(task.accepted_children())
        if any(child.output is NOT_LOADED for child in accepted):
            turn.ports.load_outputs(accepted)
        if turn.state.node(task).spec.with_items:
            accepted.sort(key=lambda child: child.index)
            task.result = [child.value for child in accepted]
        else:
            values = [child.value for child in accepted]
            task.result = values[0] if len(values) == 1 else values
    return task.result


class TaskView(Mapping[str, Any]):
    """A task execution as a read-only mapping; its result is worked out only when read."""

    __slots__ = ('_task', '_turn')

    def __init__(self, turn: Turn, task: TaskExecution) -> None:
        self._turn = turn
        self._task = task

    def __getitem__(self, key: str) -> Any:
        task = self._task
        if key == 'result':
            return task_result(self._turn, task)
        if key == 'spec':
            return self._turn.state.node(task).spec.raw
        if key == 'workflow_execution_id':
            return self._turn.state.execution.id
        if key in ('created_at', 'updated_at'):
            return time_text(getattr(task, key))
        if key in _TASK_KEYS:
            return getattr(task, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(_TASK_KEYS)

    def __len__(self) -> int:
        return len(_TASK_KEYS)


class TurnScope:
    """Implements `mistral.expressions.base.Scope` for one place of evaluation.

    What concerns the execution at hand comes from memory: the database does not know yet what the
    turn has changed, or that the execution exists.
    """

    __slots__ = ('_task', '_turn')

    def __init__(self, turn: Turn, task: TaskExecution | None = None) -> None:
        self._turn = turn
        self._task = task

    @property
    def _state(self) -> ExecutionState:
        return self._turn.state

    def execution(self) -> Mapping[str, Any]:
        execution = self._state.execution
        return {
            'id': execution.id,
            'name': execution.workflow_name,
            'spec': execution.spec,
            'input': execution.input,
            'params': execution.params,
            'created_at': time_text(execution.created_at),
            'updated_at': time_text(execution.updated_at),
            'root_execution_id': execution.root_execution_id,
        }

    def executions(
        self,
        id: str | None = None,
        root_execution_id: str | None = None,
        state: str | None = None,
        from_time: str | None = None,
        to_time: str | None = None,
    ) -> Sequence[Mapping[str, Any]]:
        filters = {
            'id': id,
            'root_execution_id': root_execution_id,
            'state': state,
            'from_time': from_time,
            'to_time': to_time,
        }
        filters = {name: value for name, value in filters.items() if value is not None}
        own = self._state.execution
        found = [row for row in self._turn.ports.query_executions(filters) if row['id'] != own.id]
        if _passes(own, filters):
            found.append(_execution_row(own))
        return found

    def task(self, name: str | None = None) -> Mapping[str, Any] | None:
        task = self._task
        if name and (task is None or task.name != name):
            task = self._state.latest(name)
        return TaskView(self._turn, task) if task is not None else None

    def tasks(
        self,
        workflow_execution_id: str | None = None,
        recursive: bool = False,
        state: str | None = None,
        flat: bool = False,
    ) -> Sequence[Mapping[str, Any]]:
        own_id = self._state.execution.id
        own = [
            TaskView(self._turn, task)
            for task in self._state.tasks.values()
            if (state is None or task.state == state) and not (flat and _only_wraps(task))
        ]
        if workflow_execution_id == own_id and not recursive:
            return own
        found = self._turn.ports.query_tasks(
            workflow_execution_id, recursive=recursive, state=state, flat=flat
        )
        others = [row for row in found if row['workflow_execution_id'] != own_id]
        if workflow_execution_id == own_id:
            return [*own, *others]
        if workflow_execution_id is None or (recursive and self._is_below(workflow_execution_id)):
            return [*others, *own]
        return others

    def _is_below(self, execution_id: str) -> bool:
        ancestors = self._turn.ports.ancestors(self._state.execution)
        return any(id_ == execution_id for id_, _, _ in ancestors)

    def global_variable(self, name: str) -> Any:
        return self._state.execution.context.get(name)


def _passes(execution: WorkflowExecution, filters: Mapping[str, Any]) -> bool:
    """Whether the filters of `executions()` let an execution through."""
    if any(
        getattr(execution, name) != filters[name] for name in _EXECUTION_FILTERS if name in filters
    ):
        return False
    created_at = execution.created_at
    return not (
        ('from_time' in filters and created_at < datetime.fromisoformat(filters['from_time']))
        or ('to_time' in filters and created_at >= datetime.fromisoformat(filters['to_time']))
    )


def _execution_row(execution: WorkflowExecution) -> Mapping[str, Any]:
    """An execution as `executions()` shows those of the database."""
    row = {key: getattr(execution, key) for key in _EXECUTION_KEYS}
    times = {key: time_text(row[key]) for key in ('created_at', 'updated_at')}
    return {**row, **times, 'scope': 'private'}


def _only_wraps(task: TaskExecution) -> bool:
    """Whether a sub-workflow task has a child that already shows the task's own state."""
    return task.type == 'WORKFLOW' and any(child.state == task.state for child in task.children)


def time_text(time: datetime | None) -> str | None:
    """'YYYY-MM-DD hh:mm:ss', as everywhere in the API."""
    return time.strftime('%Y-%m-%d %H:%M:%S') if time else None


class EmptyScope:
    """The scope outside any workflow: there is nothing to ask about."""

    def execution(self) -> Mapping[str, Any]:
        return {}

    def executions(
        self,
        id: str | None = None,
        root_execution_id: str | None = None,
        state: str | None = None,
        from_time: str | None = None,
        to_time: str | None = None,
    ) -> Sequence[Mapping[str, Any]]:
        return ()

    def task(self, name: str | None = None) -> Mapping[str, Any] | None:
        return None

    def tasks(
        self,
        workflow_execution_id: str | None = None,
        recursive: bool = False,
        state: str | None = None,
        flat: bool = False,
    ) -> Sequence[Mapping[str, Any]]:
        return ()

    def global_variable(self, name: str) -> Any:
        return None
