"""OpenAPI links: how what one operation answers leads to others.

What a collection shows or takes in can be found below it by its identifier.
"""

from collections.abc import Iterable
from typing import Any, Final

from mistral.api.answers import Answer, Either, ListOf
from mistral.api.collections import Collection
from mistral.api.openapi.operations import Endpoint, operation_id

#: Attributes that identify a resource, by the variable of the URL; others are ids.
_KEYS: Final = {'name': 'name', 'member_id': 'member_id'}


def links_of(source: Endpoint, endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Links for the good answer of `source` to what is below it."""
    pointer = _pointer(source.declaration.answer)
    if source.method not in {'GET', 'POST'} or pointer is None:
        return {}
    return dict(_link(pointer, target) for target in endpoints if _is_below(source, target))


def _is_below(source: Endpoint, target: Endpoint) -> bool:
    """Whether the target's URL has exactly one variable more, right behind the source's."""
    depth = len(source.path)
    return (
        target.path[:depth] == source.path
        and len(target.variables) == len(source.variables) + 1
        and target.path[depth].startswith('{')
    )


def _link(pointer: str, target: Endpoint) -> tuple[str, Any]:
    *given, variable = target.variables
    parameters = {name: f'$request.path.{name}' for name in given}
    key = _KEYS.get(variable, 'id')
    parameters[variable] = f'$response.body#{pointer}/{key}'
    name = operation_id(target)
    return name, {'operationId': name, 'parameters': parameters}


def _pointer(answer: Answer) -> str | None:
    """Where the first resource is in an answer, as a JSON pointer; None if there is none."""
    match answer:
        case Collection() | ListOf():
            return f'/{answer.name}/0'
        case Either():
            return _pointer(answer.without)
        case type():
            return ''
    return None
