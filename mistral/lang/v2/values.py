"""Shapes and readings of values that many language objects share."""

import re
from collections.abc import Iterator
from typing import Any, Final

from mistral.lang import shapes
from mistral.lang.shapes import Mismatch
from mistral.lang.specs import REQUIRED

_WHOLE_EXPRESSION: Final = re.compile(r'(?:{{.*?}}|<%.*?%>)\s*$')

TEXT_LIST: Final = shapes.list_of(shapes.text)
TEXT_OR_LIST: Final = shapes.one_of(shapes.text, TEXT_LIST)


def expression(value: Any) -> Iterator[Mismatch]:
    """Nothing but expressions of one language; blanks may follow."""
    if not is_whole_expression(value):
        yield shapes.unlike_all(value, hint='Write an expression, such as <% $.name %>.')


def is_whole_expression(value: Any) -> bool:
    return isinstance(value, str) and _WHOLE_EXPRESSION.match(value) is not None


NUMBER_OR_EXPRESSION: Final = shapes.one_of(
    expression,
    shapes.natural,
    hint='Write a whole number of at least 0, or an expression such as <% $.number %>.',
)
#: Where fractions make sense, too.
QUANTITY_OR_EXPRESSION: Final = shapes.one_of(
    expression,
    shapes.non_negative,
    hint='Write a number of at least 0, or an expression such as <% $.number %>.',
)
BOOLEAN_OR_EXPRESSION: Final = shapes.one_of(
    expression, shapes.boolean, hint='Write true, false, or an expression such as <% $.flag %>.'
)

#: Parameters that a workflow or an action takes: names, or mappings of a name to its default.
PARAMETERS: Final = shapes.list_of(shapes.one_of(shapes.text, shapes.single_entry))


def read_parameters(raw: Any) -> dict[str, Any]:
    """Each parameter with its default, or REQUIRED; a later one replaces an earlier one."""
    parameters: dict[str, Any] = {}
    for item in raw or ():
        parameters.update(item if isinstance(item, dict) else {item: REQUIRED})
    return parameters


def read_texts(raw: Any) -> tuple[str, ...]:
    """A text or a list of texts."""
    return (raw,) if isinstance(raw, str) else tuple(raw or ())


def read_number(raw: Any) -> int | str | None:
    """A number or an expression; blanks around an expression would turn its value into text."""
    return raw.strip() if isinstance(raw, str) else None if raw is None else int(raw)


def read_quantity(raw: Any) -> int | float | str | None:
    """A number, fractions included, or an expression."""
    return raw.strip() if isinstance(raw, str) else raw


def read_flag(raw: Any) -> bool | str | None:
    """A boolean or an expression."""
    return raw.strip() if isinstance(raw, str) else raw


def read_expression(raw: Any) -> str | None:
    """An expression without the blanks around it."""
    return raw.strip() if isinstance(raw, str) else None
