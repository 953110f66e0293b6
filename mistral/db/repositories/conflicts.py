"""Integrity errors in the words of users."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from mistral.context import DEFAULT_PROJECT
from mistral.db.repositories.kinds import Kind
from mistral.exceptions import DBDuplicateEntryError, DBError

#: How the drivers tell of a unique key taken: SQLSTATE of PostgreSQL, errors of MySQL and SQLite.
_SQLSTATE_UNIQUE: Final = '23505'
_MYSQL_DUPLICATE: Final = frozenset({1062, 1586})
_SQLITE_UNIQUE: Final = frozenset({'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'})


@contextmanager
def translated_conflicts(kind: Kind, row: Mapping[str, Any]) -> Iterator[None]:
    """Raise DBDuplicateEntryError if `row` repeats a unique key, DBError if it refers to nothing.

    The transaction has failed in both cases.
    """
    try:
        yield
    except IntegrityError as e:
        if _is_duplicate(e.orig):
            raise DBDuplicateEntryError(kind.duplicate.format(**_shown(kind, row))) from e
        raise DBError(
            f'{kind.name} cannot be stored or deleted: it refers to an object that does not '
            f'exist, or is referred to by one [id={row["id"]}]'
        ) from e


def _shown(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {**dict.fromkeys(kind.table.columns.keys()), **row}
    if row.get('project_id') == DEFAULT_PROJECT:
        # Without authentication clients know of no projects.
        shown['project_id'] = None
    return shown


def _is_duplicate(error: Any) -> bool:
    return (
        getattr(error, 'sqlstate', None) == _SQLSTATE_UNIQUE
        or getattr(error, 'sqlite_errorname', None) in _SQLITE_UNIQUE
        or bool(error.args and error.args[0] in _MYSQL_DUPLICATE)
    )
