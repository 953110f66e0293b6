"""One application of an event to an execution: its state, the outside world, what comes of it.

`Turn` offers the primitives that all rules are made of: state changes (with times, notifications
and trace lines), contexts, evaluation, timers and messages.
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, TypeAlias

from mistral import states
from mistral.exceptions import SizeLimitExceededException, WorkflowException
from mistral.workflow import notifications
from mistral.workflow.commands import RANKS, Command, Rank
from mistral.workflow.data_flow import (
    EMPTY_CONTEXT,
    BranchContext,
    ContextView,
    deep_merge,
    merge_all,
)
from mistral.workflow.effects import CancelTimer, Effect, ScheduleTimer, Send, Trace
from mistral.workflow.events import Event, SubworkflowUpdated
from mistral.workflow.model import (
    NOT_LOADED,
    ChildExecution,
    ExecutionState,
    TaskExecution,
    WorkflowExecution,
)
from mistral.workflow.ports import Ports

#: Bytes of UTF-8: MySQL counts those, and has 65,535.
STATE_INFO_LIMIT: Final = 65500

#: Timers belong to a task or to the execution itself.
TimerOwner: TypeAlias = TaskExecution | WorkflowExecution


class Turn:
    """The steps still to take wait here; `effects` is what to do after the commit."""

    __slots__ = ('_agenda', '_root_env', 'effects', 'ports', 'state')

    def __init__(self, state: ExecutionState, ports: Ports) -> None:
        self.state = state
        self.ports = ports
        self._agenda: tuple[deque[Command], ...] = tuple(deque() for _ in Rank)
        self.effects: list[Effect] = []
        self._root_env: Mapping[str, Any] | None = None

    def do(self, command: Command) -> None:
        """Take this step when its turn comes: steps of one rank in their order, see `Rank`."""
        self._agenda[RANKS.get(type(command), Rank.ACT)].append(command)

    def next_command(self) -> Command | None:
        queue = next(filter(None, self._agenda), None)
        return queue.popleft() if queue else None

    # States

    def set_workflow_state(
        self, state: str, state_info: Any = None, *, ordered: bool = False
    ) -> None:
        """Change the execution's state; raises WorkflowException if that is not possible.

        `ordered` is told to its parent, see `events.SubworkflowUpdated`.
        """
        execution = self.state.execution
        previous = execution.state
        self.require_transition(state)
        execution.state = state
        execution.state_info = as_state_info(state_info)
        if state in states.COMPLETED:
            execution.accepted = True
            self.cancel_timers(execution)
        elif previous in states.COMPLETED:
            execution.accepted = False
        self.touch_execution()
        self._trace_workflow(previous)
        self._notify_of_workflow(previous)
        if execution.parent_execution_id:
            if previous in states.COMPLETED and state not in states.COMPLETED:
                _count(execution.runtime_context, '_reopened')
            self._report_to_parent(execution.parent_execution_id, previous, ordered=ordered)

    def announce_start(self) -> None:
        """The execution has been created running: say so as for any other change of state."""
        self._trace_workflow(states.IDLE)
        self._notify_of_workflow(states.IDLE)

    def _notify_of_workflow(self, previous: str) -> None:
        if publishers := self._publishers:
            execution = self.state.execution
            self.effects.append(notifications.of_workflow(execution, previous, publishers))

    @property
    def _publishers(self) -> tuple[Any, ...]:
        """Those that the execution names, then those of the operator.

        Executions that began in an earlier release name those of the operator themselves.
        """
        own = self.state.execution.publishers
        return (*own, *(entry for entry in self.ports.settings.publishers if entry not in own))

    def _trace_workflow(self, previous: str) -> None:
        execution = self.state.execution
        self.trace(
            "Workflow '%s' [%s -> %s, msg=%s] (execution_id=%s,task_ex_id=%s)",
            execution.workflow_name, previous, execution.state, execution.state_info,
            execution.id, execution.task_execution_id,
        )  # fmt: skip

    def require_transition(self, state: str) -> None:
        execution = self.state.execution
        if not states.is_valid_transition(execution.state, state):
            raise WorkflowException(
                f"Can't change workflow execution state from {execution.state} to {state}. "
                f'[workflow={execution.workflow_name}, execution_id={execution.id}]'
            )

    def _report_to_parent(self, parent_id: str, previous: str, *, ordered: bool) -> None:
        execution = self.state.execution
        message = None
        if execution.state in (states.ERROR, states.CANCELLED):
            reason = execution.output.get('result')
            message = as_state_info(str(reason)) if reason else None
        revision = _count(execution.runtime_context, '_news')
        reopened = execution.runtime_context.get('_reopened', 0)
        news = SubworkflowUpdated(
            execution.id, previous, execution.state, revision, message, reopened, ordered
        )
        self.send(parent_id, news)

    def set_task_state(
        self, task: TaskExecution, state: str, state_info: Any = None, *, rerun: bool = False
    ) -> None:
        previous = task.state
        task.state = state
        task.state_info = as_state_info(state_info)
        now = self.ports.now()
        if state == states.RUNNING and (rerun or previous in (states.IDLE, states.WAITING)):
            task.started_at = now
        if state in states.COMPLETED:
            task.finished_at = now
            self.state.incomplete.pop(task.id, None)
        else:
            self.state.incomplete[task.id] = task
        self.touch_task(task)
        execution = self.state.execution
        self.trace(
            "Task '%s' (%s) [%s -> %s, msg=%s] (execution_id=%s,task_ex_id=%s)",
            task.name, task.id, previous, state, task.state_info, execution.id,
            execution.task_execution_id,
        )  # fmt: skip
        if publishers := self._publishers:
            self.effects.append(notifications.of_task(task, execution, previous, publishers))

    def set_child_state(self, task: TaskExecution, child: ChildExecution, state: str) -> None:
        was_completed = child.is_completed
        child.state = state
        if not child.superseded:
            task.running_children += was_completed - child.is_completed
        task.result = NOT_LOADED
        self.touch_child(child)

    def supersede(self, task: TaskExecution, child: ChildExecution) -> None:
        """A new attempt replaces this child: its result no longer counts."""
        if child.superseded:
            return
        if not child.is_completed:
            task.running_children -= 1
        child.accepted = False
        child.superseded = True
        if child.kind == 'workflow':
            # The child's row is its own affair, so its parent task remembers it.
            task.runtime_context.setdefault('_superseded', []).append(child.id)
            self.touch_task(task)
        task.result = NOT_LOADED
        self.touch_child(child)

    def touch_execution(self) -> None:
        self.state.execution.updated_at = self.ports.now()
        self.state.changes.execution = True

    def touch_task(self, task: TaskExecution) -> None:
        task.updated_at = self.ports.now()
        self.state.changes.task(task)

    def touch_child(self, child: ChildExecution) -> None:
        child.updated_at = self.ports.now()
        self.state.changes.child(child)

    # Contexts

    def env(self) -> Mapping[str, Any]:
        """The environment: that of the root execution, a sub-workflow's own on top of it."""
        execution = self.state.execution
        own: Mapping[str, Any] = execution.params.get('env') or {}
        if execution.root_execution_id is None:
            return own
        if self._root_env is None:
            self._root_env = self.ports.root_env(execution.root_execution_id)
        return deep_merge(self._root_env, own) if own else self._root_env

    def sources(self, task: TaskExecution) -> list[TaskExecution]:
        """The task executions whose outbound contexts make up this task's inbound context."""
        if self.state.graph.spec.type == 'reverse':
            names = self.state.node(task).requires
            return [source for name in names if (source := self.state.latest(name))]
        ids = task.runtime_context.get('_sources')
        if ids is None:
            ids = [trigger['task_id'] for trigger in task.triggered_by]
        return [self.state.tasks[id_] for id_ in ids if id_ in self.state.tasks]

    def inbound(self, task: TaskExecution) -> BranchContext:
        """The variables published upstream. Computed without recursion, once per task."""
        pending = [task]
        while pending:
            current = pending[-1]
            if current.inbound is None:
                if current.in_context is not None:
                    current.inbound = BranchContext.from_stored(current.in_context)
                else:
                    sources = self.sources(current)
                    missing = [source for source in sources if source.inbound is None]
                    if missing:
                        pending.extend(missing)
                        continue
                    current.inbound = self.merged_outbound(sources)
            pending.pop()
        return task.inbound or EMPTY_CONTEXT

    def outbound(self, task: TaskExecution) -> BranchContext:
        """The inbound variables with what the task published."""
        inbound = self.inbound(task)
        if task.outbound is None:
            task.outbound = inbound.publish(task.published or {}, self.ports.settings.data_flow)
        return task.outbound

    def merged_outbound(self, tasks: Iterable[TaskExecution]) -> BranchContext:
        """What these tasks together hand on; on equal versions the first one wins."""
        return merge_all((self.outbound(task) for task in tasks), self.ports.settings.data_flow)

    def freeze_dependents(self, task: TaskExecution) -> None:
        """Before a completed task publishes again, keep what those behind it have seen."""
        node = self.state.node(task)
        for name in (*node.outbound, *node.required_by):
            for dependent in self.state.by_name.get(name, ()):
                if dependent.in_context is None and task in self.sources(dependent):
                    dependent.in_context = self.inbound(dependent).to_stored()
                    self.touch_task(dependent)

    def view(
        self, *layers: Mapping[str, Any], task: TaskExecution | None = None, env_at: int = 0
    ) -> ContextView:
        """What an expression sees: the given layers over the workflow context and its input.

        `env_at` says how many of the given layers lie above the environment.
        """
        execution = self.state.execution
        stack: list[Mapping[str, Any]] = [*layers[:env_at], EnvLayer(self), *layers[env_at:]]
        if task is not None:
            stack.insert(0, {'__task_execution': {'id': task.id, 'name': task.name}})
        stack.append(execution.context)
        stack.append(execution.input)
        merge = self.ports.settings.data_flow.merge_strategy == 'merge'
        return ContextView(stack, merge=merge)

    # The outside

    def send(self, execution_id: str, event: Event) -> None:
        self.effects.append(Send(self.ports.new_id(), execution_id, event))

    def start_timer(self, owner: TimerOwner, kind: str, delay: float) -> None:
        """Fire once after `delay` seconds; a timer of the same kind and owner is replaced."""
        self.cancel_timer(owner, kind)
        timer_id = self.ports.new_id()
        owner.runtime_context.setdefault('_timers', {})[kind] = timer_id
        due = self.ports.now() + timedelta(seconds=delay)
        task_id = owner.id if isinstance(owner, TaskExecution) else None
        self.effects.append(ScheduleTimer(timer_id, task_id, kind, due))
        self._touch(owner)

    def cancel_timer(self, owner: TimerOwner, kind: str) -> None:
        timer_id = self.forget_timer(owner, kind)
        if timer_id is not None:
            self.effects.append(CancelTimer(timer_id))

    def cancel_timers(self, owner: TimerOwner) -> None:
        for kind in list(owner.runtime_context.get('_timers') or ()):
            self.cancel_timer(owner, kind)

    def forget_timer(self, owner: TimerOwner, kind: str) -> str | None:
        """Drop what the owner knows of a timer; returns its id."""
        timers: dict[str, str] = owner.runtime_context.get('_timers') or {}
        timer_id = timers.pop(kind, None)
        if timer_id is not None:
            if not timers:
                del owner.runtime_context['_timers']
            self._touch(owner)
        return timer_id

    def is_timer_of(self, owner: TimerOwner, timer_id: str, kind: str) -> bool:
        """Tell whether a timer still counts: it was not cancelled or replaced meanwhile."""
        timers = owner.runtime_context.get('_timers') or {}
        return bool(timers.get(kind) == timer_id)

    def _touch(self, owner: TimerOwner) -> None:
        if isinstance(owner, TaskExecution):
            self.touch_task(owner)
        else:
            self.touch_execution()

    def trace(self, template: str, *values: Any) -> None:
        self.effects.append(Trace(template, values))

    def check_size(self, field: str, value: Any, class_name: str) -> None:
        """Raise SizeLimitExceededException for a value that is too large to be stored."""
        limit = self.ports.settings.field_size_limit_kb
        if limit < 0:
            return
        size = len(str(value)) // 1024
        if size > limit:
            raise SizeLimitExceededException(
                f'Field size limit exceeded [class={class_name}, field={field}, '
                f'size={size}KB, limit={limit}KB]'
            )


class EnvLayer(Mapping[str, Any]):
    """The single variable `__env`, fetched only when somebody looks at it."""

    __slots__ = ('_turn',)

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def __getitem__(self, name: str) -> Any:
        if name != '__env':
            raise KeyError(name)
        return self._turn.env()

    def __contains__(self, name: object) -> bool:
        return name == '__env'

    def __iter__(self) -> Iterator[str]:
        return iter(('__env',))

    def __len__(self) -> int:
        return 1


def _count(counters: dict[str, Any], name: str) -> int:
    counters[name] = counters.get(name, 0) + 1
    return int(counters[name])


def as_state_info(value: Any) -> str | None:
    """A reason as stored: text, cut to what the column holds. Mappings become JSON."""
    if value is None:
        return None
    text = json.dumps(value) if isinstance(value, dict) else str(value)
    encoded = text.encode(errors='surrogatepass')
    if len(encoded) <= STATE_INFO_LIMIT:
        return text
    end = STATE_INFO_LIMIT
    while encoded[end] & 0xC0 == 0x80:  # in the middle of a character
        end -= 1
    return encoded[:end].decode(errors='surrogatepass') + '...'
