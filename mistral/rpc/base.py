"""The seam between the processes: typed clients on one side, endpoints on the other.

Arguments and results are plain JSON data, errors keep their type; so it makes no difference to
either side whether the other one is in the same process.

An endpoint is an object whose methods take the caller first and the arguments by name. A method
may return a `concurrent.futures.Future`: then the answer, and the acknowledgement of the message
where there is one, wait until that is done; if it is cancelled, another server gets the message.
`caller.redelivered` says that the message may have been handled before, by a server that died.
"""

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from mistral.context import RequestContext

ENGINE: Final = 'engine'
EXECUTOR: Final = 'executor'
NOTIFIER: Final = 'notifier'

#: `[<topic>] host` of a server that has no name of its own.
NO_HOST: Final = '0.0.0.0'  # noqa: S104

#: The services that can be called.
TOPICS: Final = (ENGINE, EXECUTOR, NOTIFIER)


T = TypeVar('T', bound=Callable[..., Any])


def at_most_once(method: T) -> T:
    """Mark a method of an endpoint that must not be repeated: if the server dies, the call is lost.

    All other calls may be handled again by another server, where the backend can tell.
    """
    method.at_most_once = True  # type: ignore[attr-defined]
    return method


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
        timeout: float | None = None,
    ) -> Any:
        """Call and wait for the result; raises what the endpoint raises.

        :param server: the one server that is meant, by its name; otherwise any of the topic.
        :param timeout: seconds to wait, by default `[DEFAULT] rpc_response_timeout` between
            processes, and without end within one (`mistral.rpc.local`).
        :raises RpcTimeoutError: if there is no answer in time.
        :raises ServerGoneError: if it is seen that nobody serves under the name.
        :raises SizeLimitExceededException: if it is seen that the bus cannot carry so much.
        """

    def cast(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        calls: Sequence[Mapping[str, Any]],
        *,
        server: str | None = None,
    ) -> None:
        """Call once for each set of arguments, in order, without waiting for the results.

        Returns when all messages are in safe hands.

        :raises MistralException: if they are not.
        """


class Server(Protocol):
    """A running endpoint."""

    @property
    def name(self) -> str | None:
        """What just this server can be called by; None if it has no name to itself."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Take no more calls and finish those in hand."""


class Backend(abc.ABC):
    """The interface of plugins under the entry point `mistral.rpc.backends`.

    They are made with the configuration, once per process.
    """

    @property
    @abc.abstractmethod
    def transport(self) -> Transport:
        """The client side."""

    @abc.abstractmethod
    def server(self, topic: str, endpoint: Any, *, threads: int, capacity: int) -> Server:
        """A server for an endpoint on a topic, not started yet.

        It takes calls for any server of the topic and for the name in `[<topic>] host`.

        :param threads: how many calls are handled at the same time.
        :param capacity: how many messages it takes from the bus before it has handled them.
        """

    @property
    def trouble(self) -> str | None:
        """What is wrong with the connection to the bus, for health checks; None if nothing is."""
        return None

    @abc.abstractmethod
    def close(self) -> None:
        """Give back connections. No server may be running any more."""
