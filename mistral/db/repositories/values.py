"""What can be stored: the limits of columns, checked before a database finds them exceeded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column
from sqlalchemy.dialects import mysql

from mistral.db.repositories.kinds import Kind
from mistral.db.types import Json, dump_json
from mistral.exceptions import InputException, InvalidModelException

#: What the text types of MySQL hold, in bytes. They bind everywhere: the same is valid on all
#: databases.
_TEXT_SIZES: Final = {'TEXT': 2**16 - 1, 'MEDIUMTEXT': 2**24 - 1}


@dataclass(frozen=True, slots=True)
class _Limit:
    size: int
    unit: str
    is_json: bool

    def exceeded_by(self, value: Any) -> int | None:
        """The size of a value that is too large."""
        text = dump_json(value) if self.is_json else value
        # No character takes more than four bytes, so most texts need no encoding.
        if not isinstance(text, str) or len(text) * 4 <= self.size:
            return None
        size = len(text) if self.unit == 'characters' else len(text.encode())
        return size if size > self.size else None


class ValueChecker:
    """Checks what is to be written in rows of a kind."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        limits = ((column.name, _limit_of(column)) for column in kind.table.columns)
        self._limits = {name: limit for name, limit in limits if limit is not None}

    def check(self, values: Mapping[str, Any]) -> None:
        """Raises InvalidModelException for the name of a definition, else InputException."""
        kind = self._kind
        if kind.plain_names and ' ' in values.get('name', ''):
            raise InvalidModelException(f"Name '{values['name']}' must not contain spaces")
        for name, value in values.items():
            if name not in kind.table.columns:
                raise InputException(f"{kind.name} has no column '{name}'")
            self._check_value(name, value)

    def _check_value(self, name: str, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, str) and '\x00' in value:
            raise InputException(f'{self._kind.name}: {name} must not contain the NUL character')
        limit = self._limits.get(name)
        size = limit and limit.exceeded_by(value)
        if limit and size:
            raise InputException(
                f'{self._kind.name}: {name} is too long, {size} {limit.unit}; '
                f'at most {limit.size} are allowed'
            )


def _limit_of(column: Column[Any]) -> _Limit | None:
    length = getattr(column.type, 'length', None)
    if length is not None:
        return _Limit(length, 'characters', is_json=False)
    size = _TEXT_SIZES.get(column.type.compile(mysql.dialect()))
    return None if size is None else _Limit(size, 'bytes', isinstance(column.type, Json))
