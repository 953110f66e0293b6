"""Every command of python-mistralclient, with the arguments that a user types.

What commands do to the service is told by the tests of `test_command_line_client.py`.
"""

import shlex
from collections.abc import Iterator
from string import Template
from typing import Final

import pytest

from mistral.tests.functional.service import client
from mistral.tests.functional.service.conftest import running_server
from mistral.tests.functional.service.processes import Options
from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for

WORKFLOWS: Final = """
version: '2.0'
greet:
  input: [name: Ada]
  output: {greeting: <% $.greeting %>}
  tasks:
    hello:
      action: std.echo output="Hello <% $.name %>"
      publish: {greeting: <% task().result %>}
parent: {tasks: {child: {workflow: greet}}}
mend: {tasks: {try: {action: std.noop, fail-on: true}}}
ask: {tasks: {ask: {action: std.async_noop}}}
old: {tasks: {a: {action: std.noop}}}
"""
FILES: Final = {
    'workflow': "version: '2.0'\nfresh: {tasks: {a: {action: std.noop}}}",
    'changed_workflow': "version: '2.0'\nparent: {tags: [new], tasks: {a: {action: std.noop}}}",
    'workbook': "version: '2.0'\nname: fresh_book\nactions: {a: {base: std.noop}}",
    'changed_workbook': "version: '2.0'\nname: book\ntags: [new]\nactions: {a: {base: std.noop}}",
    'action': "version: '2.0'\nfresh_action: {base: std.noop}",
    'changed_action': "version: '2.0'\nshout: {tags: [new], base: std.echo, input: [output]}",
    'environment': '{"name": "fresh_env", "variables": {"a": 1}}',
    'changed_environment': 'name: env\ndescription: changed\n',
    'code': 'from mistral_lib import actions\n\n\nclass Hello(actions.Action):\n    pass\n',
}

#: Only with authentication are there projects to share with.
NO_SHARING: Final = 'feature can only be supported with authentication enabled'

#: By command: its arguments, and what it says. `$name` is an object or a file.
COMMANDS: Final = {
    'action-create': ('$action', 'fresh_action'),
    'action-delete': ('old_action', 'Request to delete action old_action has been accepted'),
    'action-execution-delete': ('$old_run', 'has been accepted'),
    'action-execution-get': ('$action_execution', 'std.echo'),
    'action-execution-get-input': ('$action_execution', 'Hello Ada'),
    'action-execution-get-output': ('$action_execution', 'Hello Ada'),
    'action-execution-list': ('', 'std.echo'),
    'action-execution-update': ("""$waiting --state SUCCESS --output '{"a": 1}'""", 'SUCCESS'),
    'action-get': ('std.echo', 'output, delay=0'),
    'action-get-definition': ('shout', 'base: std.echo'),
    'action-list': ('', 'std.noop'),
    'action-update': ('$changed_action', 'new'),
    'action-validate': ('$action', 'True'),
    'bash-completion': ('', 'workflow-list'),
    'code-source-create': ('fresh_code $code', 'fresh_code'),
    'code-source-delete': ('old_code', 'has been accepted'),
    'code-source-get': ('code', 'code'),
    'code-source-get-content': ('code', 'class Hello'),
    'code-source-list': ('', 'code'),
    'code-source-update': ('code $code', 'code'),
    'cron-trigger-create': ("""fresh greet '{"name": "x"}' --pattern '0 0 1 1 *'""", '0 0 1 1 *'),
    'cron-trigger-delete': ('old_cron', 'has been accepted'),
    'cron-trigger-get': ('cron', 'greet'),
    'cron-trigger-list': ('', 'cron'),
    'dynamic-action-create': ('fresh_dynamic Hello code', 'Hello'),
    'dynamic-action-delete': ('old_dynamic', 'has been accepted'),
    'dynamic-action-get': ('dynamic', 'Hello'),
    'dynamic-action-list': ('', 'dynamic'),
    'dynamic-action-update': ('dynamic --class-name Hello', 'Hello'),
    'environment-create': ('$environment', 'fresh_env'),
    'environment-delete': ('old_env', 'has been accepted'),
    'environment-get': ('env', 'env'),
    'environment-list': ('', 'env'),
    'environment-update': ('$changed_environment', 'changed'),
    'event-trigger-create': ('fresh $workflow_id nova notifications x.start', 'x.start'),
    'event-trigger-delete': ('$old_event_trigger', 'has been accepted'),
    'event-trigger-get': ('$event_trigger', 'topic'),
    'event-trigger-list': ('', 'exchange'),
    'execution-create': ("""greet '{"name": "Bob"}' -d text""", 'text'),
    'execution-delete': ('$old_execution', 'has been accepted'),
    'execution-get': ('$execution', 'SUCCESS'),
    'execution-get-input': ('$child', 'Ada'),
    'execution-get-output': ('$child', 'Hello Ada'),
    'execution-get-published': ('$execution', '{}'),
    'execution-get-report': ('$execution --no-errors-only', "task 'hello' [SUCCESS]"),
    'execution-get-sub-executions': ('$execution', 'greet'),
    'execution-list': ('', 'parent'),
    'execution-update': ("$execution -d 'new text'", 'new text'),
    'member-create': ('$workflow_id workflow p2', NO_SHARING),
    'member-delete': ('$workflow_id workflow p2', NO_SHARING),
    'member-get': ('$workflow_id workflow -m p2', NO_SHARING),
    'member-list': ('$workflow_id workflow', NO_SHARING),
    'member-update': ('$workflow_id workflow -m p2', NO_SHARING),
    'run-action': ("""std.echo '{"output": "hi"}'""", '{"result": "hi"}'),
    'task-get': ('$task', 'hello'),
    'task-get-published': ('$task', 'Hello Ada'),
    'task-get-result': ('$task', 'Hello Ada'),
    'task-get-sub-executions': ('$parent_task', 'greet'),
    'task-list': ('', 'hello'),
    'task-rerun': ('$failed_task', 'try'),
    'workbook-create': ('$workbook', 'fresh_book'),
    'workbook-delete': ('old_book', 'has been accepted'),
    'workbook-get': ('book', 'book'),
    'workbook-get-definition': ('book', 'base: std.noop'),
    'workbook-list': ('', 'book'),
    'workbook-update': ('$changed_workbook', 'new'),
    'workbook-validate': ('$workbook', 'True'),
    'workflow-create': ('$workflow', 'fresh'),
    'workflow-delete': ('old', 'Request to delete workflow old has been accepted'),
    'workflow-get': ('greet', 'name="Ada"'),
    'workflow-get-definition': ('greet', 'std.echo output='),
    'workflow-list': ('', 'greet'),
    'workflow-update': ('$changed_workflow', 'new'),
    'workflow-validate': ('$workflow', 'True'),
}

