"""list indexes

Lists of executions are read from indexes in each of the usual orders. Indexes that others contain,
or that tell nothing because all rows are private, go.
"""

from alembic import op

from mistral.db.migrations.repeatable import create_index, drop_index

revision = '052'
down_revision = '051'

_EXECUTIONS = 'workflow_executions_v2'


def upgrade() -> None:
    for column in ('updated_at', 'name', 'state'):
        create_index(_EXECUTIONS, column, 'id')
        create_index(_EXECUTIONS, 'project_id', column, 'id')
    for column in ('state', 'updated_at'):
        drop_index(_EXECUTIONS, column)
    for table in (_EXECUTIONS, 'task_executions_v2', 'action_executions_v2'):
        drop_index(table, 'project_id')
        drop_index(table, 'scope')

    # What lists are sorted by is never empty. Mistral 23 leaves the time of an update out where
    # there has been none.
    op.execute('UPDATE workflow_executions_v2 SET updated_at = created_at WHERE updated_at IS NULL')
    op.execute(
        "UPDATE workflow_executions_v2 SET name = COALESCE(workflow_name, '') WHERE name IS NULL"
    )
