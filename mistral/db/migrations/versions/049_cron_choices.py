"""cron choices

The time zone of a cron trigger's pattern, and what to do when occurrences overlap or were missed.
"""

import sqlalchemy as sa

from mistral.db.migrations.repeatable import add_columns

revision = '049'
down_revision = '048'


def upgrade() -> None:
    add_columns(
        'cron_triggers_v2',
        sa.Column('time_zone', sa.String(64)),
        sa.Column('overlap', sa.String(16)),
        sa.Column('missed', sa.String(16)),
        sa.Column('last_execution_id', sa.String(36)),
    )
