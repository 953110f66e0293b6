"""A world for the decision core without any I/O: executions, actions, timers and messages in memory.

The clock moves only when a test says so, ids are counted, and nothing is delivered by itself: tests
(and the simulation) choose what happens next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mistral import states
from mistral.exceptions import InputException
from mistral.lang.graph import compile_workflow
from mistral.lang.parser import Parser
from mistral.workflow import creation, effects, events, machine
from mistral.workflow.model import ChildExecution, ExecutionState, TaskExecution, WorkflowExecution
from mistral.workflow.ports import (
    ActionCall,
    ActionResult,
    CoreSettings,
    PreparedAction,
    WorkflowDefinition,
)

ASYNC = object()


@dataclass
class World:
    """All executions of a test. `run()` delivers everything that waits, in order."""

    expressions: Any
    settings: CoreSettings = field(default_factory=CoreSettings)
    time: datetime = datetime(2026, 1, 1)
    definitions: dict[str, WorkflowDefinition] = field(default_factory=dict)
    states: dict[str, ExecutionState] = field(default_factory=dict)
    actions: list[tuple[str, effects.RunAction]] = field(default_factory=list)
    messages: list[effects.Send] = field(default_factory=list)
    timers: dict[str, tuple[str, effects.ScheduleTimer]] = field(default_factory=dict)
    notifications: list[effects.Notify] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    behaviour: dict[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    started: list[effects.RunAction] = field(default_factory=list)
    _ids: int = 0

    # What tests do

    def define(self, text: str) -> None:
        for definition in Parser(self.expressions).parse_workflows("version: '2.0'\n" + text):
            spec = definition.spec
            self.definitions[spec.name] = WorkflowDefinition(
                f'def-{spec.name}', spec.name, '', spec, compile_workflow(spec)
            )

    def start(self, name: str, input_: dict[str, Any] | None = None, **params: Any) -> str:
        state = creation.create_execution(
            self, self.definitions[name], input_=input_ or {}, params=params, description='',
            project_id='p',
        )  # fmt: skip
        execution_id = state.execution.id
        self.states[execution_id] = state
        self.apply(execution_id, events.Begin())
        return execution_id

    def apply(self, execution_id: str, event: events.Event) -> None:
        """Apply an event and take in its effects; a failed event leaves everything as it was."""
        state = self.states[execution_id]
        for effect in machine.apply(state, event, self):
            self._take(execution_id, effect)
        for created in state.changes.new_executions:
            self.states[created.execution.id] = created
        if state.changes:
            state.execution.revision += 1
        state.changes = type(state.changes)()

    def run(self) -> None:
        """Deliver messages and results until only asynchronous actions and timers are left."""
        while self.messages or self.actions:
            if self.messages:
                message = self.messages.pop(0)
                self.apply(message.execution_id, message.event)
            else:
                execution_id, effect = self.actions.pop(0)
                self.finish(execution_id, effect)

    def finish(self, execution_id: str, effect: effects.RunAction) -> None:
        result = effect.action()
        if result is not ASYNC:
            self.complete(effect.action_execution_id, result, execution_id=execution_id)

    def complete(
        self, action_id: str, result: Any = None, *, execution_id: str | None = None
    ) -> None:
        """Give an action its result: a value, or an ActionResult."""
        if execution_id is None:
            execution_id = next(id_ for id_, s in self.states.items() if s.find_child(action_id))
        if not isinstance(result, ActionResult):
            result = ActionResult(data=result)
        self.apply(
            execution_id,
            events.ActionCompleted(action_id, result.data, result.error, result.cancel),
        )

    def pass_time(self, seconds: float) -> None:
        """Let time pass, firing the timers that fall due, and deliver what comes of it."""
        end = self.time + timedelta(seconds=seconds)
        self.run()
        while due := [entry for entry in self.timers.values() if entry[1].due <= end]:
            execution_id, timer = min(due, key=lambda entry: entry[1].due)
            self.time = max(self.time, timer.due)
            self.fire(execution_id, timer)
            self.run()
        self.time = end

    def fire(self, execution_id: str, timer: effects.ScheduleTimer) -> None:
        self.timers.pop(timer.timer_id, None)
        self.apply(
            execution_id, events.TimerFired(timer.timer_id, timer.task_execution_id, timer.kind)
        )

    def execution(self, execution_id: str) -> WorkflowExecution:
        return self.states[execution_id].execution

    def tasks(self, execution_id: str, name: str | None = None) -> list[TaskExecution]:
        tasks = self.states[execution_id].tasks.values()
        return [task for task in tasks if name is None or task.name == name]

    def task(self, execution_id: str, name: str) -> TaskExecution:
        (task,) = self.tasks(execution_id, name)
        return task

    def subworkflows(self, execution_id: str) -> list[str]:
        return [
            state.execution.id
            for state in self.states.values()
            if state.execution.parent_execution_id == execution_id
        ]

    def _take(self, execution_id: str, effect: effects.Effect) -> None:
        match effect:
            case effects.RunAction():
                self.started.append(effect)
                self.actions.append((execution_id, effect))
            case effects.Send():
                self.messages.append(effect)
            case effects.ScheduleTimer():
                self.timers[effect.timer_id] = (execution_id, effect)
            case effects.CancelTimer():
                self.timers.pop(effect.timer_id, None)
            case effects.Notify():
                self.notifications.append(effect)
            case effects.Trace():
                assert effect.template % effect.values

    # mistral.workflow.ports.Ports

    def new_id(self) -> str:
        self._ids += 1
        return f'{self._ids:08d}-0000-4000-8000-000000000000'

    def now(self) -> datetime:
        return self.time

    def evaluate(self, data: Any, context: Mapping[str, Any], scope: Any) -> Any:
        return self.expressions.evaluate(data, context, scope)

    def prepare_action(self, call: ActionCall) -> PreparedAction:
        name = call.names[-1]
        known = {
            'std.noop': ((), (), lambda input_: None),
            'std.echo': (('output',), ('delay',), lambda input_: input_['output']),
            'std.fail': ((), ('error_data',), _fail),
            'std.async_noop': ((), (), lambda input_: ASYNC),
        }
        required, optional, function = known.get(name, ((), None, self.behaviour.get(name)))
        if function is None:
            raise InputException(f'Failed to find action [action_name={name}, namespace=]')
        missing = [key for key in required if key not in call.input]
        if missing:
            raise InputException(f'Invalid input [name={name}, class=C, missing={missing}]')
        input_ = dict(call.input)
        return PreparedAction(
            name=name,
            input=input_,
            is_sync=name != 'std.async_noop',
            repeatable=name.startswith('std.'),
            action=lambda: function(input_),
        )

    def finish_action(self, name: str, namespace: str, result: ActionResult) -> ActionResult:
        return result

    def find_workflow(
        self, names: Sequence[str], namespace: str, *, fall_back: bool
    ) -> WorkflowDefinition | None:
        return next((self.definitions[name] for name in names if name in self.definitions), None)

    def find_environment(self, name: str) -> dict[str, Any] | None:
        return self.environments.get(name)

    def root_env(self, root_execution_id: str) -> Mapping[str, Any]:
        return self.execution(root_execution_id).params.get('env') or {}

    def ancestors(self, execution: WorkflowExecution) -> Sequence[tuple[str, str, str]]:
        found = []
        while execution.parent_execution_id:
            execution = self.execution(execution.parent_execution_id)
            found.append((execution.id, execution.workflow_name, execution.state))
        return found

    def load_outputs(self, children: Sequence[ChildExecution]) -> None:
        for child in children:
            if child.kind == 'workflow':
                child.output = self.execution(child.id).output

    def load_inputs(self, children: Sequence[ChildExecution]) -> None:
        pass

    def query_executions(self, filters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        wanted = [self.execution(id_) for id_ in self.states]
        return [{'id': e.id, 'state': e.state} for e in wanted]

    def query_tasks(
        self, workflow_execution_id: str | None, *, recursive: bool, state: str | None, flat: bool
    ) -> Sequence[Mapping[str, Any]]:
        return []

    def report_failure(self, task: TaskExecution | None, error: Exception) -> None:
        self.failures.append(error)


def _fail(input_: dict[str, Any]) -> ActionResult:
    return ActionResult(error=input_.get('error_data') or 'Fail action expected exception.')


def is_over(execution: WorkflowExecution) -> bool:
    return execution.state in states.COMPLETED
