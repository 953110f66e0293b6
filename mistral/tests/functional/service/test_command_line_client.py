"""The commands of python-mistralclient, as it comes, against a server without authentication."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from mistral.tests.functional.service.client import mistral
from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for

PAIR: Final = """
version: '2.0'
first:
  tags: [polite]
  input: [name: world]
  tasks:
    hello: {action: std.echo output="Hello <% $.name %>"}
second:
  tasks:
    call: {workflow: first}
"""

GREETING: Final = """
version: '2.0'
greet:
  input: [name: world]
  output: {greeting: <% $.greeting %>}
  tasks:
    hello:
      action: std.echo output="Hello <% $.name %>"
      publish:
        greeting: <% task().result %>
wrap:
  tasks:
    call: {workflow: greet name="moon"}
"""

BROKEN: Final = """
version: '2.0'
mend:
  tasks:
    try:
      action: std.noop
      fail-on: <% env().get(broken, true) %>
"""

WORKBOOK: Final = """
version: '2.0'
name: book
description: A workflow and an action of its own.
actions:
  shout:
    base: std.echo
    base-input: {output: <% $.text.toUpper() %>}
    input: [text]
workflows:
  main:
    tasks:
      a: {action: shout text="hey", publish: {said: <% task().result %>}}
"""

QUESTION: Final = """
version: '2.0'
ask:
  output: {answer: <% $.answer %>}
  tasks:
    ask: {action: std.async_noop, publish: {answer: <% task().result %>}}
"""

Write = Callable[[str], str]


class Client:
    """The client of a user. Each command must succeed."""

    def __init__(self, url: str) -> None:
        self._url = url

    def text(self, command: str, *arguments: str) -> str:
        """What a command prints."""
        ended = mistral(self._url, command, *arguments)
        assert ended.status == 0, ended.complaints
        return ended.output

    def refusal(self, command: str, *arguments: str) -> str:
        """What a command complains about that must fail."""
        ended = mistral(self._url, command, *arguments)
        assert ended.status != 0, ended.output
        return ended.complaints

    def data(self, command: str, *arguments: str) -> Any:
        """What a command prints that prints JSON by itself."""
        return json.loads(self.text(command, *arguments))

    def show(self, command: str, *arguments: str) -> Any:
        """The columns, or the rows with columns, of a command that prints tables."""
        return self.data(command, *arguments, '-f', 'json')

    def names(self, command: str, *arguments: str) -> dict[str, dict[str, Any]]:
        """The rows of a table by their names."""
        return {row['Name']: row for row in self.show(command, *arguments)}


@pytest.fixture(name='mistral')
def _mistral(rest: Rest) -> Client:
    return Client(rest.url)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file and gives its path."""

    def write(text: str) -> str:
        path = tmp_path / 'definition'
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture(scope='module')
def greeting(rest: Rest) -> None:
    rest.upload(GREETING)


def test_workflows(mistral: Client, write: Write) -> None:
    file = write(PAIR)
    assert mistral.show('workflow-validate', file) == {'Valid': True, 'Error': None}
    created = mistral.names('workflow-create', file)
    assert created.keys() == {'first', 'second'}
    assert (created['first']['Tags'], created['first']['Input']) == ('polite', 'name="world"')
    assert mistral.names('workflow-list')['first']['ID'] == created['first']['ID']
    assert mistral.show('workflow-get', 'first')['Scope'] == 'private'
    assert 'std.echo output=' in mistral.text('workflow-get-definition', 'first')

    updated = mistral.names('workflow-update', write(PAIR.replace('polite', 'kind')))
    assert updated['first']['Tags'] == 'kind'
    assert updated['first']['ID'] == created['first']['ID']

    broken = mistral.show('workflow-validate', write(PAIR.replace('action:', 'acton:')))
    assert broken['Valid'] is False
    assert 'acton' in broken['Error']

    mistral.text('workflow-delete', 'second', 'first')
    assert not mistral.names('workflow-list').keys() & {'first', 'second'}


