"""with-items: 'name in <list>' texts, where the list is JSON or an expression."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from mistral.exceptions import DSLParsingException
from mistral.lang import shapes
from mistral.lang.inline import is_too_deep
from mistral.lang.problems import Place
from mistral.lang.v2 import values

SHAPE: Final = values.TEXT_OR_LIST

#: What follows the list is ignored.
_CLAUSE: Final = re.compile(r'\s*([\w-]+)\s*in\s*(\[.+\]|{{.*?}}|<%.*?%>)')


def check(place: Place, task: Mapping[str, Any]) -> bool:
    """Check the clauses of a task's with-items, which has the shape; tell if it can be built."""
    can_build = True
    for path, text in _clauses(task['with-items']):
        try:
            _, items = _parse(text, task)
        except DSLParsingException as error:
            place.at(*path).problem(str(error))
            can_build = False
        else:
            place.at(*path).check_expressions(items)
    return can_build


def build(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Each item variable with its list, or with the expression that gives it."""
    return dict(_parse(text, task) for _, text in _clauses(task['with-items']))


def _clauses(raw: Any) -> list[tuple[tuple[int, ...], str]]:
    if isinstance(raw, list):
        return [((index,), text) for index, text in enumerate(raw)]
    return [((), raw)]


def _parse(text: str, task: Mapping[str, Any]) -> tuple[str, Any]:
    found = _CLAUSE.match(text)
    if found is None:
        raise DSLParsingException(
            "Wrong format of 'with-items' property. Please use format 'var in {[some, list]"
            f' | <% $.array %> }}: {shapes.literal(task)}'
        )
    variable, items = found.groups()
    return variable, _read_list(items) if items.startswith('[') else items


def _read_list(text: str) -> Any:
    try:
        items = json.loads(text)
        if not is_too_deep(items):
            return items
        reason = 'nested too deeply'
    except RecursionError:
        reason = 'nested too deeply'
    except ValueError as error:
        reason = str(error)
    raise DSLParsingException(f"Invalid array in 'with-items' clause: {text}, error: {reason}")
