"""Actions that run in the engine's own process: no message takes a detour over a network."""

from collections.abc import Sequence
from typing import Protocol

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest


class Executor(Protocol):
    """`mistral.executors.service.ExecutorService`, as far as it is needed here."""

    def run_action(self, request: ActionRequest) -> None: ...

    def run_action_sync(self, request: ActionRequest) -> Result: ...

    def run_now(self, request: ActionRequest) -> Result: ...


class Engine(Protocol):
    """`mistral.engine.engine.Engine`, as far as it is needed here."""

    def report_result(self, request: ActionRequest, result: Result) -> None: ...


class LocalActions:
    """Connects an engine and an executor in one process, as each one's counterpart."""

    _executor: Executor
    _engine: Engine

    def connect(self, engine: Engine, executor: Executor) -> None:
        """Close the circle: both are built with this object in their hands."""
        self._engine = engine
        self._executor = executor

    # To the executor

    def run_action(self, request: ActionRequest, target: str | None) -> None:
        """There is one executor: every target is here."""
        self._executor.run_action(request)

    def run_action_sync(self, request: ActionRequest, target: str | None) -> Result:
        return self._executor.run_action_sync(request)

    def run_now(self, request: ActionRequest) -> Result:
        return self._executor.run_now(request)

    # To the engine

    def complete_action(self, request: ActionRequest, result: Result) -> None:
        self._engine.report_result(request, result)

    def report_running(self, action_execution_ids: Sequence[str]) -> None:
        """Nothing to tell: an action in this process cannot outlive its engine."""
