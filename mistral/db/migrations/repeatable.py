"""Changes of the schema that can be repeated after a run that broke off half-way.

Where DDL is not transactional (MariaDB, MySQL) a part of them may be done already: only what is
missing is made.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


def add_columns(table: str, *columns: sa.Column[Any]) -> None:
    existing = {column['name'] for column in _look('get_columns', table)}
    for column in columns:
        if column.name not in existing:
            op.add_column(table, column)


def has_table(name: str) -> bool:
    return not op.get_context().as_sql and sa.inspect(op.get_bind()).has_table(name)


def create_index(table: str, *columns: str) -> None:
    """An operator may have made the index already, under any name."""
    indexed = [tuple(index['column_names']) for index in _look('get_indexes', table)]
    if columns not in indexed:
        op.create_index('_'.join((table, *columns)), table, columns)


def drop_index(table: str, *columns: str) -> None:
    """Whatever its name is; an operator may have dropped it already."""
    if op.get_context().as_sql:
        op.drop_index('_'.join((table, *columns)), table)
    for index in _look('get_indexes', table):
        if tuple(index['column_names']) == columns and not index['unique']:
            op.drop_index(index['name'], table)


def _look(what: str, table: str) -> list[Any]:
    """What an inspector finds; nothing when the SQL is only printed."""
    if op.get_context().as_sql:
        return []
    found: list[Any] = getattr(sa.inspect(op.get_bind()), what)(table)
    return found
