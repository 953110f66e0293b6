"""The state of one workflow execution as plain data.

Nothing here knows how it is stored. `ExecutionState` is what `machine.apply` works on; it keeps
the look-ups that make a step's cost independent of the size of the workflow, and remembers in
`changes` what has to be written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from mistral import states
from mistral.lang.graph import TaskNode, WorkflowGraph
from mistral.workflow.data_flow import BranchContext


class NotLoaded:
    """Stands for a value that is still in the database only."""

    def __repr__(self) -> str:
        return 'NOT_LOADED'


NOT_LOADED: Final = NotLoaded()

#: The caller's identity in the context of a workflow, if callers are authenticated.
CALLER: Final = 'openstack'

ChildKind: TypeAlias = Literal['action', 'workflow']


@dataclass(slots=True, eq=False)
class WorkflowExecution:
    """A workflow execution. `spec` is the raw definition it was started with.

    `context` is the workflow context: vars, global variables, `__execution`, `openstack`.
    `runtime_context` is the engine's own memory; its keys start with '_'.
    """

    id: str
    workflow_id: str | None
    workflow_name: str
    workflow_namespace: str
    spec: Mapping[str, Any]
    project_id: str
    created_at: datetime
    name: str = ''
    description: str | None = ''
    tags: list[str] = field(default_factory=list)
    state: str = states.IDLE
    state_info: str | None = None
    input: dict[str, Any] = field(default_factory=dict)
    output: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    runtime_context: dict[str, Any] = field(default_factory=dict)
    accepted: bool = False
    task_execution_id: str | None = None
    parent_execution_id: str | None = None
    root_execution_id: str | None = None
    updated_at: datetime | None = None
    revision: int = 0

    @property
    def namespace(self) -> str:
        """The namespace in which the workflow looks for its sub-workflows."""
        return self.params.get('namespace') or ''

    @property
    def publishers(self) -> list[Any]:
        """The entries of `params.notify`; empty unless it is a list."""
        notify = self.params.get('notify')
        return notify if isinstance(notify, list) else []


@dataclass(slots=True, eq=False)
class ChildExecution:
    """An action execution or a sub-workflow execution started by a task.

    `index` is the item's index for tasks with items, else 0. `seq` orders the children of a task by
    creation. A child counts for its task's result while it is `accepted`; it is `superseded` once a
    retry or re-run has taken its place. `revision` numbers the last news of a sub-workflow, older
    news is stale; `reopened` counts how often it is known to have run again after its end.
    """

    id: str
    task_id: str
    kind: ChildKind
    name: str
    index: int
    seq: int
    state: str
    created_at: datetime
    accepted: bool = False
    superseded: bool = False
    input: Any = NOT_LOADED
    output: Any = None
    is_sync: bool = True
    safe_rerun: bool = False
    updated_at: datetime | None = None
    revision: int = 0
    reopened: int = 0

    @property
    def is_completed(self) -> bool:
        return self.state in states.COMPLETED

    @property
    def value(self) -> Any:
        """What the child contributes to its task's result (output must be loaded)."""
        if self.kind == 'workflow':
            return self.output or {}
        return (self.output or {}).get('result')


@dataclass(slots=True, eq=False)
class TaskExecution:
    """A task execution.

    `in_context` is set only when the inbound context cannot be derived from `triggered_by` (joins
    in loops, tasks whose upstream was re-run, rows written by Mistral 23). `runtime_context`
    holds the documented keys and, prefixed with '_', the engine's own. `seq` orders all tasks and
    children of an execution by creation.
    """

    id: str
    name: str
    seq: int
    type: Literal['ACTION', 'WORKFLOW']
    state: str
    created_at: datetime
    state_info: str | None = None
    tags: list[str] = field(default_factory=list)
    runtime_context: dict[str, Any] = field(default_factory=dict)
    in_context: dict[str, Any] | None = None
    published: dict[str, Any] = field(default_factory=dict)
    published_global: dict[str, Any] | None = None
    processed: bool = False
    next_tasks: list[list[str]] = field(default_factory=list)
    has_next_tasks: bool = False
    error_handled: bool = False
    unique_key: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    updated_at: datetime | None = None
    children: list[ChildExecution] = field(default_factory=list)
    # Derived, never stored:
    running_children: int = 0
    inbound: BranchContext | None = None
    outbound: BranchContext | None = None
    items: 'list[dict[str, Any]] | None' = None
    result: Any = NOT_LOADED

    @property
    def is_completed(self) -> bool:
        return self.state in states.COMPLETED

    @property
    def is_decided(self) -> bool:
        """Whether its outcome is known, though 'wait-after' may still delay it."""
        return self.is_completed or '_outcome' in self.runtime_context

    @property
    def is_join(self) -> bool:
        return self.unique_key is not None

    @property
    def triggered_by(self) -> list[dict[str, str]]:
        return self.runtime_context.get('triggered_by') or []

    def is_current(self, child: ChildExecution) -> bool:
        """Whether a child belongs to the last attempt, and not to a run of a join before it."""
        return not (
            child.superseded
            or self.state == states.WAITING
            or child.seq < self.runtime_context.get('_ran_at', -1)
        )

    def waits_for(self, child: ChildExecution) -> bool:
        """Whether the result of a child may still decide the outcome."""
        return self.state in (states.RUNNING, states.PAUSED) and self.is_current(child)

    def accepted_children(self) -> Iterator[ChildExecution]:
        return (child for child in self.children if child.accepted)


