"""Reads the rows that a list query asks for."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, select

from mistral.db.query import ListQuery
from mistral.db.repositories.columns import Columns
from mistral.db.repositories.conditions import condition_of
from mistral.db.repositories.keyset import Keyset

Row = dict[str, Any]

#: Candidates read at a time where SQL cannot decide.
_BATCH: Final = 500


class Listing:
    """A list query in SQL; raises InputException for what the columns do not allow.

    A page is read in one statement that first looks for the ids: indexes often hold all that is
    asked and sorted by, and rows are large.
    """

    def __init__(self, query: ListQuery, columns: Columns, visible: ColumnElement[bool]) -> None:
        self._limit = query.limit
        self._order = Keyset.of(query.sort, columns)
        conditions = [condition_of(each, columns) for each in query.filters]
        self._tests = [(each.column, each.test) for each in conditions if each.test is not None]
        self._shown = columns.selected(query.columns)
        tested = (name for name, _ in self._tests)
        self._read = columns.selected((*self._shown, *self._order.names, *tested))
        self._id = columns['id']
        self._found = select(self._id).where(visible, *(each.sql for each in conditions))

    @property
    def position_columns(self) -> tuple[str, ...]:
        """The columns that tell where a row stands in the list."""
        return self._order.names

    def read(self, conn: Connection, after: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows, or those that follow the one with the position columns `after`."""
        size = self._limit
        if size is not None and self._tests:
            size = max(size, _BATCH)
        found: list[Row] = []
        while True:
            page = self._page(conn.dialect.name, size, after)
            rows = [dict(row) for row in conn.execute(page).mappings()]
            found += filter(self._is_wanted, rows)
            if size is None or len(rows) < size or len(found) >= (self._limit or 0):
                return [self._trimmed(row) for row in found[: self._limit]]
            after = rows[-1]

    def _page(
        self, dialect: str, size: int | None, after: Mapping[str, Any] | None
    ) -> Select[tuple[Any, ...]]:
        order = self._order.order_by(dialect)
        ids = self._found if after is None else self._found.where(self._order.after(after))
        rows = select(*(column.label(name) for name, column in self._read.items()))
        if size is None:
            return rows.where(self._id.in_(ids)).order_by(*order)
        page = ids.order_by(*order).limit(size).subquery('page')
        return rows.join(page, self._id == page.c.id).order_by(*order)

    def _is_wanted(self, row: Row) -> bool:
        return all(test(row[name]) for name, test in self._tests)

    def _trimmed(self, row: Row) -> Row:
        if len(row) == len(self._shown):
            return row
        return {name: row[name] for name in self._shown}
