"""callers

Who the actions of a workflow run as, as long as it runs; trusts of triggers that are gone.
"""

import sqlalchemy as sa
from alembic import op

from mistral.db.migrations.repeatable import create_index, has_table
from mistral.db.types import LongText

revision = '050'
down_revision = '049'


def upgrade() -> None:
    if not has_table('execution_callers'):
        op.create_table(
            'execution_callers',
            sa.Column(
                'execution_id',
                sa.String(36),
                sa.ForeignKey('workflow_executions_v2.id', ondelete='CASCADE'),
                primary_key=True,
            ),
            sa.Column('trust_id', sa.String(80)),
            sa.Column('content', LongText, nullable=False),
            mysql_engine='InnoDB',
            mysql_charset='utf8mb4',
        )
    create_index('execution_callers', 'trust_id')
    if not has_table('superfluous_trusts'):
        op.create_table(
            'superfluous_trusts',
            sa.Column('trust_id', sa.String(80), primary_key=True),
            sa.Column('created_at', sa.DateTime, nullable=False),
            sa.Column('at_once', sa.Boolean, nullable=False),
            mysql_engine='InnoDB',
            mysql_charset='utf8mb4',
        )
