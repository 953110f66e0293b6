"""baseline

The schema of Mistral 23, whose databases are at a revision of this name. It is written out here,
because the models go on with later revisions.
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '045'
down_revision = None

_MEDIUMTEXT: Final = sa.Text().with_variant(mysql.MEDIUMTEXT(), 'mysql', 'mariadb')
_LONGTEXT: Final = sa.Text().with_variant(mysql.LONGTEXT(), 'mysql', 'mariadb')


def upgrade() -> None:
    _create_definitions()
    _create_executions()
    _create_triggers()
    _create_jobs()
    _create_leftovers()
    _create_maintenance_status()


def _create_definitions() -> None:
    _create_table(
        'workflow_definitions_v2',
        *_owner(),
        *_definition(),
        sa.Column('workbook_name', sa.String(255)),
        sa.Column('checksum', sa.String(32)),
        indexes=('is_system', 'project_id', 'scope'),
    )
    _create_table(
        'workbooks_v2',
        *_owner(),
        *_definition(),
        indexes=('project_id', 'scope'),
    )
    _create_table(
        'action_definitions_v2',
        *_owner(),
        *_definition(),
        sa.Column('workbook_name', sa.String(255)),
        sa.Column('description', sa.Text),
        sa.Column('input', sa.Text),
        sa.Column('action_class', sa.String(200)),
        sa.Column('attributes', sa.Text),
        indexes=('action_class', 'is_system', 'project_id', 'scope'),
    )
    _create_table(
        'code_sources',
        *_owner(),
        sa.Column('name', sa.String(255), nullable=False),
        sa.Column('namespace', sa.String(255)),
        sa.Column('content', sa.Text, nullable=False),
        sa.Column('version', sa.Integer, nullable=False),
        sa.Column('tags', sa.Text),
        sa.UniqueConstraint('name', 'namespace', 'project_id'),
        indexes=('project_id', 'scope'),
    )
    _create_table(
        'dynamic_action_definitions',
        *_owner(),
        sa.Column('name', sa.String(255), nullable=False),
        sa.Column('namespace', sa.String(255)),
        sa.Column('class_name', sa.String(255), nullable=False),
        sa.Column('code_source_id', sa.String(36), nullable=False),
        sa.Column('code_source_name', sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(['code_source_id'], ['code_sources.id'], ondelete='CASCADE'),
        sa.UniqueConstraint('name', 'namespace', 'project_id'),
        indexes=('code_source_id', 'project_id', 'scope'),
    )
    _create_table(
        'environments_v2',
        *_owner(),
        sa.Column('name', sa.String(200)),
        sa.Column('description', sa.Text),
        sa.Column('variables', _LONGTEXT),
        sa.UniqueConstraint('name', 'project_id'),
        indexes=('name', 'project_id', 'scope'),
    )
    _create_table(
        'resource_members_v2',
        sa.Column('resource_id', sa.String(80), nullable=False),
        sa.Column('resource_type', sa.String(50), nullable=False),
        sa.Column('project_id', sa.String(80)),
        sa.Column('member_id', sa.String(80), nullable=False),
        sa.Column('status', sa.String(20), nullable=False),
        sa.UniqueConstraint('resource_id', 'resource_type', 'member_id'),
    )


def _create_executions() -> None:
    parent_task = sa.ForeignKeyConstraint(
        ['task_execution_id'], ['task_executions_v2.id'], ondelete='CASCADE', use_alter=True
    )
    _create_table(
        'workflow_executions_v2',
        *_owner(),
        *_execution(),
        sa.Column('description', sa.Text),
        sa.Column('accepted', sa.Boolean),
        sa.Column('input', _LONGTEXT),
        sa.Column('output', _LONGTEXT),
        sa.Column('params', _LONGTEXT),
        sa.Column('context', _LONGTEXT),
        sa.Column('task_execution_id', sa.String(36)),
        sa.Column('root_execution_id', sa.String(80)),
        parent_task,
        indexes=('project_id', 'scope', 'state', 'updated_at', 'task_execution_id'),
    )
    _create_table(
        'task_executions_v2',
        *_owner(),
        *_execution(),
        sa.Column('description', sa.String(255)),
        sa.Column('action_spec', _LONGTEXT),
        sa.Column('unique_key', sa.String(255)),
        sa.Column('type', sa.String(10)),
        sa.Column('processed', sa.Boolean),
        sa.Column('has_next_tasks', sa.Boolean),
        sa.Column('next_tasks', sa.Text),
        sa.Column('error_handled', sa.Boolean),
        sa.Column('in_context', _LONGTEXT),
        sa.Column('published', _LONGTEXT),
        sa.Column('started_at', sa.DateTime),
        sa.Column('finished_at', sa.DateTime),
        sa.Column('workflow_execution_id', sa.String(36)),
        sa.ForeignKeyConstraint(
            ['workflow_execution_id'], ['workflow_executions_v2.id'], ondelete='CASCADE'
        ),
        sa.UniqueConstraint('unique_key'),
        indexes=(
            *('project_id', 'scope', 'state', 'updated_at', 'workflow_execution_id'),
            ('workflow_execution_id', 'name'),
        ),
    )
    if op.get_context().dialect.supports_alter:
        # The two tables refer to each other. What has no ALTER does not mind the missing one.
        op.create_foreign_key(
            None,
            'workflow_executions_v2',
            'task_executions_v2',
            ['task_execution_id'],
            ['id'],
            ondelete='CASCADE',
        )
    _create_table(
        'action_executions_v2',
        *_owner(),
        *_execution(),
        sa.Column('description', sa.String(255)),
        sa.Column('accepted', sa.Boolean),
        sa.Column('input', _LONGTEXT),
        sa.Column('output', _LONGTEXT),
        sa.Column('task_execution_id', sa.String(36)),
        sa.Column('last_heartbeat', sa.DateTime),
        sa.Column('is_sync', sa.Boolean),
        sa.ForeignKeyConstraint(
            ['task_execution_id'], ['task_executions_v2.id'], ondelete='CASCADE'
        ),
        indexes=('project_id', 'scope', 'state', 'updated_at', 'task_execution_id'),
    )


def _create_triggers() -> None:
    _create_table(
        'cron_triggers_v2',
        *_owner(),
        *_trigger(),
        sa.Column('pattern', sa.String(100)),
        sa.Column('first_execution_time', sa.DateTime),
        sa.Column('next_execution_time', sa.DateTime, nullable=False),
        sa.Column('workflow_name', sa.String(255)),
        sa.Column('remaining_executions', sa.Integer),
        sa.Column('workflow_params_hash', sa.CHAR(64)),
        sa.Column('workflow_input_hash', sa.CHAR(64)),
        sa.UniqueConstraint('name', 'project_id'),
        sa.UniqueConstraint(
            'workflow_input_hash', 'workflow_name', 'pattern', 'project_id',
            'workflow_params_hash', 'remaining_executions', 'first_execution_time',
        ),
        indexes=('workflow_id', 'next_execution_time', 'project_id', 'scope', 'workflow_name'),
    )  # fmt: skip
    _create_table(
        'event_triggers_v2',
        *_owner(),
        *_trigger(),
        sa.Column('exchange', sa.String(80), nullable=False),
        sa.Column('topic', sa.String(80), nullable=False),
        sa.Column('event', sa.String(80), nullable=False),
        sa.UniqueConstraint('exchange', 'topic', 'event', 'workflow_id', 'project_id'),
        indexes=('workflow_id', ('project_id', 'workflow_id')),
    )


def _create_jobs() -> None:
    _create_table(
        'delayed_calls_v2',
        sa.Column('factory_method_path', sa.String(200)),
        sa.Column('target_method_name', sa.String(80), nullable=False),
        sa.Column('method_arguments', sa.Text),
        sa.Column('serializers', sa.Text),
        sa.Column('auth_context', _MEDIUMTEXT),
        sa.Column('execution_time', sa.DateTime, nullable=False),
        sa.Column('processing', sa.Boolean, nullable=False),
        sa.Column('key', sa.String(250)),
        indexes=(('processing', 'execution_time'), 'execution_time'),
    )
    _create_table(
        'scheduled_jobs_v2',
        sa.Column('run_after', sa.Integer),
        sa.Column('target_factory_func_name', sa.String(200)),
        sa.Column('func_name', sa.String(80)),
        sa.Column('func_args', sa.Text),
        sa.Column('func_arg_serializers', sa.Text),
        sa.Column('auth_ctx', sa.Text),
        sa.Column('execute_at', sa.DateTime, nullable=False),
        sa.Column('captured_at', sa.DateTime),
        sa.Column('key', sa.String(250)),
        indexes=(('execute_at', 'captured_at'), 'key'),
    )


def _create_leftovers() -> None:
    """Tables that Mistral 23 has and no longer fills, or empties at once."""
    _create_table(
        'executions_v2',
        *_owner(),
        sa.Column('type', sa.String(50)),
        sa.Column('name', sa.String(80)),
        sa.Column('description', sa.String(255)),
        sa.Column('workflow_name', sa.String(80)),
        sa.Column('workflow_id', sa.String(80)),
        sa.Column('spec', sa.Text),
        sa.Column('state', sa.String(20)),
        sa.Column('state_info', sa.Text),
        sa.Column('tags', sa.Text),
        sa.Column('accepted', sa.Boolean),
        sa.Column('processed', sa.Boolean),
        sa.Column('input', _LONGTEXT),
        sa.Column('output', _LONGTEXT),
        sa.Column('params', _LONGTEXT),
        sa.Column('context', _LONGTEXT),
        sa.Column('action_spec', _LONGTEXT),
        sa.Column('in_context', _LONGTEXT),
        sa.Column('published', _LONGTEXT),
        sa.Column('runtime_context', _LONGTEXT),
        sa.Column('task_execution_id', sa.String(36)),
        sa.Column('workflow_execution_id', sa.String(36)),
        sa.ForeignKeyConstraint(['task_execution_id'], ['executions_v2.id']),
        sa.ForeignKeyConstraint(['workflow_execution_id'], ['executions_v2.id']),
        indexes=(
            *('project_id', 'scope', 'state', 'type', 'updated_at'),
            *('task_execution_id', 'workflow_execution_id'),
        ),
    )
    _create_table('named_locks', sa.Column('name', sa.String(255)), sa.UniqueConstraint('name'))


def _create_maintenance_status() -> None:
    metrics = op.create_table(
        'mistral_metrics',
        sa.Column('id', sa.Integer, primary_key=True, autoincrement=True),
        *_times(),
        sa.Column('name', sa.String(255), nullable=False),
        sa.Column('value', sa.String(255), nullable=False),
        sa.UniqueConstraint('name'),
        mysql_engine='InnoDB',
        mysql_charset='utf8mb4',
    )
    op.bulk_insert(metrics, [{'name': 'maintenance_status', 'value': 'RUNNING'}])


def _create_table(
    name: str, *parts: sa.schema.SchemaItem, indexes: tuple[str | tuple[str, ...], ...] = ()
) -> None:
    """Create a table with an id, times of changes, and indexes named after their columns."""
    op.create_table(
        name,
        sa.Column('id', sa.String(36), primary_key=True),
        *_times(),
        *parts,
        mysql_engine='InnoDB',
        mysql_charset='utf8mb4',
    )
    for index in indexes:
        columns = (index,) if isinstance(index, str) else index
        op.create_index('_'.join((name, *columns)), name, columns)


def _times() -> list[sa.Column[Any]]:
    return [sa.Column('created_at', sa.DateTime), sa.Column('updated_at', sa.DateTime)]


def _owner() -> list[sa.Column[Any]]:
    return [sa.Column('scope', sa.String(80)), sa.Column('project_id', sa.String(80))]


def _definition() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column('name', sa.String(255)),
        sa.Column('namespace', sa.String(255)),
        sa.Column('definition', _MEDIUMTEXT),
        sa.Column('spec', _MEDIUMTEXT),
        sa.Column('tags', sa.Text),
        sa.Column('is_system', sa.Boolean),
        sa.UniqueConstraint('name', 'namespace', 'project_id'),
    ]


def _execution() -> list[sa.Column[Any]]:
    return [
        sa.Column('name', sa.String(255)),
        sa.Column('workflow_name', sa.String(255)),
        sa.Column('workflow_namespace', sa.String(255)),
        sa.Column('workflow_id', sa.String(80)),
        sa.Column('spec', _MEDIUMTEXT),
        sa.Column('state', sa.String(20)),
        sa.Column('state_info', sa.Text),
        sa.Column('tags', sa.Text),
        sa.Column('runtime_context', _LONGTEXT),
    ]


def _trigger() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column('name', sa.String(200)),
        sa.Column('workflow_id', sa.String(36)),
        sa.Column('workflow_params', sa.Text),
        sa.Column('workflow_input', sa.Text),
        sa.Column('trust_id', sa.String(80)),
        sa.ForeignKeyConstraint(['workflow_id'], ['workflow_definitions_v2.id']),
    ]
