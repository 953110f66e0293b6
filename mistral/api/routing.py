"""Finds the handler of a request: the tree of URLs."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import webob.exc

from mistral.api.services import ApiServices

Handler = Callable[..., Any]

#: HTTP method to the handlers of a collection and of one of its items.
_ON_COLLECTION: Final = {'GET': 'get_all', 'POST': 'post', 'PUT': 'put', 'DELETE': 'delete'}
_ON_ITEM: Final = {'GET': 'get_one', 'PUT': 'put', 'DELETE': 'delete'}


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

        handlers = {
            each: getattr(self, name)
            for each, name in (_ON_ITEM if path else _ON_COLLECTION).items()
            if hasattr(self, name)
        }
        if method not in handlers:
            raise method_not_allowed(method, handlers)
        return handlers[method], path


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


def method_not_allowed(method: str, allowed: Mapping[str, Any]) -> webob.exc.HTTPMethodNotAllowed:
    methods = ', '.join(sorted(allowed))
    return webob.exc.HTTPMethodNotAllowed(
        f'The method {method} is not allowed here. Allowed: {methods}.',
        headers={'Allow': methods},
    )
