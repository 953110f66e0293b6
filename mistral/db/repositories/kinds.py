"""What is stored: the tables with their names in messages and the values of new rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Table

from mistral.db import models


@dataclass(frozen=True)
class Kind:
    """A kind of stored object.

    `name` is its class in messages. `not_found` and `duplicate` are whole messages, made of the
    id and of the columns of the row that cannot be stored. `defaults` are the values of new rows
    that give none. `plain_names` forbids blanks in names. Rows that are `always_private` cannot be
    made public. `always_set` columns are never NULL, which makes their indexes useful for lists.
    """

    table: Table
    name: str
    not_found: str
    duplicate: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    plain_names: bool = False
    always_private: bool = False
    always_set: frozenset[str] = frozenset({'id', 'created_at'})


_NAMESPACED: Final = {'scope': 'private', 'namespace': ''}
_DEFINITION: Final = {**_NAMESPACED, 'is_system': False}
_PRIVATE: Final = {'scope': 'private'}

WORKFLOW: Final = Kind(
    models.workflow_definitions,
    'WorkflowDefinition',
    'Workflow not found [workflow_id={id}]',
    "Duplicate entry for WorkflowDefinition ['name', 'namespace', 'project_id']: "
    '{name}, {namespace}, {project_id}',
    defaults=_DEFINITION,
    plain_names=True,
)
WORKBOOK: Final = Kind(
    models.workbooks,
    'WorkbookDefinition',
    'Workbook not found [id={id}]',
    "Duplicate entry for WorkbookDefinition ['name', 'namespace', 'project_id']: "
    '{name}, {namespace}, {project_id}',
    defaults=_DEFINITION,
    plain_names=True,
)
ACTION: Final = Kind(
    models.action_definitions,
    'ActionDefinition',
    'Action definition not found [id={id}]',
    "Duplicate entry for Action ['name', 'namespace', 'project_id']: "
    '{name}, {namespace}, {project_id}',
    defaults=_DEFINITION,
    plain_names=True,
)
CODE_SOURCE: Final = Kind(
    models.code_sources,
    'CodeSource',
    'Code Source not found [id={id}]',
    "Duplicate entry for CodeSource ['name', 'namespace', 'project_id']: "
    '{name}, {namespace}, {project_id}',
    defaults=_NAMESPACED,
)
DYNAMIC_ACTION: Final = Kind(
    models.dynamic_action_definitions,
    'DynamicActionDefinition',
    'Dynamic Action not found [id={id}]',
    'Duplicate entry for dynamic action definition '
    '[name={name}, namespace={namespace}, project_id={project_id}]',
    defaults=_NAMESPACED,
)
EXECUTION: Final = Kind(
    models.workflow_executions,
    'WorkflowExecution',
    'WorkflowExecution not found [id={id}]',
    "Duplicate entry for WorkflowExecution ['id']: {id}",
    defaults={**_PRIVATE, 'revision': 0},
    always_private=True,
    always_set=frozenset({'id', 'created_at', 'updated_at', 'name', 'workflow_name', 'state'}),
)
TASK: Final = Kind(
    models.task_executions,
    'TaskExecution',
    'Task execution not found [id={id}]',
    "Duplicate entry for TaskExecution ['id', 'unique_key']: {id}, {unique_key}",
    defaults=_PRIVATE,
    always_private=True,
)
ACTION_EXECUTION: Final = Kind(
    models.action_executions,
    'ActionExecution',
    'ActionExecution not found [id={id}]',
    "Duplicate entry for ActionExecution ['id']: {id}",
    defaults=_PRIVATE,
    always_private=True,
)
ENVIRONMENT: Final = Kind(
    models.environments,
    'Environment',
    'Environment not found [id={id}]',
    "Duplicate entry for Environment ['name', 'project_id']: {name}, {project_id}",
    defaults=_PRIVATE,
)
CRON_TRIGGER: Final = Kind(
    models.cron_triggers,
    'CronTrigger',
    'Cron trigger not found [identifier={id}]',
    "Duplicate entry for cron trigger ['name', 'project_id']: {name}, {project_id}",
    defaults=_PRIVATE,
)
EVENT_TRIGGER: Final = Kind(
    models.event_triggers,
    'EventTrigger',
    'Event trigger not found [id={id}].',
    "Duplicate entry for EventTrigger ['exchange', 'topic', 'event', 'workflow_id', "
    "'project_id']: {exchange}, {topic}, {event}, {workflow_id}, {project_id}",
    defaults=_PRIVATE,
)
MEMBER: Final = Kind(
    models.resource_members,
    'ResourceMember',
    'Resource member not found [id={id}]',
    "Duplicate entry for ResourceMember ['resource_id', 'resource_type', 'member_id']: "
    '{resource_id}, {resource_type}, {member_id}',
)
