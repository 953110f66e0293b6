"""The columns of a kind of object by their names, those of its table and computed ones."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement

from mistral.db.repositories.kinds import Kind
from mistral.db.types import Json
from mistral.exceptions import InputException


class Columns:
    """All methods raise InputException for names that do not exist."""

    def __init__(self, kind: Kind, computed: Mapping[str, ColumnElement[Any]]) -> None:
        self._kind = kind
        self._columns = {**kind.table.columns, **computed}

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        try:
            return self._columns[name]
        except KeyError:
            raise InputException(
                f"{self._kind.name} has no column '{name}', only: {', '.join(self._columns)}"
            ) from None

    def plain(self, name: str) -> ColumnElement[Any]:
        """A column whose values can be compared in SQL, which JSON cannot."""
        column = self[name]
        if isinstance(column.type, Json):
            raise InputException(f"{self._kind.name}: cannot order or look up by '{name}'")
        return column

    def is_always_set(self, name: str) -> bool:
        """Whether the column is never NULL."""
        return name in self._kind.always_set

    def selected(self, names: Iterable[str] | None) -> dict[str, ColumnElement[Any]]:
        """The columns to read, always with the id; None is all."""
        chosen = self._columns if names is None else ('id', *names)
        return {name: self[name] for name in chosen}
