"""The executor's side of its calls, see `mistral.rpc.clients.ExecutorClient`."""

from collections.abc import Mapping, Sequence
from typing import Any

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.actions.serialization import deserialize_action
from mistral.context import RequestContext
from mistral.executors.service import ExecutorService
from mistral.rpc.clients import EngineClient


class ExecutorEndpoint:
    """Unpacks requests for an executor."""

    def __init__(self, executor: ExecutorService) -> None:
        self._executor = executor

    def run_action(self, caller: RequestContext, **packed: Any) -> None:
        self._executor.run_action(_unpacked(caller, packed))

    def run_action_sync(self, caller: RequestContext, **packed: Any) -> dict[str, Any]:
        result = self._executor.run_action_sync(_unpacked(caller, packed))
        return {'data': result.data, 'error': result.error, 'cancel': bool(result.cancel)}


class RemoteReporter:
    """Takes results to an engine in another process."""

    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine

    def complete_action(self, request: ActionRequest, result: Result) -> None:
        self._engine.report_result(request, result)

    def report_running(self, action_execution_ids: Sequence[str]) -> None:
        """Executors that share the engine's process need no heartbeats."""


def _unpacked(caller: RequestContext, packed: Mapping[str, Any]) -> ActionRequest:
    action = deserialize_action(packed['action'])
    return ActionRequest(**{**packed, 'action': action, 'caller': caller})
