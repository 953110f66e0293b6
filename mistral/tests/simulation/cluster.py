"""An engine and its executors that lose everything but their database now and then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from mistral import states
from mistral.db.store.jobs import Job
from mistral.exceptions import ActionException, MistralException
from mistral.tests.simulation.invariants import Inspector
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.effects import Effect, RunAction
from mistral.workflow.model import NOT_LOADED, ExecutionState
from mistral.workflow.ports import (
    ActionCall,
    ActionResult,
    InfrastructureError,
    PreparedAction,
)

#: What `sim.any` may give.
_VALUES: Sequence[Any] = (1, 1, 0, 'text', None, {'k': 1}, {'k': {'n': 3}}, [1, 2])
_ERRORS: Sequence[Any] = ('boom', {'code': 7}, [])


@dataclass
class Cluster(World):
    """A world in which what happens is drawn from `rng`, and checked after each turn."""

    rng: Random = field(default_factory=Random)
    #: Loads executions before each turn.
    reloads: bool = False
    #: Events that are handed from thread to thread, gone after a crash: (execution id, event).
    posted: list[tuple[str, events.Event]] = field(default_factory=list)
    #: What has been delivered, to be delivered again.
    delivered: list[Job] = field(default_factory=list)
    #: After so many more actions have been prepared the database is out of reach.
    failing_after: int | None = None
    inspector: Inspector = field(default_factory=Inspector)

    def __post_init__(self) -> None:
        self.behaviour['sim.any'] = self._any_result

    def attempt(self, function: Callable[..., None], *arguments: Any) -> str:
        """Do something that may be refused; returns how that went."""
        try:
            function(*arguments)
        except InfrastructureError:
            return ' (the database is out of reach)'
        except MistralException as e:
            return f' (refused: {e})'
        finally:
            self.failing_after = None
        return ''

    def begin(self, name: str, notify: list[dict[str, Any]] | None) -> None:
        self.start(name, env={'e': 1}, task_name='t0', notify=notify)

    def apply(
        self, execution_id: str, *events_: events.Event, consumed: Sequence[Job] = ()
    ) -> None:
        before = self.storage.executions.read(execution_id)
        if self.reloads:
            self.forget(execution_id)
        self._read_again(execution_id)
        super().apply(execution_id, *events_, consumed=consumed)
        self.inspector.after_turn(self, execution_id, before, events_)

    def deliver_together(self, found: Sequence[Job]) -> None:
        """Deliver jobs of one execution in one turn, or one by one if one of them is refused."""
        try:
            self.apply(found[0].execution_id, *(job.event for job in found), consumed=found)
            self.delivered += found
        except MistralException:
            if len(found) == 1:
                del self.jobs[found[0].id]
                raise
            for job in found:
                if job.id in self.jobs:
                    self.attempt(self.deliver_together, [job])

    def finish(self, action: RunAction) -> None:
        try:
            super().finish(action)
        except InfrastructureError:
            self.actions.append(action)
            raise

    def handle_posted(self) -> None:
        execution_id, event = self.posted.pop(0)
        try:
            self.apply(execution_id, event)
        except InfrastructureError:
            self.posted.append((execution_id, event))
            raise

    def crash(self) -> None:
        """Stop at once and start again, as `mistral.engine.recovery` does.

        Some executor may live on and send its results after all.
        """
        self.forget()
        self.posted.clear()
        survivors = [action for action in self.actions if self.rng.random() < 0.2]
        self.actions[:] = [
            action for action in self.actions if not action.is_sync or action in survivors
        ]
        lost: dict[str, list[str]] = {}
        for action_id in self.storage.running_actions():
            lost.setdefault(self.storage.execution_of_action(action_id), []).append(action_id)
        running = [
            id_
            for id_, row in self.storage.executions.stored.items()
            if row['state'] == states.RUNNING
        ]
        for execution_id in dict.fromkeys([*lost, *running]):
            event = events.Recover(tuple(lost.get(execution_id, ())))
            self.posted.append((execution_id, event))

    def waiting_actions(self) -> list[str]:
        """The asynchronous actions that an executor has started and somebody has to complete."""
        starting = {action.action_execution_id for action in self.actions}
        return [
            id_
            for id_, row in self.storage.actions.stored.items()
            if not row['is_sync'] and row['state'] not in states.COMPLETED and id_ not in starting
        ]

    def is_idle(self) -> bool:
        """Whether nothing is left that could happen by itself."""
        return not (self.jobs or self.actions or self.posted or self.waiting_actions())

    def expect_nothing(self, execution_id: str, event: events.Event) -> None:
        """Apply an event that must have no effect."""
        state = self.state(execution_id)
        found = self.turn(state, event)
        self.inspector.require(
            not state.changes and not found, f'{event} had an effect: {found} on {execution_id}'
        )

    def _read_again(self, execution_id: str) -> None:
        """Have outputs of sub-workflows read when they are asked for, in all clusters alike."""
        for task in self.state(execution_id).tasks.values():
            for child in task.children:
                if child.kind == 'workflow':
                    child.output = task.result = NOT_LOADED

    def _commit(
        self, state: ExecutionState, found: Sequence[Effect], consumed: Sequence[Job]
    ) -> None:
        super()._commit(state, found, consumed)
        self.inspector.note_effects(state, found)

    def _any_result(self, input_: dict[str, Any]) -> Any:
        number = self.rng.random()
        if number < 0.01:
            return ActionResult(cancel=True)
        if number < 0.02:
            return 'unreadable'
        if number < 0.15:
            return ActionResult(error=self.rng.choice(_ERRORS))
        return self.rng.choice(_VALUES)

    # mistral.workflow.ports.Ports

    def prepare_action(self, call: ActionCall) -> PreparedAction:
        if self.failing_after is not None:
            self.failing_after -= 1
            if self.failing_after < 0:
                raise InfrastructureError
        return super().prepare_action(call)

    def finish_action(self, name: str, namespace: str, result: ActionResult) -> ActionResult:
        if result.data == 'unreadable':
            raise ActionException('The result is unreadable')
        return result
