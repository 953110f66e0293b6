"""The tables. Names and types are those of a Mistral 23 database; what is ours says '046'.

The first revision of the migrations creates the same schema without the parts of 046, see
`migrations/`.
"""

from typing import Any

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from mistral.db.types import Json, LongText, MediumText, UtcDateTime

metadata = MetaData()


def _times() -> list[Column[Any]]:
    return [Column('created_at', UtcDateTime), Column('updated_at', UtcDateTime)]


def _owner() -> list[Column[Any]]:
    return [Column('scope', String(80)), Column('project_id', String(80))]


def _id() -> Column[Any]:
    return Column('id', String(36), primary_key=True)


def _indexes(table: str, *columns: str) -> list[Index]:
    return [Index(f'{table}_{column}', column) for column in columns]


workflow_definitions = Table(
    'workflow_definitions_v2',
    metadata,
    _id(),
    *_times(),
    *_owner(),
    Column('name', String(255)),
    Column('namespace', String(255)),
    Column('workbook_name', String(255)),
    Column('definition', MediumText),
    Column('spec', Json(MediumText)),
    Column('tags', Json()),
    Column('is_system', Boolean),
    Column('checksum', String(32)),
    UniqueConstraint('name', 'namespace', 'project_id'),
    *_indexes('workflow_definitions_v2', 'is_system', 'project_id', 'scope'),
)

workbooks = Table(
    'workbooks_v2',
    metadata,
    _id(),
    *_times(),
    *_owner(),
    Column('name', String(255)),
    Column('namespace', String(255)),
    Column('definition', MediumText),
    Column('spec', Json(MediumText)),
    Column('tags', Json()),
    Column('is_system', Boolean),
    UniqueConstraint('name', 'namespace', 'project_id'),
    *_indexes('workbooks_v2', 'project_id', 'scope'),
)

action_definitions = Table(
    'action_definitions_v2',
    metadata,
    _id(),
    *_times(),
    *_owner(),
    Column('name', String(255)),
    Column('namespace', String(255)),
    Column('workbook_name', String(255)),
    Column('definition', MediumText),
    Column('spec', Json(MediumText)),
    Column('tags', Json()),
    Column('description', Text),
    Column('input', Text),
    Column('action_class', String(200)),
    Column('attributes', Json()),
    Column('is_system', Boolean),
    UniqueConstraint('name', 'namespace', 'project_id'),
    *_indexes('action_definitions_v2', 'action_class', 'is_system', 'project_id', 'scope'),
)

code_sources = Table(
    'code_sources',
    metadata,
    _id(),
    *_times(),
    *_owner(),
    Column('name', String(255), nullable=False),
    Column('namespace', String(255)),
    Column('content', Text, nullable=False),
    Column('version', Integer, nullable=False),
    Column('tags', Json()),
    UniqueConstraint('name', 'namespace', 'project_id'),
    *_indexes('code_sources', 'project_id', 'scope'),
)

dynamic_action_definitions = Table(
    'dynamic_action_definitions',
    metadata,
    _id(),
    *_times(),
    *_owner(),
    Column('name', String(255), nullable=False),
    Column('namespace', String(255)),
    Column('class_name', String(255), nullable=False),
    Column(
        'code_source_id',
        String(36),
        ForeignKey('code_sources.id', ondelete='CASCADE'),
        nullable=False,
    ),
    Column('code_source_name', String(255), nullable=False),
    UniqueConstraint('name', 'namespace', 'project_id'),
    *_indexes('dynamic_action_definitions', 'code_source_id', 'project_id', 'scope'),
)

workflow_executions = Table(
    'workflow_executions_v2',
    metadata,
    _id(),
    *_times(),
    *_owner(),
    Column('name', String(255)),
    Column('workflow_name', String(255)),
    Column('workflow_namespace', String(255)),
    Column('workflow_id', String(80)),
    Column('description', Text),
    Column('spec', Json(MediumText)),
    Column('state', String(20)),
    Column('state_info', Text),
    Column('tags', Json()),
    Column('runtime_context', Json(LongText)),
    Column('accepted', Boolean),
    Column('input', Json(LongText)),
    Column('output', Json(LongText)),
    Column('params', Json(LongText)),
    Column('context', Json(LongText)),
    Column(
        'task_execution_id',
        String(36),
        ForeignKey(
            'task_executions_v2.id',
            name='workflow_executions_v2_task_execution_id_fkey',
            ondelete='CASCADE',
            use_alter=True,
        ),
    ),
    Column('root_execution_id', String(80)),
    # 046: counts the commits of the engine; a copy in memory is good while this has not moved.
    Column('revision', BigInteger, nullable=False, server_default='1'),
    *_indexes(
        'workflow_executions_v2',
        'task_execution_id', 'root_execution_id',
    ),
    Index('workflow_executions_v2_created_at_id', 'created_at', 'id'),
    Index(
        'workflow_executions_v2_project_id_created_at_id', 'project_id', 'created_at', 'id'
    ),
    # 052: lists of a project and of all projects, in the usual orders.
    *(
        Index(f'workflow_executions_v2_{column}_id', column, 'id')
        for column in ('updated_at', 'name', 'state')
    ),
    *(
        Index(f'workflow_executions_v2_project_id_{column}_id', 'project_id', column, 'id')
        for column in ('updated_at', 'name', 'state')
    ),
    Index('workflow_executions_v2_workflow_id_state', 'workflow_id', 'state'),
    # 048: lists of a project by the usual filters.
    Index(
        'workflow_executions_v2_project_id_state_created_at_id',
        'project_id', 'state', 'created_at', 'id',
    ),
    Index(
        'workflow_executions_v2_project_id_workflow_name_created_at_id',
        'project_id', 'workflow_name', 'created_at', 'id',
    ),
)  # fmt: skip

