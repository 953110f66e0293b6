"""Objects of the project `owner`, made as they are needed."""

import uuid
from collections.abc import Callable
from typing import Any

from mistral.tests.waiting import wait_for

WORKFLOW = """
version: '2.0'
{name}:
  tasks:
    ask: {{action: std.async_noop}}
    fail: {{action: std.fail}}
"""
WORKBOOK = """
version: '2.0'
name: {name}
workflows: {{main: {{tasks: {{t: {{action: std.noop}}}}}}}}
"""
ACTION = "version: '2.0'\n{name}: {{base: std.noop}}\n"
CODE = """
from mistral_lib import actions

class Hello(actions.Action):
    def run(self, context): ...
"""


class Objects(dict[str, str]):
    """Ids or names by the kind of object. `new` is a name that nothing has."""

    def __init__(self, request: Callable[..., Any]) -> None:
        super().__init__(new=f'n{uuid.uuid4().hex}')
        self._request = request

    def __missing__(self, kind: str) -> str:
        made = self[kind] = getattr(self, f'_make_{kind}')()
        return made

    def _call(self, method: str, path: str, project: str = 'owner', **options: Any) -> Any:
        answer = self._request(project, method, path, **options)
        assert answer.status_int < 300, answer.text
        return answer.json if answer.body else None

    def _make_workflow(self) -> str:
        """One that `member` has accepted."""
        text = WORKFLOW.format(name=f'w{uuid.uuid4().hex}')
        id_: str = self._call('POST', '/v2/workflows', text=text)['workflows'][0]['id']
        members = f'/v2/workflows/{id_}/members'
        self._call('POST', members, json={'member_id': 'member'})
        self._call('PUT', f'{members}/member', 'member', json={'status': 'accepted'})
        return id_

    def _make_workflow_name(self) -> str:
        return self._call('GET', f'/v2/workflows/{self["workflow"]}')['name']

    def _make_public_workflow(self) -> str:
        text = WORKFLOW.format(name=f'p{uuid.uuid4().hex}')
        answer = self._call('POST', '/v2/workflows?scope=public', 'admin', text=text)
        return answer['workflows'][0]['id']

    def _make_workbook(self) -> str:
        text = WORKBOOK.format(name=f'b{uuid.uuid4().hex}')
        return self._call('POST', '/v2/workbooks', text=text)['name']

    def _make_action(self) -> str:
        text = ACTION.format(name=f'a{uuid.uuid4().hex}')
        return self._call('POST', '/v2/actions', text=text)['actions'][0]['name']

    def _make_execution(self) -> str:
        """One with a failed task and one that waits."""
        body = {'workflow_id': self['workflow']}
        id_: str = self._call('POST', '/v2/executions', json=body)['id']
        path = f'/v2/executions/{id_}/tasks?state=ERROR'
        wait_for(lambda: self._call('GET', path)['tasks'], 'failed task')
        return id_

    def _make_failed_task(self) -> str:
        return self._task('fail')

    def _make_task(self) -> str:
        return self._task('ask')

    def _task(self, name: str) -> str:
        path = f'/v2/executions/{self["execution"]}/tasks?name={name}'
        return self._call('GET', path)['tasks'][0]['id']

    def _make_action_execution(self) -> str:
        """One that waits for its result."""
        path = f'/v2/tasks/{self["task"]}/action_executions'
        return self._call('GET', path)['action_executions'][0]['id']

    def _make_direct_run(self) -> str:
        """One outside of workflows that has ended."""
        body = {'name': 'std.noop', 'params': {'save_result': True}}
        id_: str = self._call('POST', '/v2/action_executions', json=body)['id']
        path = f'/v2/action_executions/{id_}'
        wait_for(lambda: self._call('GET', path)['state'] == 'SUCCESS', 'end of the action')
        return id_

    def _make_environment(self) -> str:
        body = {'name': f'e{uuid.uuid4().hex}', 'variables': {}}
        return self._call('POST', '/v2/environments', json=body)['name']

    def _make_cron_trigger(self) -> str:
        body = {
            'name': f'c{uuid.uuid4().hex}',
            'pattern': '@yearly',
            'workflow_id': self['workflow'],
        }
        return self._call('POST', '/v2/cron_triggers', json=body)['name']

    def _make_event_trigger(self) -> str:
        what = {'exchange': 'x', 'topic': 't', 'event': 'e'}
        body = {**what, 'workflow_id': self['workflow']}
        return self._call('POST', '/v2/event_triggers', json=body)['id']

    def _make_code_source(self) -> str:
        """Only administrators have these."""
        name = f's{uuid.uuid4().hex}'
        return self._call('POST', f'/v2/code_sources?name={name}', 'admin', text=CODE)['name']

    def _make_dynamic_action(self) -> str:
        body = {
            'name': f'd{uuid.uuid4().hex}',
            'class_name': 'Hello',
            'code_source_name': self['code_source'],
        }
        return self._call('POST', '/v2/dynamic_actions', 'admin', json=body)['name']
