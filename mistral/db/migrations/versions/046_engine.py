"""engine

What the engine needs beyond the schema of Mistral 23. A run that broke off half-way can be repeated
where DDL is not transactional (MariaDB, MySQL): only what is missing is made.
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '046'
down_revision = '045'

_LONGTEXT: Final = sa.Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')


def upgrade() -> None:
    _add_columns(
        'workflow_executions_v2',
        sa.Column('revision', sa.BigInteger, nullable=False, server_default='0'),
    )
    _add_columns(
        'task_executions_v2',
        sa.Column('seq', sa.Integer),
        sa.Column('published_global', _LONGTEXT),
    )
    _add_columns('action_executions_v2', sa.Column('seq', sa.Integer))

    _create_index('workflow_executions_v2', 'root_execution_id')
    _create_index('workflow_executions_v2', 'created_at', 'id')
    _create_index('workflow_executions_v2', 'workflow_id', 'state')
    for table in ('workflow_executions_v2', 'task_executions_v2', 'action_executions_v2'):
        _create_index(table, 'project_id', 'created_at', 'id')

    if op.get_context().dialect.name in {'mysql', 'mariadb'}:
        op.alter_column(
            'scheduled_jobs_v2', 'func_args', existing_type=mysql.TEXT(), type_=mysql.LONGTEXT()
        )


def _add_columns(table: str, *columns: sa.Column[Any]) -> None:
    existing = {column['name'] for column in _look('get_columns', table)}
    for column in columns:
        if column.name not in existing:
            op.add_column(table, column)


def _create_index(table: str, *columns: str) -> None:
    """An operator may have made the index already, under any name."""
    indexed = [tuple(index['column_names']) for index in _look('get_indexes', table)]
    if columns not in indexed:
        op.create_index('_'.join((table, *columns)), table, columns)


def _look(what: str, table: str) -> list[Any]:
    """What an inspector finds; nothing when the SQL is only printed."""
    if op.get_context().as_sql:
        return []
    found: list[Any] = getattr(sa.inspect(op.get_bind()), what)(table)
    return found
