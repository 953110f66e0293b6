"""Stored objects of one kind: reading, listing and changing them on behalf of a caller.

Callers see what belongs to their project and what is public; administrators see everything, but
lists of other projects only on request. Only the owner and administrators change an object.
"""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Text,
    case,
    delete,
    insert,
    or_,
    select,
    true,
    update,
)

from mistral.context import RequestContext
from mistral.db.query import ListQuery
from mistral.db.repositories.columns import Columns
from mistral.db.repositories.conditions import equality
from mistral.db.repositories.conflicts import translated_conflicts
from mistral.db.repositories.json_search import canonical
from mistral.db.repositories.kinds import Kind
from mistral.db.repositories.listing import Listing
from mistral.db.repositories.values import ValueChecker
from mistral.db.types import Json
from mistral.exceptions import (
    DBEntityNotFoundError,
    InvalidActionException,
    NotAllowedException,
)

Row = dict[str, Any]
Rows = list[Row]


class Repository:
    """Rows are plain dicts: JSON decoded, times naive UTC, booleans as bool.

    `columns` names what is read (the id always is), None reads everything. Unknown columns and
    values that do not fit raise InputException.
    """

    def __init__(
        self, kind: Kind, computed: Mapping[str, ColumnElement[Any]] | None = None
    ) -> None:
        self._kind = kind
        self._table = kind.table
        self._columns = Columns(kind, computed or {})
        # What tells rows and their owners apart, without what may be large.
        self._short = [
            column for column in kind.table.columns if not isinstance(column.type, Json | Text)
        ]
        self._values = ValueChecker(kind)

    def get(
        self,
        conn: Connection,
        id: str,
        caller: RequestContext,
        columns: Iterable[str] | None = None,
    ) -> Row:
        """Raises DBEntityNotFoundError if there is no such row for the caller."""
        row = self.find(conn, caller, columns, id=id)
        if row is None:
            raise self._not_found(id)
        return row

    def find(
        self,
        conn: Connection,
        caller: RequestContext,
        columns: Iterable[str] | None = None,
        **equals: Any,
    ) -> Row | None:
        """The row with these values, one of the caller's own project first."""
        statement = self._select(columns, equals).where(self._readable(caller)).limit(1)
        if 'id' not in equals:
            statement = statement.order_by(*self._precedence(caller))
        row = conn.execute(statement).mappings().first()
        return None if row is None else dict(row)

    def find_all(
        self,
        conn: Connection,
        caller: RequestContext,
        columns: Iterable[str] | None = None,
        **equals: Any,
    ) -> list[Row]:
        """The rows with these values of the caller's project and, after those, public ones."""
        statement = self._select(columns, equals).where(self._visible(caller))
        rows = conn.execute(statement.order_by(*self._precedence(caller))).mappings()
        return [dict(row) for row in rows]

    def list(self, conn: Connection, query: ListQuery, caller: RequestContext) -> Rows:
        """A page of rows. Raises DBEntityNotFoundError if its marker is unknown."""
        visible = true() if query.all_projects else self._visible(caller)
        listing = Listing(query, self._columns, visible)
        if query.marker is None:
            return listing.read(conn)
        marker = self.get(conn, query.marker, caller, listing.position_columns)
        return listing.read(conn, after=marker)

    def insert(self, conn: Connection, values: Mapping[str, Any], caller: RequestContext) -> Row:
        """Store a new row of the caller's project and return it.

        Raises DBDuplicateEntryError if a unique key is taken, and the transaction has failed.
        """
        given = {name: value for name, value in values.items() if value is not None}
        row = {
            'id': str(uuid.uuid4()),
            'created_at': _now(),
            **self._kind.defaults,
            **given,
            'project_id': caller.project_id,
        }
        self._values.check(row)
        with translated_conflicts(self._kind, row):
            conn.execute(insert(self._table).values(row))
        return dict.fromkeys(self._table.columns.keys()) | row

    def update(
        self, conn: Connection, id: str, values: Mapping[str, Any], caller: RequestContext
    ) -> Row:
        """Change a row and return it; if all values are what they were, nothing happens.

        Raises DBEntityNotFoundError, NotAllowedException for rows of other projects,
        InvalidActionException for those that came with the service, DBDuplicateEntryError.
        """
        row = self._lock(conn, id, caller, self._table.columns)
        self._check_writable(row, caller)
        self._values.check(values)
        changes = {name: value for name, value in values.items() if _differs(row[name], value)}
        if not changes:
            return row
        changed = row | changes | {'updated_at': _now()}
        self._check_change(conn, row, changed)
        statement = update(self._table).where(self._table.c.id == id)
        with translated_conflicts(self._kind, changed):
            conn.execute(statement.values(**changes, updated_at=changed['updated_at']))
        return changed

    def delete(self, conn: Connection, id: str, caller: RequestContext) -> None:
        """Raises as `update` does."""
        row = self._lock(conn, id, caller, self._short)
        self._check_deletable(row, caller)
        self._delete(conn, row)

    # What kinds of objects do in their own way

    def _visible(self, caller: RequestContext) -> ColumnElement[bool]:
        """What belongs to the caller's project or is shared with it."""
        own = self._table.c.project_id == caller.project_id
        if self._kind.always_private:
            # One equality, not an alternative, lets indexes deliver long lists in their order.
            return own
        return or_(own, self._table.c.scope == 'public')

    def _readable(self, caller: RequestContext) -> ColumnElement[bool]:
        return true() if caller.is_admin else self._visible(caller)

    def _check_writable(self, row: Row, caller: RequestContext) -> None:
        if caller.is_admin:
            return
        if row['project_id'] != caller.project_id:
            raise NotAllowedException(
                f'Can not access {self._kind.name} resource of other projects, ID: {row["id"]}'
            )
        if row.get('is_system'):
            raise InvalidActionException(
                f'Can not modify a system {self._kind.name} resource, ID: {row["id"]}'
            )

    def _check_deletable(self, row: Row, caller: RequestContext) -> None:
        self._check_writable(row, caller)

    def _check_change(self, conn: Connection, row: Row, changed: Row) -> None:
        """Raise if a row must not change like this."""

    def _delete(self, conn: Connection, row: Row) -> None:
        """`row` has the short columns."""
        with translated_conflicts(self._kind, row):
            conn.execute(delete(self._table).where(self._table.c.id == row['id']))

    def _select(
        self, columns: Iterable[str] | None, equals: Mapping[str, Any]
    ) -> Select[tuple[Any, ...]]:
        selected = self._columns.selected(columns)
        return select(*(column.label(name) for name, column in selected.items())).where(
            *(equality(name, value, self._columns) for name, value in equals.items())
        )

    def _precedence(self, caller: RequestContext) -> tuple[ColumnElement[Any], ...]:
        rank = case(
            (self._table.c.project_id == caller.project_id, 0), (self._visible(caller), 1), else_=2
        )
        return rank, self._table.c.created_at, self._table.c.id

    def _lock(
        self, conn: Connection, id: str, caller: RequestContext, columns: Iterable[Column[Any]]
    ) -> Row:
        """The row to be changed, which nobody else changes until the end of the transaction."""
        statement = (
            select(*columns)
            .where(equality('id', id, self._columns), self._readable(caller))
            .with_for_update()
        )
        row = conn.execute(statement).mappings().first()
        if row is None:
            raise self._not_found(id)
        return dict(row)

    def _not_found(self, id: str) -> DBEntityNotFoundError:
        return DBEntityNotFoundError(self._kind.not_found.format(id=id))


def _differs(old: Any, new: Any) -> bool:
    if isinstance(old, dict | list):
        # Python takes True for 1.
        return canonical(old) != canonical(new)
    return bool(old != new)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0, tzinfo=None)
