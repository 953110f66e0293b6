"""A world for the decision core without any I/O: executions, timers and messages in memory.

The clock moves only when a test says so, ids are counted, and nothing is delivered by itself: tests
(and the simulation) choose what happens next. What is durable in the service goes through the
service's own rows here, so a world can forget everything else at any time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mistral.db.store import jobs
from mistral.db.store.jobs import Job
from mistral.db.types import dump_json, load_json
from mistral.exceptions import InputException, InvalidActionException, MistralException
from mistral.lang.graph import compile_workflow
from mistral.lang.parser import Parser
from mistral.tests.simulation.storage import Storage
from mistral.workflow import creation, effects, event_codec, events, machine
from mistral.workflow.model import ChildExecution, ExecutionState, TaskExecution, WorkflowExecution
from mistral.workflow.ports import (
    ActionCall,
    ActionResult,
    CoreSettings,
    InfrastructureError,
    PreparedAction,
    WorkflowDefinition,
)
from mistral.workflow.scope import task_result
from mistral.workflow.turn import Turn

ASYNC = object()


@dataclass
class World:
    """All executions of a test. `run()` delivers everything that waits, in order.

    With `remembers=False` every execution is loaded from storage for each event, as in an engine
    that has never seen it: look at executions and tasks only after the last event, then.
    """

    expressions: Any
    remembers: bool = True
    settings: CoreSettings = field(default_factory=CoreSettings)
    time: datetime = datetime(2026, 1, 1)  # noqa: DTZ001 - as the database keeps times
    definitions: dict[str, WorkflowDefinition] = field(default_factory=dict)
    storage: Storage = field(default_factory=Storage)
    jobs: dict[str, Job] = field(default_factory=dict)
    actions: list[effects.RunAction] = field(default_factory=list)
    notifications: list[effects.Notify] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    behaviour: dict[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    chance: float = 0.5
    started: list[effects.RunAction] = field(default_factory=list)
    _warm: dict[str, ExecutionState] = field(default_factory=dict)
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
        self._commit(state, machine.apply(state, events.Begin(), self), ())
        return state.execution.id

    def run_workflow(self, name: str, input_: dict[str, Any] | None = None, **params: Any) -> str:
        """Start a workflow and deliver everything that comes of it."""
        execution_id = self.start(name, input_, **params)
        self.run()
        return execution_id

    def apply(
        self, execution_id: str, *events_: events.Event, consumed: Sequence[Job] = ()
    ) -> None:
        """Apply events in one turn, take in their effects, and `consumed` is done with.

        A refused event leaves everything as it was.
        """
        state = self.state(execution_id)
        self._commit(state, [e for event in events_ for e in self.turn(state, event)], consumed)

    def turn(self, state: ExecutionState, event: events.Event) -> list[effects.Effect]:
        """Apply an event in memory only; after an error the copy in memory is thrown away."""
        try:
            return machine.apply(state, event, self)
        except (MistralException, InfrastructureError):
            self._warm.pop(state.execution.id, None)
            raise

    def run(self) -> None:
        """Deliver messages and results until only asynchronous actions and timers are left."""
        while True:
            message = next(self.messages, None)
            if message is not None:
                self.deliver(message)
            elif self.actions:
                self.finish(self.actions.pop(0))
            else:
                return

    def deliver(self, job: Job) -> None:
        """Deliver a message, or a timer whether it is due or not; what is refused is forgotten."""
        try:
            self.apply(job.execution_id, job.event, consumed=[job])
        except MistralException:
            del self.jobs[job.id]
            raise

    def finish(self, action: effects.RunAction) -> None:
        result = action.action()
        if result is not ASYNC:
            self.complete(action.action_execution_id, result)

    def complete(self, action_id: str, result: Any = None) -> None:
        """Give an action its result: a value, or an ActionResult."""
        if not isinstance(result, ActionResult):
            result = ActionResult(data=result)
        self.apply(
            self.storage.execution_of_action(action_id),
            events.ActionCompleted(action_id, result.data, result.error, result.cancel),
        )

    def end(self, execution_id: str, name: str, result: Any = None) -> None:
        """Give the last child of a task its result, and deliver what comes of it."""
        self.complete(self.child(execution_id, name, -1).id, result)
        self.run()

    def ask(self, execution_id: str, event: events.Event) -> None:
        """Apply an event and deliver what comes of it."""
        self.apply(execution_id, event)
        self.run()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, firing the timers that fall due, and deliver what comes of it."""
        end = self.time + timedelta(seconds=seconds)
        self.run()
        while due := [timer for timer in self.timers if timer.due <= end]:
            timer = min(due, key=lambda timer: timer.due)
            self.time = max(self.time, timer.due)
            self.deliver(timer)
            self.run()
        self.time = end

    def forget(self, execution_id: str | None = None) -> None:
        """Drop the copy of an execution in memory, or all copies."""
        if execution_id is None:
            self._warm.clear()
        else:
            self._warm.pop(execution_id, None)

    # What tests look at

    def state(self, execution_id: str) -> ExecutionState:
        return self._warm.get(execution_id) or self.storage.load(
            execution_id,
            [job.event for job in self.jobs.values() if job.execution_id == execution_id],
        )

    def execution(self, execution_id: str) -> WorkflowExecution:
        return self.state(execution_id).execution

    def tasks(self, execution_id: str, name: str | None = None) -> list[TaskExecution]:
        tasks = self.state(execution_id).tasks.values()
        return [task for task in tasks if name is None or task.name == name]

    def task(self, execution_id: str, name: str) -> TaskExecution:
        (task,) = self.tasks(execution_id, name)
        return task

    def task_states(self, execution_id: str) -> dict[str, str]:
        """The state of the last task of each name."""
        return {task.name: task.state for task in self.tasks(execution_id)}

    def result(self, execution_id: str, name: str) -> Any:
        """The result of the only task of that name."""
        state = self.state(execution_id)
        (task,) = state.by_name[name]
        return task_result(Turn(state, self), task)

    def child(self, execution_id: str, name: str, position: int = 0) -> ChildExecution:
        return self.task(execution_id, name).children[position]

    def subworkflows(self, execution_id: str) -> list[str]:
        """The ids of the sub-workflows that an execution has started, in this order."""
        tasks = self.tasks(execution_id)
        found = [child for task in tasks for child in task.children if child.kind == 'workflow']
        return sorted(child.id for child in found)

    @property
    def messages(self) -> Iterator[Job]:
        """Messages on their way, the oldest first."""
        return (job for job in self.jobs.values() if not _is_timer(job))

    @property
    def timers(self) -> Iterator[Job]:
        return (job for job in self.jobs.values() if _is_timer(job))

    def _commit(
        self, state: ExecutionState, found: Sequence[effects.Effect], consumed: Sequence[Job]
    ) -> None:
        if not (state.changes or found or consumed):
            return
        for job in consumed:
            del self.jobs[job.id]
        self.storage.save(state)
        created = state.changes.new_executions
        state.execution.revision += 1
        for new in created:
            new.execution.revision = 1
        state.changes = type(state.changes)()
        if self.remembers:
            self._warm.update({new.execution.id: new for new in (*created, state)})
        for job in jobs.of_effects(state.execution, found, self.time):
            event = event_codec.decode(load_json(dump_json(event_codec.encode(job.event))))
            self.jobs[job.id] = Job(job.id, job.execution_id, event, job.due)
        for effect in found:
            self._take(effect)

    def _take(self, effect: effects.Effect) -> None:
        match effect:
            case effects.RunAction():
                self.started.append(effect)
                self.actions.append(effect)
            case effects.CancelTimer():
                self.jobs.pop(effect.timer_id, None)
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

    def random(self) -> float:
        return self.chance

    def evaluate(self, data: Any, context: Mapping[str, Any], scope: Any) -> Any:
        return self.expressions.evaluate(data, context, scope)

    def prepare_action(self, call: ActionCall) -> PreparedAction:
        name = call.names[-1]
        known = {
            'std.noop': ((), lambda input_: None),
            'std.echo': (('output',), lambda input_: input_['output']),
            'std.fail': ((), _fail),
            'std.async_noop': ((), lambda input_: ASYNC),
        }
        required, function = known.get(name, ((), self.behaviour.get(name)))
        if function is None:
            raise InvalidActionException(f'Failed to find action [action_name={name}, namespace=]')
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
        params = self.storage.executions.value(root_execution_id, 'params')
        env: Mapping[str, Any] = params.get('env') or {}
        return env

    def ancestors(self, execution: WorkflowExecution) -> Sequence[tuple[str, str, str]]:
        found = []
        parent_id = execution.parent_execution_id
        while parent_id:
            row = self.storage.executions.stored[parent_id]
            found.append((parent_id, row['workflow_name'], row['state']))
            parent_id = self.storage.parent_of(parent_id)
        return found

    def load_outputs(self, children: Sequence[ChildExecution]) -> None:
        self.storage.load_outputs(children)

    def load_inputs(self, children: Sequence[ChildExecution]) -> None:
        self.storage.load_inputs(children)

    def query_executions(self, filters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        return [
            {'id': id_, 'state': row['state']}
            for id_, row in self.storage.executions.stored.items()
            if filters.items() <= {'id': id_, 'state': row['state']}.items()
        ]

    def query_tasks(
        self, workflow_execution_id: str | None, *, recursive: bool, state: str | None, flat: bool
    ) -> Sequence[Mapping[str, Any]]:
        return []

    def report_failure(self, task: TaskExecution | None, error: Exception) -> None:
        self.failures.append(error)


def _fail(input_: dict[str, Any]) -> ActionResult:
    return ActionResult(error=input_.get('error_data') or 'Fail action expected exception.')


def _is_timer(job: Job) -> bool:
    return isinstance(job.event, events.TimerFired)
