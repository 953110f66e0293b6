"""The executor's side of its calls, see `mistral.rpc.clients.ExecutorClient`."""

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.actions.serialization import UnreadableAction, deserialize_action
from mistral.context import RequestContext
from mistral.exceptions import ActionException
from mistral.executors.service import ExecutorService
from mistral.rpc.base import at_most_once
from mistral.rpc.work import result_data
from mistral.utils.futures import mapped


class ExecutorEndpoint:
    """Unpacks requests for an executor."""

    def __init__(self, executor: ExecutorService, *, takes_code: bool = True) -> None:
        """`takes_code`: whether dynamic actions are run."""
        self._executor = executor
        self._takes_code = takes_code

    def run_action(self, caller: RequestContext, **packed: Any) -> 'Future[None]':
        return self._executor.run_action(self._unpacked(caller, packed))

    @at_most_once
    def run_action_sync(self, caller: RequestContext, **packed: Any) -> 'Future[dict[str, Any]]':
        future: Future[Result] = self._executor.run_action_sync(self._unpacked(caller, packed))
        return mapped(future, result_data)

    def _unpacked(self, caller: RequestContext, packed: Mapping[str, Any]) -> ActionRequest:
        try:
            action = deserialize_action(packed['action'], takes_code=self._takes_code)
        except ActionException as e:
            action = UnreadableAction(str(e))
        return ActionRequest(
            **{**packed, 'action': action, 'caller': caller, 'redelivered': caller.redelivered}
        )
