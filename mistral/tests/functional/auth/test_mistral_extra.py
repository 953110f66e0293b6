"""OpenStack's actions of mistral-extra, installed unchanged, against a real Keystone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from mistral.tests.functional.auth.conftest import NO_CACHE
from mistral.tests.functional.auth.keystone_server import ADMIN, ALICE, KeystoneServer, User
from mistral.tests.functional.auth.users import UserRest
from mistral.tests.functional.service.conftest import running_server
from mistral.tests.functional.service.processes import Options, ServerProcess, run

#: The package, and clients of some of the services that it has actions for. It is not installed
#: into the environment of all tests, because every server would load its hundreds of actions.
PACKAGES: Final = ('mistral-extra>=17', 'python-novaclient', 'python-glanceclient', 'warlock')

WORKFLOW: Final = """
version: '2.0'
openstack:
  output: {names: <% $.projects.name %>}
  tasks:
    projects:
      action: keystone.projects_list
      publish: {projects: <% task().result %>}
"""


@pytest.fixture(scope='module')
def mistral_extra(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the package is installed; what else it needs is in the environment of the tests."""
    target = tmp_path_factory.mktemp('mistral-extra')
    command = [sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps']
    done = subprocess.run(
        [*command, '--target', str(target), *PACKAGES],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return str(target)


@pytest.fixture(scope='module')
def server(keystone: KeystoneServer, home: Path, mistral_extra: str) -> Iterator[ServerProcess]:
    """The whole service in one process, with the package."""
    options: Options = {
        **keystone.options,
        'keystone_authtoken': {
            **keystone.options['keystone_authtoken'],
            **NO_CACHE['keystone_authtoken'],
        },
        'openstack_actions': {'os-actions-endpoint-type': 'public'},
        # Keystone of the tests is on this machine.
        'DEFAULT': {
            'default_log_levels': (
                'workflow_trace=WARNING,mistral.executors.runner=ERROR,mistral_extra=CRITICAL'
            )
        },
    }
    known = os.environ.get('PYTHONPATH')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', os.pathsep.join([mistral_extra, *([known] if known else [])]))
        with running_server(home, options=options) as server:
            keystone.register_workflow_service(server.rest.url)
            yield server


def rest_of(server: ServerProcess, keystone: KeystoneServer, user: User) -> UserRest:
    return UserRest(server.rest.url, keystone.token(user))


def test_the_actions_are_listed(
    server: ServerProcess, keystone: KeystoneServer, home: Path
) -> None:
    """As a user types it."""
    environment = keystone.environment(ALICE)
    listed = run(home, 'mistral', 'action-list', '--limit', '-1', '-f', 'json', **environment)
    assert listed.returncode == 0, listed.stderr
    names = {action['Name'] for action in json.loads(listed.stdout)}
    assert {'keystone.projects_list', 'nova.servers_list', 'glance.images_list'} <= names
    assert len(names) > 300

    shown = run(home, 'mistral', 'action-get', 'nova.servers_list', '-f', 'json', **environment)
    assert shown.returncode == 0, shown.stderr
    assert 'search_opts=null' in json.loads(shown.stdout)['Input']
    assert 'action_region=""' in json.loads(shown.stdout)['Input']


def test_an_action_runs_as_its_caller(server: ServerProcess, keystone: KeystoneServer) -> None:
    rest = rest_of(server, keystone, ADMIN)
    rest.upload(WORKFLOW)
    id_ = rest.start('openstack')
    states = rest.wait_until_ended([id_])
    execution = rest.execution(id_)
    assert states == {id_: 'SUCCESS'}, execution['state_info']
    assert {'admin', 'first', 'second'} <= set(execution['output']['names'])


def test_and_may_do_no_more_than_that(server: ServerProcess, keystone: KeystoneServer) -> None:
    rest = rest_of(server, keystone, ALICE)
    rest.upload(WORKFLOW)
    id_ = rest.start('openstack')
    assert rest.wait_until_ended([id_]) == {id_: 'ERROR'}
    assert 'KeystoneAction.projects.list failed' in rest.execution(id_)['state_info']
    assert 'not authorized' in rest.execution(id_)['state_info']


def test_parameters_are_checked(server: ServerProcess, keystone: KeystoneServer) -> None:
    rest = rest_of(server, keystone, ADMIN)
    body = {'name': 'keystone.projects_get', 'input': '{}'}
    answer = rest.request('POST', '/action_executions', json=body)
    assert answer.status_code == 400
    assert "missing=['project']" in answer.text
