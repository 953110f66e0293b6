"""engine

What the engine needs beyond the schema of Mistral 23.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from mistral.db.migrations.repeatable import add_columns, create_index

revision = '046'
down_revision = '045'

_LONGTEXT: Final = sa.Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')


def upgrade() -> None:
    add_columns(
        'workflow_executions_v2',
        # 0 stands for executions that are not stored yet.
        sa.Column('revision', sa.BigInteger, nullable=False, server_default='1'),
    )
    add_columns(
        'task_executions_v2',
        sa.Column('seq', sa.Integer),
        sa.Column('published_global', _LONGTEXT),
    )
    add_columns('action_executions_v2', sa.Column('seq', sa.Integer))

    create_index('workflow_executions_v2', 'root_execution_id')
    create_index('workflow_executions_v2', 'created_at', 'id')
    create_index('workflow_executions_v2', 'workflow_id', 'state')
    for table in ('workflow_executions_v2', 'task_executions_v2', 'action_executions_v2'):
        create_index(table, 'project_id', 'created_at', 'id')

    if op.get_context().dialect.name in {'mysql', 'mariadb'}:
        op.alter_column(
            'scheduled_jobs_v2', 'func_args', existing_type=mysql.TEXT(), type_=mysql.LONGTEXT()
        )
