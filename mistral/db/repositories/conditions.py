"""Filters as SQL conditions, and as tests of rows where SQL cannot tell.

The values of JSON columns are compared after decoding, since equal values may be stored as
different texts (the order of keys, blanks, escapes). SQL only narrows down the candidates.
"""

import json
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Text,
    and_,
    false,
    func,
    literal,
    or_,
    type_coerce,
)

from mistral.db.query import Filter
from mistral.db.repositories.columns import Columns
from mistral.db.types import Json, UtcDateTime, dump_json
from mistral.exceptions import InputException

_Compare = Callable[[ColumnElement[Any], Any], ColumnElement[bool]]
_RowTest = Callable[[Mapping[str, Any]], bool]

_COMPARISONS: Final[Mapping[str, _Compare]] = {
    'eq': operator.eq,
    'neq': operator.ne,
    'gt': operator.gt,
    'gte': operator.ge,
    'lt': operator.lt,
    'lte': operator.le,
    'in': lambda column, values: column.in_(values),
    'nin': lambda column, values: and_(column.is_not(None), column.not_in(values)),
    'has': lambda column, part: column.contains(part, autoescape=True),
}
_SEQUENCES: Final = frozenset({'in', 'nin', 'has_tags'})

_LARGEST_INTEGER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Condition:
    """`sql` holds for every wanted row; if there is a `test` of the column, not only for those."""

    column: str
    sql: ColumnElement[bool]
    test: Callable[[Any], bool] | None = None


def condition_of(wanted: Filter, columns: Columns) -> Condition:
    """Raises InputException for unknown columns, and for values or operators that do not fit."""
    column = columns[wanted.column]
    if wanted.operator == 'is_null':
        return Condition(wanted.column, column.is_(None))
    if isinstance(column.type, Json):
        return _json_condition(wanted, column)
    if wanted.operator not in _COMPARISONS:
        raise _unsupported(wanted)
    if wanted.operator in _SEQUENCES:
        value: Any = [_comparable(wanted.column, column, each) for each in wanted.value]
    else:
        value = _comparable(wanted.column, column, wanted.value)
    return Condition(wanted.column, _COMPARISONS[wanted.operator](column, value))


def equality(name: str, value: Any, columns: Columns) -> ColumnElement[bool]:
    """The column has this value; None is NULL."""
    column = columns.plain(name)
    if value is None:
        return column.is_(None)
    return column == _comparable(name, column, value)


def _comparable(name: str, column: ColumnElement[Any], value: Any) -> Any:
    """The value as one of the column's type."""
    try:
        return _converted(column, value)
    except (TypeError, ValueError) as e:
        raise InputException(f"Cannot filter '{name}' by {value!r}: {e}") from e


def _converted(column: ColumnElement[Any], value: Any) -> Any:
    match column.type:
        case UtcDateTime():
            return value if isinstance(value, datetime) else datetime.fromisoformat(value)
        case Boolean():
            if not isinstance(value, bool):
                raise ValueError('it is not a truth value')
            return literal(value, column.type)
        case Integer():
            number = int(value)
            if abs(number) > _LARGEST_INTEGER:
                raise ValueError('the number is too large')
            return number
        case _:
            if not isinstance(value, str):
                raise ValueError('it is not a text')
            if '\x00' in value:
                raise ValueError('it contains the NUL character')
            return value


def _json_condition(wanted: Filter, column: ColumnElement[Any]) -> Condition:
    text = type_coerce(column, Text)
    name = wanted.column
    match wanted.operator:
        case 'eq':
            return _json_equal(name, text, [wanted.value])
        case 'in':
            return _json_equal(name, text, wanted.value)
        case 'neq':
            return _json_differs(name, text, [wanted.value])
        case 'nin':
            return _json_differs(name, text, wanted.value)
        case 'has_tags':
            return _has_tags(name, text, frozenset(wanted.value))
        case _:
            raise _unsupported(wanted)


def _json_equal(name: str, text: ColumnElement[Any], values: Iterable[Any]) -> Condition:
    values = list(values)
    wanted = frozenset(_canonical(value) for value in values)
    candidates = or_(false(), *(_length_fits(text, value) for value in values))
    return Condition(name, candidates, lambda stored: _canonical(stored) in wanted)


def _json_differs(name: str, text: ColumnElement[Any], values: Iterable[Any]) -> Condition:
    unwanted = frozenset(_canonical(value) for value in values)
    return Condition(name, text.is_not(None), lambda stored: _canonical(stored) not in unwanted)


def _has_tags(name: str, text: ColumnElement[Any], tags: frozenset[str]) -> Condition:
    candidates = (
        or_(*(text.contains(form, autoescape=True) for form in _forms(tag))) for tag in tags
    )
    return Condition(
        name,
        and_(text.is_not(None), *candidates),
        lambda stored: isinstance(stored, list) and tags <= {_hashable(each) for each in stored},
    )


def _length_fits(text: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    """The text may be this value: its length lies between those of the two ways of writing it.

    MySQL counts bytes, of which raw text never takes more than escaped text takes characters.
    """
    lengths = [len(form) for form in _forms(value)]
    return func.length(text).between(min(lengths), max(lengths))


def _forms(value: Any) -> set[str]:
    """How we write a value and how Mistral 23 did, escaped and with blanks."""
    return {dump_json(value), json.dumps(value)}


def _canonical(value: Any) -> bytes:
    """The same for equal values, whatever the order of their keys."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return json.dumps(value, sort_keys=True).encode()


def _hashable(item: Any) -> Any:
    return item if isinstance(item, str) else None


def _unsupported(wanted: Filter) -> InputException:
    return InputException(f"The operator '{wanted.operator}' cannot be used on '{wanted.column}'")
