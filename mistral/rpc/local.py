"""Calls within one process."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from typing import Any

from mistral.context import RequestContext
from mistral.exceptions import RpcTimeoutError


class LocalTransport:
    """Calls endpoints directly, in the thread of the caller. Every server is this one.

    A call takes as long as the endpoint does: no message can get lost, so there is an answer in the
    end. `timeout` counts where the endpoint answers with a Future and the caller has given one.
    """

    def __init__(self) -> None:
        self._endpoints: dict[str, Any] = {}

    def serve(self, topic: str, endpoint: Any) -> None:
        """Make an object's methods callable; they take the caller first."""
        self._endpoints[topic] = endpoint

    def call(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        arguments: Mapping[str, Any],
        *,
        server: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        answer = getattr(self._endpoints[topic], method)(caller, **arguments)
        if not isinstance(answer, Future):
            return answer
        if not wait([answer], timeout).done:
            raise RpcTimeoutError(f'The call "{method}" took longer than {timeout:g} seconds.')
        return answer.result()

    def cast(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        calls: Sequence[Mapping[str, Any]],
        *,
        server: str | None = None,
    ) -> None:
        for arguments in calls:
            getattr(self._endpoints[topic], method)(caller, **arguments)
