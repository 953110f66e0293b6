"""Actions that run in the engine's own process: no message takes a detour over a network."""

from collections.abc import Sequence
from typing import Protocol

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.workflow.events import ActionCompleted, Event


class Executor(Protocol):
    """`mistral.executors.service.ExecutorService`, as far as it is needed here."""

    def run_action(self, request: ActionRequest) -> None: ...

    def run_action_sync(self, request: ActionRequest) -> Result: ...


class Engine(Protocol):
    """Takes results: of tasks as events, of actions outside workflows directly."""

    def post_event(self, execution_id: str, event: Event, job_id: str | None) -> None: ...

    def complete_direct_action(self, action_execution_id: str, result: Result) -> None: ...


class LocalActions:
    """Connects an engine and an executor in one process, as each one's counterpart."""

    _executor: Executor
    _engine: Engine

    def __init__(self) -> None:
        self._executions: dict[str, str] = {}

    def connect(self, engine: Engine, executor: Executor) -> None:
        """Close the circle: both are built with this object in their hands."""
        self._engine = engine
        self._executor = executor

    # To the executor

    def run_action(self, request: ActionRequest, target: str | None) -> None:
        """There is one executor: every target is here."""
        execution_id = request.execution_context.get('workflow_execution_id')
        if execution_id is not None and request.action_execution_id is not None:
            self._executions[request.action_execution_id] = execution_id
        self._executor.run_action(request)

    def run_action_sync(self, request: ActionRequest, target: str | None) -> Result:
        return self._executor.run_action_sync(request)

    # To the engine

    def complete_action(self, action_execution_id: str, result: Result) -> None:
        execution_id = self._executions.pop(action_execution_id, None)
        if execution_id is None:
            self._engine.complete_direct_action(action_execution_id, result)
            return
        event = ActionCompleted(action_execution_id, result.data, result.error, bool(result.cancel))
        self._engine.post_event(execution_id, event, None)

    def report_running(self, action_execution_ids: Sequence[str]) -> None:
        """Nothing to tell: an action in this process cannot outlive its engine."""