task_executions = Table(
    'task_executions_v2',
    metadata,
    _id(),
    *_times(),
    *_owner(),
    Column('name', String(255)),
    Column('workflow_name', String(255)),
    Column('workflow_namespace', String(255)),
    Column('workflow_id', String(80)),
    Column('description', String(255)),
    Column('spec', Json(MediumText)),
    Column('state', String(20)),
    Column('state_info', Text),
    Column('tags', Json()),
    Column('runtime_context', Json(LongText)),
    Column('action_spec', Json(LongText)),
    Column('unique_key', String(255)),
    Column('type', String(10)),
    Column('processed', Boolean),
    Column('has_next_tasks', Boolean),
    Column('next_tasks', Json()),
    Column('error_handled', Boolean),
    Column('in_context', Json(LongText)),
    Column('published', Json(LongText)),
    Column('started_at', UtcDateTime),
    Column('finished_at', UtcDateTime),
    Column(
        'workflow_execution_id',
        String(36),
        ForeignKey('workflow_executions_v2.id', ondelete='CASCADE'),
    ),
    # 046: the order of creation within the execution; what was published globally.
    Column('seq', Integer),
    Column('published_global', Json(LongText)),
    UniqueConstraint('unique_key'),
    *_indexes('task_executions_v2', 'state', 'updated_at', 'workflow_execution_id'),
    Index('task_executions_v2_workflow_execution_id_name', 'workflow_execution_id', 'name'),
    Index('task_executions_v2_project_id_created_at_id', 'project_id', 'created_at', 'id'),
)

action_executions = Table(
    'action_executions_v2',
    metadata,
    _id(),
    *_times(),
    *_owner(),
    Column('name', String(255)),
    Column('workflow_name', String(255)),
    Column('workflow_namespace', String(255)),
    Column('workflow_id', String(80)),
    Column('description', String(255)),
    Column('spec', Json(MediumText)),
    Column('state', String(20)),
    Column('state_info', Text),
    Column('tags', Json()),
    Column('runtime_context', Json(LongText)),
    Column('accepted', Boolean),
    Column('input', Json(LongText)),
    Column('output', Json(LongText)),
    Column(
        'task_execution_id',
        String(36),
        ForeignKey('task_executions_v2.id', ondelete='CASCADE'),
    ),
    Column('last_heartbeat', UtcDateTime),
    Column('is_sync', Boolean),
    # 046: the order of creation within the execution.
    Column('seq', Integer),
    # 047: the executor that has started it, and when to hand it over again if none has by then.
    Column('executor', String(80)),
    Column('hand_over_at', UtcDateTime),
    *_indexes('action_executions_v2', 'state', 'updated_at', 'task_execution_id'),
    Index('action_executions_v2_project_id_created_at_id', 'project_id', 'created_at', 'id'),
)

delayed_calls = Table(
    'delayed_calls_v2',
    metadata,
    _id(),
    *_times(),
    Column('factory_method_path', String(200)),
    Column('target_method_name', String(80), nullable=False),
    Column('method_arguments', Json()),
    Column('serializers', Json()),
    Column('auth_context', Json(MediumText)),
    Column('execution_time', UtcDateTime, nullable=False),
    Column('processing', Boolean, nullable=False),
    Column('key', String(250)),
    Index('delayed_calls_v2_processing_execution_time', 'processing', 'execution_time'),
    Index('delayed_calls_v2_execution_time', 'execution_time'),
)

#: The job store: timers of tasks and events on their way between executions. `func_name` is the
#: name of an operation, `key` the workflow execution it concerns.
scheduled_jobs = Table(
    'scheduled_jobs_v2',
    metadata,
    _id(),
    *_times(),
    Column('run_after', Integer),
    Column('target_factory_func_name', String(200)),
    Column('func_name', String(80)),
    Column('func_args', Json(LongText)),
    Column('func_arg_serializers', Json()),
    Column('auth_ctx', Json()),
    Column('execute_at', UtcDateTime, nullable=False),
    Column('captured_at', UtcDateTime),
    Column('key', String(250)),
    Index('scheduled_jobs_v2_execute_at_captured_at', 'execute_at', 'captured_at'),
    Index('scheduled_jobs_v2_key', 'key'),
)

