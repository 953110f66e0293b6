"""Who may do what with an object of the project `owner`, for each access rule.

`admin` is an administrator of another project, `member` a project that has accepted the owner's
workflow. `+` after the status of a list says that the owner's object is in it, `-` that it is not.
"""

from dataclasses import dataclass
from typing import Any, Final

PROJECTS: Final = ('admin', 'owner', 'other', 'member')


@dataclass(frozen=True)
class Row:
    """A request that a rule guards; `$name` stands for an object (see `objects.py`).

    `results` are those of PROJECTS, in that order. `shows` is the object that lists may show.
    """

    rule: str
    method: str
    path: str
    results: str
    json: Any = None
    text: str | None = None
    shows: str = ''

    @property
    def by_project(self) -> dict[str, str]:
        return dict(zip(PROJECTS, self.results.split(), strict=True))


WORKFLOW: Final = "version: '2.0'\n{}: {{tasks: {{t: {{action: std.noop}}}}}}"
ACTION: Final = "version: '2.0'\n{}: {{base: std.echo output=1}}"
WORKBOOK: Final = (
    "version: '2.0'\nname: {}\nworkflows: {{main: {{tasks: {{t: {{action: std.noop}}}}}}}}"
)

EVENT: Final = {'exchange': 'x', 'topic': 't', 'event': '$new'}
CRON: Final = {'name': '$new', 'pattern': '@daily'}
DYNAMIC: Final = {'name': '$new', 'class_name': 'Hello', 'code_source_name': '$code_source'}

#: Every administrator, and nobody else.
ADMINS: Final = '{} 403 403 403'

