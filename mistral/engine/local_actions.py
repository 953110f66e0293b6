"""Actions that run in the engine's own process: no message takes a detour over a network."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Final, Protocol

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.context import RequestContext

LOG = logging.getLogger(__name__)

_DONE: 'Final[Future[None]]' = Future()
_DONE.set_result(None)


class Executor(Protocol):
    """`mistral.executors.service.ExecutorService`, as far as it is needed here."""

    def run_action(self, request: ActionRequest) -> 'Future[None]': ...

    def run_action_sync(self, request: ActionRequest) -> 'Future[Result]': ...


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

    def run_actions(
        self, caller: RequestContext, requests: Sequence[tuple[ActionRequest, str | None]]
    ) -> dict[str, str]:
        """There is one executor: every target is here, or a plugin looks at it."""
        refused = {}
        for request, target in requests:
            try:
                self._executor.run_action(_with_target(request, target))
            except Exception as e:
                LOG.exception('Action %s is refused', request.action_execution_id)
                refused[str(request.action_execution_id)] = str(e)
        return refused

    def run_action_sync(self, request: ActionRequest, target: str | None) -> 'Future[Result]':
        return self._executor.run_action_sync(_with_target(request, target))

    # To the engine

    def complete_action(self, request: ActionRequest, result: Result) -> 'Future[None]':
        self._engine.report_result(request, result)
        return _DONE

    def report_running(self, action_execution_ids: Sequence[str]) -> None:
        """Nothing to tell: an action in this process cannot outlive its engine."""


def _with_target(request: ActionRequest, target: str | None) -> ActionRequest:
    return request if target is None else replace(request, target=target)