class Changes:
    """What a turn has changed and the shell has to write, each object once."""

    __slots__ = ('children', 'execution', 'new_children', 'new_executions', 'new_tasks', 'tasks')

    def __init__(self) -> None:
        self.execution = False
        self.new_tasks: dict[str, TaskExecution] = {}
        self.tasks: dict[str, TaskExecution] = {}
        self.new_children: dict[str, ChildExecution] = {}
        self.children: dict[str, ChildExecution] = {}
        self.new_executions: list[ExecutionState] = []

    def task(self, task: TaskExecution) -> None:
        if task.id not in self.new_tasks:
            self.tasks[task.id] = task

    def child(self, child: ChildExecution) -> None:
        if child.id not in self.new_children:
            self.children[child.id] = child

    def __bool__(self) -> bool:
        return bool(
            self.execution
            or self.new_tasks
            or self.tasks
            or self.new_children
            or self.children
            or self.new_executions
        )


class ExecutionState:
    """A workflow execution with its tasks and their children."""

    __slots__ = ('_child_tasks', 'by_name', 'changes', 'dead_names', 'execution', 'graph',
                 'incomplete', 'joins', 'names_behind', 'next_seq', 'tasks')  # fmt: skip

    def __init__(
        self,
        execution: WorkflowExecution,
        graph: WorkflowGraph,
        tasks: Iterable[TaskExecution] = (),
    ) -> None:
        self.execution = execution
        self.graph = graph
        self.tasks: dict[str, TaskExecution] = {}
        self.by_name: dict[str, list[TaskExecution]] = {}
        self.incomplete: dict[str, TaskExecution] = {}
        #: The waiting joins with what they have counted so far (None: count anew), names that
        #: nothing running leads to, and what lies behind a name: see `joins`.
        self.joins: dict[str, Any] = {}
        self.dead_names: set[str] = set()
        self.names_behind: dict[str, frozenset[str]] = {}
        self.changes = Changes()
        self.next_seq = 0
        self._child_tasks: dict[str, tuple[TaskExecution, ChildExecution]] = {}
        for task in tasks:
            self._index_task(task)
            for child in task.children:
                self._index_child(task, child)

    def node(self, task: TaskExecution) -> TaskNode:
        return self.graph.nodes[task.name]

    def latest(self, name: str) -> TaskExecution | None:
        """The task execution of that name created last."""
        instances = self.by_name.get(name)
        return instances[-1] if instances else None

    def in_order(self, task_ids: Iterable[str]) -> list[TaskExecution]:
        """Tasks in the order of their creation, whatever has happened to them since."""
        return sorted((self.tasks[id_] for id_ in task_ids), key=lambda task: task.seq)

    def find_child(self, child_id: str) -> tuple[TaskExecution, ChildExecution] | None:
        return self._child_tasks.get(child_id)

    def add_task(self, task: TaskExecution) -> None:
        self._index_task(task)
        self.changes.new_tasks[task.id] = task

    def add_child(self, task: TaskExecution, child: ChildExecution) -> None:
        task.children.append(child)
        self._index_child(task, child)
        self.changes.new_children[child.id] = child

    def size(self) -> int:
        """How many executions of all kinds are in memory here."""
        return 1 + len(self.tasks) + len(self._child_tasks)

    def take_seq(self) -> int:
        seq = self.next_seq
        self.next_seq += 1
        return seq

    def _index_task(self, task: TaskExecution) -> None:
        self.tasks[task.id] = task
        self.by_name.setdefault(task.name, []).append(task)
        moments = (task.runtime_context.get(key, -1) for key in ('_ran_at', '_rerun_at'))
        self.next_seq = max(self.next_seq, task.seq + 1, *(moment + 1 for moment in moments))
        if not task.is_completed:
            self.incomplete[task.id] = task
        if task.is_join and task.state == states.WAITING:
            self.joins[task.id] = None

    def _index_child(self, task: TaskExecution, child: ChildExecution) -> None:
        self._child_tasks[child.id] = (task, child)
        self.next_seq = max(self.next_seq, child.seq + 1)
        if not child.is_completed and not child.superseded:
            task.running_children += 1
