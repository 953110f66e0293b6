"""hand over

Where an action stands on its way to an executor, so that none is lost and none starts twice when
processes die.
"""

import sqlalchemy as sa
from alembic import op

revision = '047'
down_revision = '046'


def upgrade() -> None:
    existing = set()
    if not op.get_context().as_sql:
        columns = sa.inspect(op.get_bind()).get_columns('action_executions_v2')
        existing = {column['name'] for column in columns}
    for column in (sa.Column('executor', sa.String(80)), sa.Column('hand_over_at', sa.DateTime)):
        # DDL is not transactional everywhere: a run that broke off can be repeated.
        if column.name not in existing:
            op.add_column('action_executions_v2', column)
