"""The package that `tools/plugin-template` makes: installed, and used through a running server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from cookiecutter.main import cookiecutter

from mistral.tests.functional.cluster.cluster import running_cluster, variables_for_plugins
from mistral.tests.functional.service.conftest import running_server
from mistral.tests.functional.service.processes import Options, ServerProcess, run
from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for

TEMPLATE: Final = Path(__file__).parents[4] / 'tools' / 'plugin-template'

SECRET: Final = 'for members only'

#: Uses what the configuration chooses: executor, scheduler and JavaScript engine.
WORKFLOW: Final = """
version: '2.0'
everything:
  output: {text: <% $.text %>, loud: <% $.loud %>}
  tasks:
    greet:
      action: acme.greet name="Ada"
      wait-before: 1
      publish: {text: <% task().result.text %>}
      on-success: shout
    shout:
      action: std.js
      input: {script: 'return shout($)', context: <% $.text %>}
      publish: {loud: <% task().result %>}
"""


@pytest.fixture(scope='module')
def installed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the package of the template is installed."""
    home = tmp_path_factory.mktemp('template')
    project = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        output_dir=str(home),
        default_config=True,
        extra_context={'package': 'acme-mistral', 'prefix': 'acme'},
    )
    target = home / 'installed'
    command = [sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps', '--no-index']
    done = subprocess.run(
        [*command, '--no-build-isolation', '--target', str(target), project],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return str(target)


@pytest.fixture(scope='module')
def server(tmp_path_factory: pytest.TempPathFactory, installed: str) -> Iterator[ServerProcess]:
    home = tmp_path_factory.mktemp('server')
    options: Options = {
        'DEFAULT': {
            'auth_type': 'acme',
            'scheduler_type': 'acme',
            'js_implementation': 'acme',
            'default_log_levels': 'workflow_trace=WARNING',
        },
        'executor': {'type': 'acme'},
        'pecan': {'auth_enable': True},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', installed)
        patch.setenv('PLUGIN_SECRET', SECRET)
        url = f'sqlite:///{home}/mistral.sqlite'
        for command in (['upgrade', 'head'], ['populate']):
            done = run(home, 'mistral-db-manage', *command, OS_DATABASE__CONNECTION=url)
            assert done.returncode == 0, done.stderr
        with running_server(home, url, options) as server:
            yield server


@pytest.fixture(scope='module')
def rest(server: ServerProcess) -> Rest:
    rest = server.rest
    rest.headers.update({'X-Auth-Token': SECRET, 'X-Project-Id': 'mine'})
    return rest


def outcome(rest: Rest, workflow: str, **input_: Any) -> dict[str, Any]:
    id_ = rest.start(workflow, input_)
    assert rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}, rest.execution(id_)['state_info']
    return rest.execution(id_)['output']


def test_authentication(server: ServerProcess, rest: Rest) -> None:
    stranger = Rest(rest.url)
    assert stranger.request('GET', '/workflows').status_code == 401
    assert rest.request('GET', '/workflows').status_code == 200


def test_actions_are_described(rest: Rest) -> None:
    actions = {action['name']: action for action in rest.items('/actions')}
    assert actions['acme.greet']['input'] == 'name, mark="!"'
    assert actions['acme.greet']['description'].startswith('Greets somebody.')
    assert actions['acme.order']['input'] == 'item'
    assert actions['acme.greet.it']['input'] == 'name, mark="!"'


def test_its_workflow_uses_action_provider_and_function(rest: Rest) -> None:
    """The workflow itself comes from `populate`."""
    assert outcome(rest, 'acme_welcome', name='Ada Lovelace') == {
        'texts': ['Hello, Ada Lovelace!', 'Bonjour, Ada Lovelace!'],
        'initials': 'AL',
    }


def test_executor_scheduler_and_javascript_engine(server: ServerProcess, rest: Rest) -> None:
    rest.upload(WORKFLOW)
    assert outcome(rest, 'everything') == {'text': 'Hello, Ada!', 'loud': 'HELLO, ADA!!'}
    assert 'An action has a thread of its own.' in server.log
    assert ' is due.' in server.log


def test_a_run_that_is_not_stored(rest: Rest) -> None:
    body = {'name': 'acme.greet', 'input': json.dumps({'name': 'Bob', 'mark': '?'})}
    action = rest.call('POST', '/action_executions', json=body)
    assert json.loads(action['output'])['result']['text'] == 'Hello, Bob?'


def test_publisher(server: ServerProcess, rest: Rest) -> None:
    notify = [{'type': 'acme_log', 'prefix': 'night run'}]
    id_ = rest.start('acme_welcome', {'name': 'Ada'}, notify=notify)
    rest.wait_until_ended([id_])
    wait_for(lambda: 'night run WORKFLOW_SUCCEEDED: acme_welcome is SUCCESS' in server.log, 'event')


def test_beside_engines_of_their_own(tmp_path: Path, installed: str) -> None:
    """Each engine of a cluster has the executor and the scheduler; there are no others."""
    options: Options = {
        'DEFAULT': {'scheduler_type': 'acme', 'js_implementation': 'acme'},
        'executor': {'type': 'acme'},
    }
    counts = {'engine': 2, 'scheduler': 1, 'api': 1}
    variables = variables_for_plugins(Path(installed))
    with running_cluster(tmp_path, 'kombu', 'postgresql', counts, options, variables) as cluster:
        rest = cluster.rest
        rest.upload(WORKFLOW)
        ids = [rest.start('everything') for _ in range(6)]
        assert rest.wait_until_ended(ids) == dict.fromkeys(ids, 'SUCCESS')
        body = {'name': 'acme.greet', 'input': json.dumps({'name': 'Bob'})}
        action = rest.call('POST', '/action_executions', json=body)
        assert json.loads(action['output'])['result']['text'] == 'Hello, Bob!'
        log = ''.join(cluster[f'engine-{number}'].log for number in (1, 2))
        assert log.count('An action has a thread of its own.') == 2 * len(ids) + 1
        assert log.count(' is due.') >= len(ids)
        assert cluster.tracebacks == {}
