"""The one-line form of a call: a name followed by parameters.

    std.http url="http://example.org" timeout=<% $.timeout %> headers={"a": "b"}

It is used for `action`, `workflow` and `base`, for commands in on-clauses and for `retry`. A
parameter is `key=value`; what stands between parameters, and a value of another form (such as a
bare word), is skipped: texts in use carry such remains, and are not refused for them.

    value                                      meaning
    "text" or 'text'                           text, without any escapes
    <% ... %>, {{ ... }}                       expression, evaluated later
    [1, 2], {"a": 1}                           JSON
    [anything else]                            text up to the last bracket of the line
    true, false, null, 5, -1.5, 2e3            JSON
    007                                        text, as JSON has no such number
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mistral.exceptions import DSLParsingException
from mistral.lang.yaml_loader import MAX_DEPTH

_EXPRESSION: Final = r'<%.*?%>|{{(?:(?!{{).)*}}|{%.*%}'
_NAME: Final = re.compile(rf'(?=[\w.]|{_EXPRESSION})(?:{_EXPRESSION}|[^=(\s"])+')
_CALL_FORM: Final = re.compile(r'\w+\(\w+=.*\)$')

#: A key with its '=', or something to step over at once: an expression or a word. Looking for an
#: end only up to the next start keeps the cost linear when expressions are not closed.
_KEY: Final = re.compile(r'(?P<key>[-\w]++)=|<%(?:(?!<%).)*?%>|{{(?:(?!{{).)*?}}|[-\w]+')

_VALUE: Final = re.compile(
    r'(?P<quoted>"[^"]*"|\'[^\']*\')'
    r'|(?P<expression>{{.*?}}|<%.*?%>)'
    r'|(?P<json>[\[{])'
    r'|(?P<scalar>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?=$|[\s,;)])|true|false|null|\d+)'
)
_BRACKETS: Final = re.compile(r'\[.*\]')
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class InlineCall:
    name: str
    parameters: Mapping[str, Any]


def parse_call(text: str) -> InlineCall:
    """Split a text into name and parameters; without a blank it is a name as a whole.

    Raises DSLParsingException if the text does not begin with a name.
    """
    return _split(text) if ' ' in text else InlineCall(text, {})


def parse_command(text: str) -> InlineCall:
    """Like `parse_call` for an entry of an on-clause, where fail(msg="x") needs no blank."""
    return _split(text) if ' ' in text or _CALL_FORM.match(text) else InlineCall(text, {})


def _split(text: str) -> InlineCall:
    name = _NAME.match(text)
    if name is None:
        raise DSLParsingException(f'Invalid action/workflow task property: {text}')
    return InlineCall(name[0], parse_parameters(text))


def parse_parameters(text: str) -> dict[str, Any]:
    """All parameters in a text; the last one of a name wins."""
    parameters: dict[str, Any] = {}
    position = 0
    while found := _KEY.search(text, position):
        position = found.end()
        if found['key'] is not None:
            value = _read_value(text, position)
            if value is not None:
                parameters[found['key']], position = value
    return parameters


def _read_value(text: str, start: int) -> tuple[Any, int] | None:
    """The value that begins here, and where it ends; None if there is none."""
    found = _VALUE.match(text, start)
    if found is None:
        return None
    if found['json']:
        return _read_json(text, start)
    if found['quoted']:
        return found[0][1:-1], found.end()
    if found['expression']:
        return found[0], found.end()
    try:
        return json.loads(found[0]), found.end()
    except ValueError:
        return found[0], found.end()


def _read_json(text: str, start: int) -> tuple[Any, int] | None:
    try:
        value, end = _DECODER.raw_decode(text, start)
        if not is_too_deep(value):
            return value, end
    except (ValueError, RecursionError):
        pass
    brackets = _BRACKETS.match(text, start)
    return (brackets[0], brackets.end()) if brackets else None


def is_too_deep(value: Any) -> bool:
    """Tell whether a value is nested deeper than YAML may be."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _containers_in(parent)]
        if not level:
            return False
    return True


def _containers_in(value: Any) -> list[Any]:
    children = value.values() if isinstance(value, dict) else value
    return [child for child in children if isinstance(child, dict | list)]