#: Those that are refused.
REFUSED: Final = {name for name in COMMANDS if name.startswith('member-')}


@pytest.fixture(scope='module')
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """A server where everybody is allowed what only administrators are by default."""
    home = tmp_path_factory.mktemp('server')
    policies = home / 'policy.yaml'
    policies.write_text('"admin_only": "@"\n')
    options: Options = {
        'api': {'allow_action_execution_deletion': True},
        'oslo_policy': {'policy_file': policies},
    }
    with running_server(home, options=options) as server:
        yield server.rest


@pytest.fixture(scope='module')
def words(rest: Rest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `$name` stands for."""
    home = tmp_path_factory.mktemp('files')
    for name, text in FILES.items():
        (home / name).write_text(text)
    return {name: str(home / name) for name in FILES} | _make_objects(rest)


def _make_objects(rest: Rest) -> dict[str, str]:
    def post(path: str, **options: object) -> str:
        answer = rest.call('POST', path, **options)
        return str(answer.get('id'))

    rest.upload(WORKFLOWS)
    workflow_id = rest.call('GET', '/workflows/greet')['id']
    definitions = "version: '2.0'\nshout: {base: std.echo, input: [output]}\nold_action: "
    post('/actions', data=definitions + '{base: std.noop}')
    for name in ('book', 'old_book'):
        post('/workbooks', data=f"version: '2.0'\nname: {name}\nactions: {{b: {{base: std.noop}}}}")
    for name in ('env', 'old_env'):
        post('/environments', json={'name': name, 'variables': {'a': 1}})
    for name in ('code', 'old_code'):
        post(f'/code_sources?name={name}', data=FILES['code'])
    for name in ('dynamic', 'old_dynamic'):
        body = {'name': name, 'class_name': 'Hello', 'code_source_name': 'code'}
        post('/dynamic_actions', json=body)
    for count, name in enumerate(('cron', 'old_cron'), 1):
        body = {'name': name, 'workflow_name': 'greet', 'pattern': f'0 0 {count} 1 *'}
        post('/cron_triggers', json=body)
    what = {'exchange': 'exchange', 'topic': 'topic', 'workflow_id': workflow_id}
    triggers = [post('/event_triggers', json={**what, 'event': event}) for event in ('a', 'b')]
    run = {'name': 'std.noop', 'params': {'save_result': True}}
    old_run = post('/action_executions', json=run)
    wait_for(lambda: rest.call('GET', f'/action_executions/{old_run}')['accepted'], 'result')

    execution, failed, old = (rest.start(name) for name in ('parent', 'mend', 'old'))
    asking = rest.start('ask')
    rest.wait_until_ended([execution, failed, old])
    tree = rest.call('GET', f'/executions/{execution}/executions')['executions']
    child = tree[1]['id']
    task = rest.task(child, 'hello')['id']
    return {
        'workflow_id': workflow_id,
        'event_trigger': triggers[0],
        'old_event_trigger': triggers[1],
        'old_run': old_run,
        'execution': execution,
        'child': child,
        'old_execution': old,
        'task': task,
        'parent_task': rest.task(execution, 'child')['id'],
        'failed_task': rest.task(failed, 'try')['id'],
        'action_execution': rest.actions(task)[0]['id'],
        'waiting': rest.actions(rest.task(asking, 'ask')['id'])[0]['id'],
    }


@pytest.mark.parametrize('command', sorted(client.COMMANDS))
def test_command(rest: Rest, words: dict[str, str], command: str) -> None:
    assert command in COMMANDS, f'The client has a new command: {command}'
    arguments, said = COMMANDS[command]

    ended = client.mistral(rest.url, command, *shlex.split(Template(arguments).substitute(words)))

    assert (ended.status != 0) == (command in REFUSED), ended
    assert said in ended.output + ended.complaints


def test_there_are_no_other_commands() -> None:
    assert COMMANDS.keys() == client.COMMANDS
