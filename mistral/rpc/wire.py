"""Plain data as text for the wire. Times keep their type; everything else is JSON.

A time is an object with the one key `__datetime__`. Data of users may look like that, too: then it
gets a second key, `__data__`, that says so, with the value in a list that data has there itself.
Processes of the previous release, which do not know the second key, find nothing worse than that.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from mistral.context import RequestContext

_TIME: Final = '__datetime__'
_DATA: Final = '__data__'

#: How the key of a time stands in a text.
_MARK: Final = f'"{_TIME}"'


def dump(value: Any) -> str:
    """Raises TypeError for what cannot be sent."""
    times = 0

    def dump_other(other: Any) -> Any:
        nonlocal times
        times += isinstance(other, datetime)
        return _dump_other(other)

    try:
        text = json.dumps(value, default=dump_other)
        # Marks that are not of times are rare, and looking at all data for them would take long.
        if text.count(_MARK) != times:
            text = json.dumps(_told_apart(value), default=_dump_other)
    except (ValueError, RecursionError) as e:
        raise TypeError(f'Data cannot be sent: {e}') from e
    return text


def load(text: str) -> Any:
    """Raises ValueError for what is no such text."""
    try:
        return json.loads(text, object_hook=_load_object if _MARK in text else None)
    except RecursionError as e:
        raise ValueError(str(e)) from e


def dump_caller(caller: RequestContext) -> dict[str, Any]:
    # `asdict` would copy the catalog of services, which may be large.
    data = {field.name: getattr(caller, field.name) for field in fields(caller)}
    if caller.trace is None:
        # Processes of the previous release do not know it.
        del data['trace']
    return data


def load_caller(data: Mapping[str, Any]) -> RequestContext:
    return RequestContext(**{**data, 'roles': tuple(data['roles'])})


def _dump_other(value: Any) -> Any:
    if isinstance(value, datetime):
        return {_TIME: value.isoformat()}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f'{type(value).__name__} cannot be sent')


def _told_apart(value: Any) -> Any:
    """The same data, where objects that look like a time say what they are."""
    if isinstance(value, list | tuple):
        return [_told_apart(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    data = {key: _told_apart(item) for key, item in value.items()}
    if _TIME in data and data.keys() <= {_TIME, _DATA}:
        data[_DATA] = [data[_DATA]] if _DATA in data else []
    return data


def _load_object(data: dict[str, Any]) -> Any:
    if _TIME not in data:
        return data
    if len(data) == 1:
        return _load_time(data)
    if len(data) == 2 and isinstance(own := data.get(_DATA), list):
        return {**data, _DATA: own[0]} if own else {_TIME: data[_TIME]}
    return data


def _load_time(data: dict[str, Any]) -> Any:
    try:
        return datetime.fromisoformat(data[_TIME])
    except (TypeError, ValueError):
        # Data that a process of the previous release has not told apart.
        return data