environments = Table(
    'environments_v2',
    metadata,
    _id(),
    *_times(),
    *_owner(),
    Column('name', String(200)),
    Column('description', Text),
    Column('variables', Json(LongText)),
    UniqueConstraint('name', 'project_id'),
    *_indexes('environments_v2', 'name', 'project_id', 'scope'),
)

cron_triggers = Table(
    'cron_triggers_v2',
    metadata,
    _id(),
    *_times(),
    *_owner(),
    Column('name', String(200)),
    Column('pattern', String(100)),
    Column('first_execution_time', UtcDateTime),
    Column('next_execution_time', UtcDateTime, nullable=False),
    Column('workflow_name', String(255)),
    Column('remaining_executions', Integer),
    Column('workflow_id', String(36), ForeignKey('workflow_definitions_v2.id')),
    Column('workflow_params', Json()),
    Column('workflow_params_hash', CHAR(64)),
    Column('workflow_input', Json()),
    Column('workflow_input_hash', CHAR(64)),
    Column('trust_id', String(80)),
    Column('time_zone', String(64)),
    Column('overlap', String(16)),
    Column('missed', String(16)),
    Column('last_execution_id', String(36)),
    UniqueConstraint('name', 'project_id'),
    UniqueConstraint(
        'workflow_input_hash', 'workflow_name', 'pattern', 'project_id', 'workflow_params_hash',
        'remaining_executions', 'first_execution_time',
    ),
    *_indexes(
        'cron_triggers_v2',
        'workflow_id', 'next_execution_time', 'project_id', 'scope', 'workflow_name',
    ),
)  # fmt: skip

event_triggers = Table(
    'event_triggers_v2',
    metadata,
    _id(),
    *_times(),
    *_owner(),
    Column('name', String(200)),
    Column('workflow_id', String(36), ForeignKey('workflow_definitions_v2.id')),
    Column('exchange', String(80), nullable=False),
    Column('topic', String(80), nullable=False),
    Column('event', String(80), nullable=False),
    Column('workflow_params', Json()),
    Column('workflow_input', Json()),
    Column('trust_id', String(80)),
    UniqueConstraint('exchange', 'topic', 'event', 'workflow_id', 'project_id'),
    Index('event_triggers_v2_workflow_id', 'workflow_id'),
    Index('event_triggers_v2_project_id_workflow_id', 'project_id', 'workflow_id'),
)

resource_members = Table(
    'resource_members_v2',
    metadata,
    _id(),
    *_times(),
    Column('resource_id', String(80), nullable=False),
    Column('resource_type', String(50), nullable=False),
    Column('project_id', String(80)),
    Column('member_id', String(80), nullable=False),
    Column('status', String(20), nullable=False),
    UniqueConstraint('resource_id', 'resource_type', 'member_id'),
)

#: 050: who the actions of an execution and of its sub-workflows run as, by its id; gone when it
#: has ended. `content` holds a token: see `mistral.auth.sealing`.
execution_callers = Table(
    'execution_callers',
    metadata,
    Column(
        'execution_id',
        String(36),
        ForeignKey('workflow_executions_v2.id', ondelete='CASCADE'),
        primary_key=True,
    ),
    Column('trust_id', String(80)),
    Column('content', LongText, nullable=False),
    *_indexes('execution_callers', 'trust_id'),
)

#: 050: trusts of triggers that are gone, to be deleted: at once, or as soon as no execution that
#: the trigger has started runs any more.
superfluous_trusts = Table(
    'superfluous_trusts',
    metadata,
    Column('trust_id', String(80), primary_key=True),
    Column('created_at', UtcDateTime, nullable=False),
    Column('at_once', Boolean, nullable=False),
)

#: 051: events of executions that publishers are still to be told about. Those of an execution for
#: one publisher share a lane, in which they go out in the order of their ids.
notifications = Table(
    'notifications',
    metadata,
    Column(
        'id',
        BigInteger().with_variant(Integer, 'sqlite'),
        primary_key=True,
        autoincrement=True,
    ),
    Column('created_at', UtcDateTime, nullable=False),
    Column('lane', String(64), nullable=False),
    Column('entry', Json(MediumText), nullable=False),
    Column('object_id', String(36), nullable=False),
    Column('event', String(40)),
    Column('data', Json(MediumText), nullable=False),
    Column('changed_at', UtcDateTime),
    Column('due_at', UtcDateTime, nullable=False),
    Column('attempts', Integer, nullable=False),
    Index('notifications_due_at_id', 'due_at', 'id'),
    Index('notifications_lane_id', 'lane', 'id'),
    sqlite_autoincrement=True,
)

#: Left from Mistral 23, which locks by inserting rows here; unused.
named_locks = Table(
    'named_locks',
    metadata,
    _id(),
    *_times(),
    Column('name', String(255)),
    UniqueConstraint('name'),
)

#: One row: the maintenance status.
mistral_metrics = Table(
    'mistral_metrics',
    metadata,
    Column('id', Integer, primary_key=True, autoincrement=True),
    *_times(),
    Column('name', String(255), nullable=False),
    Column('value', String(255), nullable=False),
    UniqueConstraint('name'),
)
