"""notifications

Events of executions that publishers are still to be told about.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from mistral.db.migrations.repeatable import create_index, has_table

revision = '051'
down_revision = '050'

_TABLE: Final = 'notifications'
_MEDIUMTEXT: Final = sa.Text().with_variant(mysql.MEDIUMTEXT(), 'mysql', 'mariadb')


def upgrade() -> None:
    if not has_table(_TABLE):
        op.create_table(
            _TABLE,
            sa.Column(
                'id',
                sa.BigInteger().with_variant(sa.Integer, 'sqlite'),
                primary_key=True,
                autoincrement=True,
            ),
            sa.Column('created_at', sa.DateTime, nullable=False),
            sa.Column('lane', sa.String(64), nullable=False),
            sa.Column('entry', _MEDIUMTEXT, nullable=False),
            sa.Column('object_id', sa.String(36), nullable=False),
            sa.Column('event', sa.String(40)),
            sa.Column('data', _MEDIUMTEXT, nullable=False),
            sa.Column('changed_at', sa.DateTime),
            sa.Column('due_at', sa.DateTime, nullable=False),
            sa.Column('attempts', sa.Integer, nullable=False),
            sqlite_autoincrement=True,
            mysql_charset='utf8mb4',
            mysql_engine='InnoDB',
        )
    create_index(_TABLE, 'due_at', 'id')
    create_index(_TABLE, 'lane', 'id')
