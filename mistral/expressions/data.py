"""Turns what an evaluation yields into data that JSON can hold."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from jinja2 import Undefined

from mistral.expressions.budget import Budget
from mistral.expressions.views import FrozenMap

#: Bits of the largest integer that Python still writes as text (4300 digits).
_MAX_INTEGER_BITS: Final = 14_283

_CONSTANT_KEYS: Final[Mapping[Any, str]] = {None: 'null', True: 'true', False: 'false'}

_TYPE_NAMES: Final[tuple[tuple[type, str], ...]] = (
    (bool, 'boolean'),
    (int, 'integer'),
    (float, 'number'),
    (str, 'string'),
    (Mapping, 'map'),
    (Set, 'set'),
    (list, 'list'),
    (tuple, 'list'),
    (datetime, 'datetime'),
    (timedelta, 'timespan'),
    (re.Pattern, 'regex'),
)


def type_name(value: Any) -> str:
    """The type of a value in words of the languages, for messages: they never show values."""
    if value is None:
        return 'null'
    return next(
        (name for kind, name in _TYPE_NAMES if isinstance(value, kind)), type(value).__name__
    )


def to_json(value: Any, budget: Budget) -> Any:
    """Copy a value into dicts with text keys, lists, texts, numbers, booleans and None.

    Iterators are consumed, sets keep their order, times become ISO text (without offset for UTC)
    and timespans seconds. Raises TypeError or ValueError for what has no such form, UndefinedError
    for what Jinja has not found, and whatever an iterator raises.
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _checked_text(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return _checked_integer(value)
    if kind is float:
        return _checked_float(value)
    if kind is dict:
        budget.charge_result(len(value))
        return {
            key if type(key) is str else _text_key(key): to_json(item, budget)
            for key, item in value.items()
        }
    if kind is list or kind is tuple:
        budget.charge_result(len(value))
        return [to_json(item, budget) for item in value]
    return _other_to_json(value, budget)


def _other_to_json(value: Any, budget: Budget) -> Any:
    for kind, convert in _CONVERTERS:
        if isinstance(value, kind):
            return convert(value)
    match value:
        case Undefined():
            value()  # raises the error that tells what is missing
        case FrozenMap():
            return to_json(value.source, budget)
        case Mapping():
            budget.charge_result(len(value))
            return {_text_key(key): to_json(item, budget) for key, item in value.items()}
        case set() | frozenset() if type(value) in (set, frozenset):
            return to_json(_in_stable_order(value), budget)
        case Iterable():
            items = [to_json(item, budget) for item in budget.bounded(value)]
            budget.charge_result(len(items))
            return items
    raise TypeError(f'a value of type {type_name(value)} cannot be stored as JSON')


def datetime_text(value: datetime) -> str:
    """ISO text with microseconds, e.g. '2026-01-31T16:28:52.722620'; UTC goes without offset."""
    if value.tzinfo is not None and value.utcoffset() == UTC.utcoffset(None):
        value = value.replace(tzinfo=None)
    return value.isoformat(timespec='microseconds')


def _in_stable_order(values: Set[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=repr)


def _text_key(key: Any) -> str:
    if type(key) is str:
        return key
    if isinstance(key, str):
        return str(key)
    if key is None or isinstance(key, bool):
        return _CONSTANT_KEYS[key]
    if isinstance(key, int | float):
        return str(key)
    if isinstance(key, datetime):
        return datetime_text(key)
    if isinstance(key, date | time | UUID):
        return str(key)
    raise TypeError(f'a map with a key of type {type_name(key)} cannot be stored as JSON')


def _checked_text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError('text with half of a surrogate pair cannot be stored as JSON') from None
    return value


def _checked_integer(value: int) -> int:
    if value.bit_length() > _MAX_INTEGER_BITS:
        raise ValueError('an integer of more than 4300 digits cannot be stored as JSON')
    return value


def _checked_float(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f'the number {value} cannot be stored as JSON')
    return value


#: How values of these types and of types derived from them are stored.
_CONVERTERS: Final[tuple[tuple[type, Callable[[Any], Any]], ...]] = (
    (str, lambda value: _checked_text(str(value))),
    (int, lambda value: _checked_integer(int(value))),
    (float, lambda value: _checked_float(float(value))),
    (bytes, bytes.decode),
    (datetime, datetime_text),
    (date, date.isoformat),
    (time, time.isoformat),
    (timedelta, timedelta.total_seconds),
    (UUID, str),
)