@pytest.mark.usefixtures('greeting')
def test_executions(mistral: Client, rest: Rest) -> None:
    started = mistral.show('execution-create', 'wrap', '-d', 'for a test')
    id_ = started['ID']
    assert (started['Workflow name'], started['Description']) == ('wrap', 'for a test')
    rest.wait_until_ended([id_])
    shown = mistral.show('execution-get', id_)
    assert (shown['State'], shown['Root Execution ID']) == ('SUCCESS', '<none>')
    assert id_ in {row['ID'] for row in mistral.show('execution-list')}

    tree = mistral.show('execution-get-sub-executions', id_)
    (child,) = (row for row in tree if row['Root Execution ID'] == id_)
    assert mistral.data('execution-get-input', child['ID']) == {'name': 'moon'}
    assert mistral.data('execution-get-output', child['ID']) == {'greeting': 'Hello moon'}

    report = mistral.text('execution-get-report', id_, '--no-errors-only')
    assert "workflow 'wrap' [SUCCESS]" in report
    assert "task 'hello' [SUCCESS]" in report

    described = mistral.show('execution-update', id_, '-d', 'done')
    assert described['Description'] == 'done'
    mistral.text('execution-delete', id_)
    assert id_ not in {execution['id'] for execution in rest.executions()}


@pytest.mark.usefixtures('greeting')
def test_tasks_and_their_actions(mistral: Client, rest: Rest) -> None:
    id_ = rest.start('greet')
    rest.wait_until_ended([id_])
    (task,) = mistral.show('task-list', id_)
    assert (task['Name'], task['Workflow name'], task['State']) == ('hello', 'greet', 'SUCCESS')
    assert mistral.show('task-get', task['ID'])['State'] == 'SUCCESS'
    assert mistral.data('task-get-result', task['ID']) == 'Hello world'
    assert mistral.data('task-get-published', task['ID']) == {'greeting': 'Hello world'}

    (action,) = mistral.show('action-execution-list', task['ID'])
    assert (action['Name'], action['State']) == ('std.echo', 'SUCCESS')
    assert mistral.show('action-execution-get', action['ID'])['Task name'] == 'hello'
    assert mistral.data('action-execution-get-output', action['ID']) == {'result': 'Hello world'}


def test_results_from_outside(mistral: Client, rest: Rest) -> None:
    rest.upload(QUESTION)
    id_ = rest.start('ask')
    assert mistral.show('execution-update', id_, '-s', 'PAUSED')['State'] == 'PAUSED'
    assert mistral.show('execution-update', id_, '-s', 'RUNNING')['State'] == 'RUNNING'
    (action,) = rest.actions(rest.task(id_, 'ask')['id'])
    result = ('--state', 'SUCCESS', '--output', '{"a": 42}')
    mistral.show('action-execution-update', action['id'], *result)
    rest.wait_until_ended([id_])
    assert rest.execution(id_)['output'] == {'answer': {'a': 42}}


def test_a_failed_task_runs_again(mistral: Client, rest: Rest) -> None:
    rest.upload(BROKEN)
    id_ = rest.start('mend')
    assert rest.wait_until_ended([id_]) == {id_: 'ERROR'}
    task = rest.task(id_, 'try')
    mistral.show('task-rerun', task['id'], '--env', '{"broken": false}')
    wait_for(lambda: rest.execution(id_)['state'] == 'SUCCESS', 'success')


def test_actions(mistral: Client) -> None:
    assert mistral.names('action-list').keys() >= {'std.echo', 'std.fail', 'std.http', 'std.noop'}
    shown = mistral.show('action-get', 'std.echo')
    assert (shown['Input'], shown['Is system']) == ('output, delay=0', True)
    assert mistral.data('run-action', 'std.echo', '{"output": [1]}') == {'result': [1]}
    stored = mistral.show('run-action', 'std.echo', '{"output": 5}', '--save-result')
    output = wait_for(lambda: mistral.data('action-execution-get-output', stored['ID']), 'output')
    assert output == {'result': 5}


