"""Plain data as text for the wire. Times keep their type; everything else is JSON."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from mistral.context import RequestContext

_TIME: Final = '__datetime__'


def dump(value: Any) -> str:
    return json.dumps(value, default=_dump_other)


def load(text: str) -> Any:
    return json.loads(text, object_hook=_load_object)


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


def _load_object(data: dict[str, Any]) -> Any:
    return datetime.fromisoformat(data[_TIME]) if set(data) == {_TIME} else data
