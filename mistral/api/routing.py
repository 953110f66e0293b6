"""Finds the handler of a request: the tree of URLs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

import webob.exc

from mistral.api.services import ApiServices

Handler = Callable[..., Any]

#: HTTP method to the handlers of a collection and of one of its items.
_ON_COLLECTION: Final = {'GET': 'get_all', 'POST': 'post', 'PUT': 'put', 'DELETE': 'delete'}
_ON_ITEM: Final = {'GET': 'get_one', 'PUT': 'put', 'DELETE': 'delete'}


@dataclass(frozen=True, slots=True)
class Route:
    """A URL that has a handler: its path segments, None where any text may stand."""

    path: tuple[str | None, ...]
    method: str
    handler: Handler


class Branch(Protocol):
    """A part of the tree of URLs."""

    def find_handler(self, path: list[str], method: str) -> tuple[Handler, list[str]]:
        """The handler and its path arguments; raises HTTPNotFound or HTTPMethodNotAllowed."""

    def routes(self) -> Iterator[Route]:
        """All that `find_handler` may find, with paths that begin here."""


class Controller:
    """A collection in the tree of URLs; the handlers are exposed methods.

    `get_all` and `post` serve the collection, `get_one`, `put` and `delete` its items; a handler
    that a controller does not have makes the method answer 405. `commands` names further handlers
    of POST below the collection, `children` are controllers below an item: their handlers get
    the item's identifier first. `item_segments` is how many path segments may name an item.
    """

    commands: ClassVar[tuple[str, ...]] = ()
    item_segments: ClassVar[int] = 1

    def __init__(
        self, services: ApiServices, children: Mapping[str, 'Controller'] | None = None
    ) -> None:
        self.services = services
        self.children = children or {}

    def find_handler(self, path: list[str], method: str) -> tuple[Handler, list[str]]:
        """The handler and its path arguments; raises HTTPNotFound or HTTPMethodNotAllowed."""
        if len(path) > 1 and path[1] in self.children:
            handler, arguments = self.children[path[1]].find_handler(path[2:], method)
            return handler, [path[0], *arguments]
        if len(path) > self.item_segments:
            raise not_found()
        if path and path[0] in self.commands and method == 'POST':
            return getattr(self, path[0]), []
        return _handler_of(self._handlers(len(path)), method), path

    def routes(self) -> Iterator[Route]:
        """All that `find_handler` may find; what a handler takes is not looked at."""
        for segments in range(self.item_segments + 1):
            for method, handler in self._handlers(segments).items():
                yield Route((None,) * segments, method, handler)
        for name in self.commands:
            yield Route((name,), 'POST', getattr(self, name))
        for name, child in self.children.items():
            yield from _below((None, name), child)

    def _handlers(self, segments: int) -> dict[str, Handler]:
        return {
            method: getattr(self, name)
            for method, name in (_ON_ITEM if segments else _ON_COLLECTION).items()
            if hasattr(self, name)
        }


class Fork:
    """A fixed URL: its own handlers by method, and what is below it by the next path segment."""

    def __init__(
        self, handlers: Mapping[str, Handler], below: Mapping[str, Branch] | None = None
    ) -> None:
        self._handlers = handlers
        self._below = below or {}

    def find_handler(self, path: list[str], method: str) -> tuple[Handler, list[str]]:
        """The handler and its path arguments; raises HTTPNotFound or HTTPMethodNotAllowed."""
        if not path:
            return _handler_of(self._handlers, method), []
        if path[0] not in self._below:
            raise not_found()
        return self._below[path[0]].find_handler(path[1:], method)

    def routes(self) -> Iterator[Route]:
        for method, handler in self._handlers.items():
            yield Route((), method, handler)
        for name, branch in self._below.items():
            yield from _below((name,), branch)


def path_of(segments: list[str]) -> list[str]:
    """Path segments without what a trailing slash leaves; raises HTTPNotFound for doubled ones.

    The server leaves an encoded slash encoded, so names may hold one.
    """
    path = segments[:-1] if segments and not segments[-1] else segments
    if '' in path:
        raise not_found()
    return [segment.replace('%2F', '/') for segment in path]


def not_found() -> webob.exc.HTTPNotFound:
    return webob.exc.HTTPNotFound('The URL names nothing that this service has.')


def _below(prefix: tuple[str | None, ...], branch: Branch) -> Iterator[Route]:
    for route in branch.routes():
        yield Route((*prefix, *route.path), route.method, route.handler)


def _handler_of(handlers: Mapping[str, Handler], method: str) -> Handler:
    """Raises HTTPMethodNotAllowed, which tells what is allowed."""
    if method in handlers:
        return handlers[method]
    methods = ', '.join(sorted(handlers))
    raise webob.exc.HTTPMethodNotAllowed(
        f'The method {method} is not allowed here. Allowed: {methods}.',
        headers={'Allow': methods},
    )
