"""Filters as SQL conditions, and as tests of rows where SQL cannot tell."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, Integer, Text, and_, literal, type_coerce

from mistral.db.query import Filter
from mistral.db.repositories import json_search
from mistral.db.repositories.columns import Columns
from mistral.db.types import Json, UtcDateTime
from mistral.exceptions import InputException

_Compare = Callable[[ColumnElement[Any], Any], ColumnElement[bool]]

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
    match wanted.operator:
        case 'eq':
            sql, test = json_search.one_of(text, [wanted.value])
        case 'in':
            sql, test = json_search.one_of(text, wanted.value)
        case 'neq':
            sql, test = json_search.none_of(text, [wanted.value])
        case 'nin':
            sql, test = json_search.none_of(text, wanted.value)
        case 'has_tags':
            sql, test = json_search.list_with(text, wanted.value)
        case _:
            raise _unsupported(wanted)
    return Condition(wanted.column, sql, test)


def _unsupported(wanted: Filter) -> InputException:
    return InputException(f"The operator '{wanted.operator}' cannot be used on '{wanted.column}'")