TABLE: Final = (
    Row('workflows:create', 'POST', '/v2/workflows', '201 201 201 201',
        text=WORKFLOW.format('$new')),
    Row('workflows:update', 'PUT', '/v2/workflows/$workflow', '200 200 404 403',
        text=WORKFLOW.format('$new')),
    Row('workflows:update', 'PUT', '/v2/workflows', '200 200 404 403',
        text=WORKFLOW.format('$workflow_name')),
    Row('workflows:get', 'GET', '/v2/workflows/$workflow', '200 200 404 200'),
    Row('workflows:delete', 'DELETE', '/v2/workflows/$workflow', '204 204 404 403'),
    Row('workflows:list', 'GET', '/v2/workflows', '200- 200+ 200- 200+', shows='workflow'),
    Row('workflows:list', 'GET', '/v2/workflows?project_id=owner', '200+ 200+ 200- 200+',
        shows='workflow'),
    Row('workflows:list:all_projects', 'GET', '/v2/workflows?all_projects=true',
        ADMINS.format('200+'), shows='workflow'),
    Row('workflows:publicize', 'POST', '/v2/workflows?scope=public', ADMINS.format('201'),
        text=WORKFLOW.format('$new')),
    Row('workflows:publicize', 'PUT', '/v2/workflows/$workflow?scope=public', ADMINS.format('200'),
        text=WORKFLOW.format('$new')),
    Row('workbooks:create', 'POST', '/v2/workbooks', '201 201 201 201',
        text=WORKBOOK.format('$new')),
    Row('workbooks:update', 'PUT', '/v2/workbooks', '200 200 404 404',
        text=WORKBOOK.format('$workbook')),
    Row('workbooks:get', 'GET', '/v2/workbooks/$workbook', '200 200 404 404'),
    Row('workbooks:delete', 'DELETE', '/v2/workbooks/$workbook', '204 204 404 404'),
    Row('workbooks:list', 'GET', '/v2/workbooks', '200- 200+ 200- 200-', shows='workbook'),
    Row('workbooks:publicize', 'POST', '/v2/workbooks?scope=public', ADMINS.format('201'),
        text=WORKBOOK.format('$new')),
    Row('actions:create', 'POST', '/v2/actions', '201 201 201 201', text=ACTION.format('$new')),
    Row('actions:update', 'PUT', '/v2/actions', '200 200 404 404', text=ACTION.format('$action')),
    Row('actions:update', 'PUT', '/v2/actions/$action', '200 200 404 404',
        text=ACTION.format('$new')),
    Row('actions:get', 'GET', '/v2/actions/$action', '200 200 404 404'),
    Row('actions:delete', 'DELETE', '/v2/actions/$action', '204 204 404 404'),
    Row('actions:list', 'GET', '/v2/actions', '200- 200+ 200- 200-', shows='action'),
    Row('actions:publicize', 'POST', '/v2/actions?scope=public', ADMINS.format('201'),
        text=ACTION.format('$new')),
    Row('executions:create', 'POST', '/v2/executions', '201 201 404 201',
        json={'workflow_id': '$workflow'}),
    Row('executions:create', 'POST', '/v2/executions', '201 201 404 404',
        json={'source_execution_id': '$execution'}),
    Row('executions:update', 'PUT', '/v2/executions/$execution', '200 200 404 404',
        json={'description': 'changed'}),
    Row('executions:update', 'PUT', '/v2/executions/$execution', '200 200 404 404',
        json={'state': 'CANCELLED'}),
    Row('executions:get', 'GET', '/v2/executions/$execution', '200 200 404 404'),
    Row('executions:get', 'GET', '/v2/executions/$execution/report', '200 200 404 404'),
    Row('executions:get', 'GET', '/v2/executions/$execution/executions', '200 200 404 404'),
    Row('executions:get', 'GET', '/v2/tasks/$task/executions', '200 200 404 404'),
    Row('executions:delete', 'DELETE', '/v2/executions/$execution?force=true', '204 204 404 404'),
    Row('executions:list', 'GET', '/v2/executions', '200- 200+ 200- 200-', shows='execution'),
    Row('executions:list:all_projects', 'GET', '/v2/executions?all_projects=true',
        ADMINS.format('200+'), shows='execution'),
    Row('executions:list:all_projects', 'GET', '/v2/executions?project_id=owner',
        ADMINS.format('200+'), shows='execution'),
    Row('tasks:get', 'GET', '/v2/tasks/$task', '200 200 404 404'),
    Row('tasks:list', 'GET', '/v2/tasks?name=ask', '200- 200+ 200- 200-', shows='task'),
    Row('tasks:list', 'GET', '/v2/executions/$execution/tasks', '200+ 200+ 404 404', shows='task'),
    Row('tasks:update', 'PUT', '/v2/tasks/$failed_task', '200 200 404 404',
        json={'state': 'SKIPPED'}),
    Row('action_executions:create', 'POST', '/v2/action_executions', '201 201 201 201',
        json={'name': 'std.noop'}),
    Row('action_executions:create', 'POST', '/v2/action_executions', '201 201 400 400',
        json={'name': '$action'}),
    Row('action_executions:update', 'PUT', '/v2/action_executions/$action_execution',
        '200 200 404 404', json={'state': 'SUCCESS'}),
    Row('action_executions:get', 'GET', '/v2/action_executions/$action_execution',
        '200 200 404 404'),
    Row('action_executions:get', 'GET', '/v2/tasks/$task/action_executions/$action_execution',
        '200 200 404 404'),
    Row('action_executions:delete', 'DELETE', '/v2/action_executions/$direct_run',
        '204 204 404 404'),
    Row('action_executions:list', 'GET', '/v2/action_executions', '200- 200+ 200- 200-',
        shows='action_execution'),
    Row('action_executions:list', 'GET', '/v2/tasks/$task/action_executions',
        '200+ 200+ 200- 200-', shows='action_execution'),
    Row('executions:list', 'GET', '/v2/tasks/$task/workflow_executions', '200- 200- 200- 200-',
        shows='execution'),
    # A trigger's workflow is one of the trigger's project, whoever asks.
    Row('cron_triggers:create', 'POST', '/v2/cron_triggers', '404 201 404 201',
        json={**CRON, 'workflow_id': '$workflow'}),
    Row('cron_triggers:get', 'GET', '/v2/cron_triggers/$cron_trigger', '200 200 404 404'),
    Row('cron_triggers:delete', 'DELETE', '/v2/cron_triggers/$cron_trigger', '204 204 404 404'),
    Row('cron_triggers:list', 'GET', '/v2/cron_triggers', '200- 200+ 200- 200-',
        shows='cron_trigger'),
    Row('cron_triggers:list:all_projects', 'GET', '/v2/cron_triggers?all_projects=true',
        ADMINS.format('200+'), shows='cron_trigger'),
    Row('cron_triggers:publicize', 'POST', '/v2/cron_triggers', ADMINS.format('201'),
        json={**CRON, 'workflow_id': '$public_workflow', 'scope': 'public'}),
    Row('event_triggers:create', 'POST', '/v2/event_triggers', '404 201 404 201',
        json={**EVENT, 'workflow_id': '$workflow'}),
    Row('event_triggers:update', 'PUT', '/v2/event_triggers/$event_trigger', '200 200 404 404',
        json={'name': 'changed'}),
    Row('event_triggers:get', 'GET', '/v2/event_triggers/$event_trigger', '200 200 404 404'),
    Row('event_triggers:delete', 'DELETE', '/v2/event_triggers/$event_trigger',
        '204 204 404 404'),
    Row('event_triggers:list', 'GET', '/v2/event_triggers', '200- 200+ 200- 200-',
        shows='event_trigger'),
    Row('event_triggers:list:all_projects', 'GET', '/v2/event_triggers?all_projects=true',
        ADMINS.format('200+'), shows='event_trigger'),
    Row('event_triggers:publicize', 'POST', '/v2/event_triggers', ADMINS.format('201'),
        json={**EVENT, 'workflow_id': '$public_workflow', 'scope': 'public'}),
    Row('event_triggers:publicize', 'PUT', '/v2/event_triggers/$event_trigger',
        ADMINS.format('200'), json={'scope': 'public'}),
    Row('environments:create', 'POST', '/v2/environments', '201 201 201 201',
        json={'name': '$new', 'variables': {}}),
    Row('environments:update', 'PUT', '/v2/environments', '200 200 404 404',
        json={'name': '$environment', 'description': 'changed'}),
    Row('environments:get', 'GET', '/v2/environments/$environment', '200 200 404 404'),
    Row('environments:delete', 'DELETE', '/v2/environments/$environment', '204 204 404 404'),
    Row('environments:list', 'GET', '/v2/environments', '200- 200+ 200- 200-',
        shows='environment'),
    Row('environments:publicize', 'POST', '/v2/environments', ADMINS.format('201'),
        json={'name': '$new', 'variables': {}, 'scope': 'public'}),
    Row('environments:publicize', 'PUT', '/v2/environments', ADMINS.format('200'),
        json={'name': '$environment', 'scope': 'public'}),
    # Sharing is a matter of the owner and the member alone.
    Row('members:create', 'POST', '/v2/workflows/$workflow/members', '403 201 404 403',
        json={'member_id': 'friend'}),
    Row('members:get', 'GET', '/v2/workflows/$workflow/members/member', '404 200 404 200'),
    Row('members:update', 'PUT', '/v2/workflows/$workflow/members/member', '404 404 404 200',
        json={'status': 'rejected'}),
    Row('members:delete', 'DELETE', '/v2/workflows/$workflow/members/member', '404 204 404 404'),
    Row('members:list', 'GET', '/v2/workflows/$workflow/members', '200- 200+ 200- 200+',
        shows='workflow'),
    Row('code_sources:create', 'POST', '/v2/code_sources?name=$new', ADMINS.format('201'),
        text='a = 1'),
    Row('code_sources:update', 'PUT', '/v2/code_sources/$code_source', ADMINS.format('200'),
        text='a = 1'),
    Row('code_sources:get', 'GET', '/v2/code_sources/$code_source', ADMINS.format('200')),
    Row('code_sources:delete', 'DELETE', '/v2/code_sources/$code_source', ADMINS.format('204')),
    Row('code_sources:list', 'GET', '/v2/code_sources', ADMINS.format('200+'),
        shows='code_source'),
    Row('code_sources:publicize', 'POST', '/v2/code_sources?name=$new&scope=public',
        ADMINS.format('201'), text='a = 1'),
    Row('dynamic_actions:create', 'POST', '/v2/dynamic_actions', ADMINS.format('201'),
        json=DYNAMIC),
    Row('dynamic_actions:update', 'PUT', '/v2/dynamic_actions', ADMINS.format('200'),
        json={'name': '$dynamic_action', 'class_name': 'Other'}),
    Row('dynamic_actions:get', 'GET', '/v2/dynamic_actions/$dynamic_action', ADMINS.format('200')),
    Row('dynamic_actions:delete', 'DELETE', '/v2/dynamic_actions/$dynamic_action',
        ADMINS.format('204')),
    Row('dynamic_actions:list', 'GET', '/v2/dynamic_actions', ADMINS.format('200+'),
        shows='dynamic_action'),
    Row('dynamic_actions:publicize', 'POST', '/v2/dynamic_actions', ADMINS.format('201'),
        json={**DYNAMIC, 'scope': 'public'}),
    Row('maintenance:update', 'PUT', '/maintenance', ADMINS.format('200'),
        json={'status': 'RUNNING'}),
)  # fmt: skip
