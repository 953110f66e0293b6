"""Types of options that oslo.config lacks."""

import json
from typing import Any

from oslo_config import types


class JsonList(types.ConfigType):
    """A JSON array. Raises ValueError, with the place of the mistake, for any other text."""

    def __init__(self) -> None:
        super().__init__(type_name='JSON list value')

    def __call__(self, value: Any) -> list[Any]:
        if isinstance(value, list):
            return value
        text = str(value).strip()
        if not text.startswith('['):
            raise ValueError('Value should start with "["')
        if not text.endswith(']'):
            raise ValueError('Value should end with "]"')
        try:
            items: list[Any] = json.loads(text)
        except json.JSONDecodeError as e:
            raise ValueError(f'Value should be JSON: {e}') from e
        return items

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return 'JSON list'

    def _formatter(self, value: Any) -> str:
        return json.dumps(value)
