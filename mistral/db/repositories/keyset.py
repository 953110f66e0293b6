"""Paging by the sort values of the last row seen: a page costs the same wherever it is.

An empty value (NULL) counts as smaller than any other: first ascending, last descending.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, and_, false, literal, or_, true, tuple_

from mistral.db.query import Sort
from mistral.db.repositories.columns import Columns


@dataclass(frozen=True, slots=True)
class _Key:
    name: str
    column: ColumnElement[Any]
    descending: bool
    #: Never NULL. Knowing so lets PostgreSQL, which sorts NULLs last, use its indexes.
    is_always_set: bool

    def order(self, dialect: str) -> ColumnElement[Any]:
        ordered = self.column.desc() if self.descending else self.column.asc()
        if dialect != 'postgresql' or self.is_always_set:
            return ordered
        return ordered.nulls_last() if self.descending else ordered.nulls_first()

    def equals(self, value: Any) -> ColumnElement[bool]:
        return self.column.is_(None) if value is None else self.column == self.bound(value)

    def beyond(self, value: Any) -> ColumnElement[bool]:
        """The rows whose value comes after this one."""
        if value is None:
            return false() if self.descending else self.column.is_not(None)
        if not self.descending:
            return self.column > self.bound(value)
        return self._or_empty(self.column < self.bound(value))

    def not_before(self, value: Any) -> ColumnElement[bool]:
        if value is None:
            return self.column.is_(None) if self.descending else true()
        if not self.descending:
            return self.column >= self.bound(value)
        return self._or_empty(self.column <= self.bound(value))

    def bound(self, value: Any) -> ColumnElement[Any]:
        # Truth values themselves cannot be ordered in SQLAlchemy.
        return literal(value, self.column.type)

    def _or_empty(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return condition if self.is_always_set else or_(condition, self.column.is_(None))


@dataclass(frozen=True, slots=True)
class Keyset:
    """A total order of rows."""

    keys: tuple[_Key, ...]

    @classmethod
    def of(cls, sort: Sequence[Sort], columns: Columns) -> Self:
        """The order asked for, and by id where that leaves a choice; raises InputException."""
        chosen = {each.column: each.descending for each in reversed(sort)}
        names = list(reversed(chosen))
        if 'id' not in chosen:
            names.append('id')
        return cls(
            tuple(
                _Key(
                    name, columns.plain(name), chosen.get(name, False), columns.is_always_set(name)
                )
                for name in names
            )
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(key.name for key in self.keys)

    def order_by(self, dialect: str) -> list[ColumnElement[Any]]:
        return [key.order(dialect) for key in self.keys]

    def after(self, row: Mapping[str, Any]) -> ColumnElement[bool]:
        """The rows that follow one with these sort values."""
        # Implied by the rest, but a range that every database finds in an index.
        first = self.keys[0]
        return and_(first.not_before(row[first.name]), self._beyond(row))

    def _beyond(self, row: Mapping[str, Any]) -> ColumnElement[bool]:
        if all(key.is_always_set and not key.descending for key in self.keys):
            # PostgreSQL and SQLite begin at the very row, however many have the same first value.
            columns = tuple_(*(key.column for key in self.keys))
            return columns > tuple_(*(key.bound(row[key.name]) for key in self.keys))
        condition: ColumnElement[bool] = false()
        for key in reversed(self.keys):
            value = row[key.name]
            condition = or_(key.beyond(value), and_(key.equals(value), condition))
        return condition
