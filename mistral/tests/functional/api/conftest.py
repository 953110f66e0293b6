"""A server with something of each kind in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from mistral.tests.functional.service.conftest import running_server
from mistral.tests.functional.service.rest import Rest

#: Everything may be done, as long as nobody stops the service.
ADMIN: Final = {'X-Roles': 'admin'}

WORKFLOWS: Final = """
version: '2.0'
parent:
  tasks:
    child: {workflow: failing, on-error: [ask]}
    ask: {action: std.async_noop}
failing:
  input: [name: world]
  tasks:
    greet: {action: std.echo output="Hello <% $.name %>", on-success: [fail]}
    fail: {action: std.fail}
"""

WORKBOOK: Final = """
version: '2.0'
name: book
actions:
  shout: {base: std.echo, input: [text], base-input: {output: <% $.text %>}}
workflows:
  main: {tasks: {a: {action: shout text=hey}}}
"""

CODE: Final = """
from mistral_lib import actions

class Hello(actions.Action):
    def run(self, context):
        return 'hello'
"""


@dataclass(frozen=True)
class Stock:
    """A server, and what is there, by the names that variables of URLs and attributes have."""

    rest: Rest
    names: dict[str, list[str]]


@pytest.fixture(scope='module')
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stock]:
    options = {'api': {'allow_action_execution_deletion': True, 'enable_info_endpoint': True}}
    with running_server(tmp_path_factory.mktemp('server'), options=options) as server:
        yield Stock(server.rest, _fill(server.rest))


def _fill(rest: Rest) -> dict[str, list[str]]:
    rest.upload(WORKFLOWS)
    plain = {'Content-Type': 'text/plain', **ADMIN}
    rest.call('POST', '/workbooks', data=WORKBOOK, headers=plain)
    rest.call('POST', '/code_sources?name=code', data=CODE, headers=plain)
    dynamic = {'name': 'hello', 'class_name': 'Hello', 'code_source_name': 'code'}
    rest.call('POST', '/dynamic_actions', json=dynamic, headers=ADMIN)
    rest.call('POST', '/environments', json={'name': 'env', 'variables': {'a': 1}})
    cron = {'name': 'cron', 'workflow_name': 'failing', 'pattern': '@yearly'}
    rest.call('POST', '/cron_triggers', json=cron)
    run = {'name': 'std.echo', 'input': {'output': 'x'}, 'params': {'save_result': True}}
    action = rest.call('POST', '/action_executions', json=run)['id']
    parent = rest.start('parent')
    failed = rest.start('failing')
    rest.wait_until_ended([failed])
    workflow_id = rest.call('GET', '/workflows/failing')['id']
    event = {'name': 'ev', 'exchange': 'e', 'topic': 't', 'event': 'x', 'workflow_id': workflow_id}
    trigger = rest.call('POST', '/event_triggers', json=event)['id']
    tasks = [task['id'] for id_ in (parent, failed) for task in rest.tasks(id_)]
    actions = [action, *(each['id'] for id_ in tasks for each in rest.actions(id_))]
    return {
        'workflows': ['failing', 'parent', workflow_id, 'book.main'],
        'workbooks': ['book'],
        'actions': ['std.echo', 'book.shout', 'hello'],
        'executions': [parent, failed],
        'tasks': tasks,
        'action_executions': actions,
        'environments': ['env'],
        'cron_triggers': ['cron'],
        'event_triggers': [trigger],
        'code_sources': ['code'],
        'dynamic_actions': ['hello'],
    }