def test_environments(mistral: Client, write: Write) -> None:
    file = write('{"name": "env", "description": "one", "variables": {"a": 1}}')
    assert mistral.show('environment-create', file)['Name'] == 'env'
    assert mistral.names('environment-list')['env']['Description'] == 'one'
    assert json.loads(mistral.show('environment-get', 'env')['Variables']) == {'a': 1}
    file = write('name: env\ndescription: two\nvariables: {b: 2}\n')
    assert mistral.show('environment-update', file)['Description'] == 'two'
    assert json.loads(mistral.show('environment-get', 'env')['Variables']) == {'b': 2}
    mistral.text('environment-delete', 'env')
    assert 'env' not in mistral.text('environment-list')


@pytest.mark.usefixtures('greeting')
def test_cron_triggers(mistral: Client, rest: Rest) -> None:
    created = mistral.show('cron-trigger-create', 'yearly', 'greet', '--pattern', '0 0 1 1 *')
    assert (created['Workflow'], created['Pattern']) == ('greet', '0 0 1 1 *')
    shown = mistral.show('cron-trigger-get', 'yearly')
    assert shown['Next execution time'].endswith('-01-01 00:00:00')
    soon = ('--pattern', '* * * * * *', '--count', '1', '--params', '{"env": {"k": "v"}}')
    mistral.show('cron-trigger-create', 'once', 'greet', '{"name": "cron"}', *soon)

    def started() -> list[str]:
        return [
            execution['id']
            for execution in rest.executions('SUCCESS')
            if rest.execution(execution['id'])['input'] == {'name': 'cron'}
        ]

    (id_,) = wait_for(started, 'execution')
    assert rest.execution(id_)['params']['env'] == {'k': 'v'}
    wait_for(lambda: mistral.names('cron-trigger-list').keys() == {'yearly'}, 'end of the other')
    mistral.text('cron-trigger-delete', 'yearly')
    assert 'yearly' not in mistral.text('cron-trigger-list')


@pytest.mark.usefixtures('greeting')
def test_event_triggers(mistral: Client) -> None:
    workflow_id = mistral.show('workflow-get', 'greet')['ID']
    what = ('openstack', 'notification', 'compute.instance.create.end')
    created = mistral.show('event-trigger-create', 'vm', workflow_id, *what, '{"name": "vm"}')
    assert (created['Workflow ID'], created['Event']) == (workflow_id, what[2])
    assert mistral.show('event-trigger-get', created['ID'])['Exchange'] == 'openstack'
    assert mistral.names('event-trigger-list')['vm']['Topic'] == 'notification'
    mistral.text('event-trigger-delete', created['ID'])
    assert 'vm' not in mistral.text('event-trigger-list')


@pytest.mark.usefixtures('greeting')
def test_members_need_authentication(mistral: Client) -> None:
    workflow_id = mistral.show('workflow-get', 'greet')['ID']
    for command in (
        ('member-create', workflow_id, 'workflow', 'p2'),
        ('member-list', workflow_id, 'workflow'),
        ('member-get', workflow_id, 'workflow', '-m', 'p2'),
        ('member-update', workflow_id, 'workflow', '-m', 'p2'),
    ):
        assert 'only be supported with authentication enabled' in mistral.refusal(*command)
    mistral.refusal('member-delete', workflow_id, 'workflow', 'p2')


def test_workbooks(mistral: Client, write: Write, rest: Rest) -> None:
    file = write(WORKBOOK)
    assert mistral.show('workbook-validate', file) == {'Valid': True, 'Error': None}
    assert mistral.show('workbook-create', file)['Name'] == 'book'
    assert mistral.show('workbook-get', 'book')['Tags'] == '<none>'
    assert 'base: std.echo' in mistral.text('workbook-get-definition', 'book')
    mistral.show('workbook-update', write(WORKBOOK.replace('hey', 'there')))
    assert mistral.names('workbook-list').keys() == {'book'}

    id_ = rest.start('book.main')
    rest.wait_until_ended([id_])
    assert rest.task(id_, 'a')['published'] == {'said': 'THERE'}
    mistral.text('workbook-delete', 'book')
    assert 'book' not in mistral.text('workbook-list')
