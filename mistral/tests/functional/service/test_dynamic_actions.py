"""Actions whose code was given to a running server, over REST and by commands of the client."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from mistral.tests.functional.service.conftest import running_server
from mistral.tests.functional.service.rest import Rest
from mistral.tests.functional.service.test_command_line_client import Client

CODE: Final = '''
import threading

from mistral_lib import actions


class Multiply(actions.Action):
    """Multiplies a number."""

    def __init__(self, n, by=2):
        super().__init__()
        self.n = n
        self.by = by

    def run(self, context):
        return {
            'product': self.n * self.by,
            'in': threading.current_thread().name,
            'of': context.execution.workflow_name,
        }


class Ask(actions.Action):
    """Waits for an answer."""

    def run(self, context):
        return None

    def is_sync(self):
        return False
'''

WORKFLOW: Final = """
version: '2.0'
calculate:
  input: [n]
  output: {found: <% $.found %>}
  tasks:
    multiply:
      action: multiply n=<% $.n %>
      publish: {found: <% task().result %>}
"""

ASKING: Final = """
version: '2.0'
asking:
  output: {answer: <% $.answer %>}
  tasks:
    ask: {action: ask, publish: {answer: <% task().result %>}}
"""

#: The client cannot say that it is an administrator without Keystone.
POLICY: Final = {
    f'{kind}:{verb}': '@'
    for kind in ('code_sources', 'dynamic_actions')
    for verb in ('create', 'get', 'list', 'update', 'delete', 'publicize')
}


@pytest.fixture(scope='module')
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    home = tmp_path_factory.mktemp('server')
    policy_file = home / 'policy.yaml'
    policy_file.write_text(json.dumps(POLICY))
    options = {'oslo_policy': {'policy_file': policy_file}}
    with running_server(home, options=options) as server:
        yield server.rest


@pytest.fixture
def mistral(rest: Rest) -> Client:
    return Client(rest.url)


def upload(rest: Rest, method: str, path: str, code: str) -> Any:
    return rest.call(method, path, data=code.encode(), headers={'Content-Type': 'text/plain'})


@pytest.fixture
def source(rest: Rest) -> Iterator[Any]:
    yield upload(rest, 'POST', '/code_sources?name=arithmetic', CODE)
    rest.call('DELETE', '/code_sources/arithmetic')


@pytest.fixture
def actions(rest: Rest, source: Any) -> None:
    for name, class_name in (('multiply', 'Multiply'), ('ask', 'Ask')):
        body = {'name': name, 'class_name': class_name, 'code_source_name': 'arithmetic'}
        rest.call('POST', '/dynamic_actions', json=body)


def result(rest: Rest, workflow: str, input_: dict[str, Any]) -> Any:
    id_ = rest.start(workflow, input_)
    states = rest.wait_until_ended([id_])
    execution = rest.execution(id_)
    return execution['output'] if states[id_] == 'SUCCESS' else execution['state_info']


@pytest.mark.usefixtures('actions')
def test_a_workflow_runs_what_the_code_says_at_the_time(rest: Rest) -> None:
    rest.upload(WORKFLOW)
    found = result(rest, 'calculate', {'n': 21})['found']
    assert found == {'product': 42, 'in': 'action-worker', 'of': 'calculate'}

    upload(rest, 'PUT', '/code_sources/arithmetic', CODE.replace('by=2', 'by=3'))
    assert result(rest, 'calculate', {'n': 21})['found']['product'] == 63

    rest.call('PUT', '/dynamic_actions', json={'name': 'multiply', 'class_name': 'Nothing'})
    assert "There is no class 'Nothing' at its top level" in result(rest, 'calculate', {'n': 1})

    rest.call('DELETE', '/dynamic_actions/multiply')
    message = 'Failed to find action [action_name=multiply, namespace=]'
    assert message in result(rest, 'calculate', {'n': 1})
    rest.call('DELETE', '/workflows/calculate')


@pytest.mark.usefixtures('actions')
def test_an_asynchronous_action(rest: Rest) -> None:
    rest.upload(ASKING)
    id_ = rest.start('asking')
    (action,) = rest.actions(rest.task(id_, 'ask')['id'])
    assert action['state'] == 'RUNNING'
    rest.answer(action['id'], {'a': 42})
    rest.wait_until_ended([id_])
    assert rest.execution(id_)['output'] == {'answer': {'a': 42}}
    rest.call('DELETE', '/workflows/asking')


@pytest.mark.usefixtures('actions')
def test_it_is_an_action_like_others(rest: Rest) -> None:
    shown = rest.call('GET', '/actions/multiply')
    assert (shown['input'], shown['description']) == ('n, by=2', 'Multiplies a number.')
    assert shown['is_system'] is False
    assert {'ask', 'multiply'} < {action['name'] for action in rest.items('/actions')}

    wrong = rest.request('POST', '/action_executions', json={'name': 'multiply', 'input': {'m': 1}})
    assert wrong.json()['faultstring'] == (
        "Invalid input [name=multiply, class=arithmetic.Multiply, missing=['n'], unexpected=['m']]"
    )


def test_broken_code_harms_nobody_else(rest: Rest) -> None:
    upload(rest, 'POST', '/code_sources?name=broken', 'class A(')
    body = {'name': 'broken', 'class_name': 'A', 'code_source_name': 'broken'}
    rest.call('POST', '/dynamic_actions', json=body)
    assert {'broken', 'std.echo'} < {action['name'] for action in rest.items('/actions')}
    run = rest.request('POST', '/action_executions', json={'name': 'broken'})
    assert run.status_code == 400
    assert "It is not valid Python: '(' was never closed" in run.json()['faultstring']
    rest.call('DELETE', '/code_sources/broken')
    assert rest.request('GET', '/dynamic_actions/broken').status_code == 404


def test_commands_of_the_client(mistral: Client, tmp_path: Path) -> None:
    file = tmp_path / 'code.py'
    file.write_text(CODE)
    created = mistral.show('code-source-create', 'mod', str(file))
    assert (created['Name'], created['Scope']) == ('mod', 'private')
    assert mistral.text('code-source-get-content', 'mod').strip() == CODE.strip()
    assert mistral.names('code-source-list').keys() == {'mod'}
    assert mistral.show('code-source-get', created['ID'])['Name'] == 'mod'

    added = mistral.show('dynamic-action-create', 'by_client', 'Multiply', 'mod')
    assert (added['Class'], added['Code source name']) == ('Multiply', 'mod')
    result = mistral.data('run-action', 'by_client', '{"n": 4}')['result']
    assert result['product'] == 8
    file.write_text(CODE.replace('by=2', 'by=5'))
    mistral.show('code-source-update', 'mod', str(file))
    assert mistral.data('run-action', 'by_client', '{"n": 4}')['result']['product'] == 20

    updated = mistral.show('dynamic-action-update', 'by_client', '--class-name', 'Ask')
    assert updated['Class'] == 'Ask'
    assert mistral.show('dynamic-action-get', 'by_client')['Class'] == 'Ask'
    assert mistral.names('dynamic-action-list').keys() == {'by_client'}
    mistral.text('dynamic-action-delete', 'by_client')
    mistral.text('code-source-delete', 'mod')
    assert 'mod' not in mistral.text('code-source-list')
