"""Calls within one process."""

from collections.abc import Mapping
from typing import Any

from mistral.context import RequestContext


class LocalTransport:
    """Calls endpoints directly. Every server is this one."""

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
    ) -> Any:
        return getattr(self._endpoints[topic], method)(caller, **arguments)

    def cast(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        arguments: Mapping[str, Any],
        *,
        server: str | None = None,
    ) -> None:
        self.call(topic, method, caller, arguments)
