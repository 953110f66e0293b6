"""The seam between the processes: typed clients on one side, endpoints on the other.

Arguments and results are plain JSON data, errors keep their type; so it makes no difference to
either side whether the other one is in the same process.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from mistral.context import RequestContext

ENGINE: Final = 'engine'
EXECUTOR: Final = 'executor'


class Transport(Protocol):
    """Carries calls to the endpoints of a topic."""

    def call(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        arguments: Mapping[str, Any],
        *,
        server: str | None = None,
    ) -> Any:
        """Call and wait for the result; raises what the endpoint raises.

        `server` names the one server that is meant, otherwise any server of the topic will do.
        """

    def cast(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        arguments: Mapping[str, Any],
        *,
        server: str | None = None,
    ) -> None:
        """Call without waiting."""
