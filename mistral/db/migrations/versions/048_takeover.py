"""takeover

The executions of Mistral 23 become executions of this engine (those that have ended need nothing),
and lists of executions by state and by workflow are read from indexes.
"""

import logging

from alembic import op

from mistral.db.migrations.repeatable import create_index
from mistral.db.takeover import take_over
from mistral.db.times import utc_now

revision = '048'
down_revision = '047'

LOG = logging.getLogger('alembic.takeover')


def upgrade() -> None:
    for column in ('state', 'workflow_name'):
        create_index('workflow_executions_v2', 'project_id', column, 'created_at', 'id')

    # From here on rows are changed: that must be one transaction with the new revision.
    #
    # Only an execution that is not stored yet has the revision 0; 046 once gave it to all.
    op.execute('UPDATE workflow_executions_v2 SET revision = 1 WHERE revision = 0')
    context = op.get_context()
    if context.as_sql:
        context.impl.static_output(
            '-- Executions of Mistral 23 that are unfinished cannot be taken over by SQL alone. '
            "Run 'mistral-db-manage stamp 047' and 'upgrade head' when all this is done."
        )
        return
    count = take_over(op.get_bind(), utc_now())
    if count:
        LOG.info('Took over %d executions of Mistral 23', count)
