"""Clients as users type them: the library, `mistral` and `openstack workflow`."""

import json

import pytest
from keystoneauth1.identity import v3
from keystoneauth1.session import Session
from mistralclient.api.client import client

from mistral.tests.functional.auth.keystone_server import ADMIN, ALICE, BOB, DOMAIN
from mistral.tests.functional.service.processes import run
from mistral.tests.waiting import wait_for

WORKFLOW = """
version: '2.0'
greet:
  input: [name]
  output: {greeting: <% $.greeting %>}
  tasks:
    hello:
      action: std.echo output="Hello <% $.name %>"
      publish: {greeting: <% task().result %>}
"""


class Shell:
    """A user's shell with an openrc file; both clients find the service in the catalog."""

    def __init__(self, home, keystone, user):
        self._home = home
        self._variables = keystone.environment(user)

    def run(self, *command):
        return run(self._home, *command, **self._variables)

    def text(self, *command):
        ended = self.run(*command)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def data(self, *command):
        return json.loads(self.text(*command, '-f', 'json'))


@pytest.fixture
def shell(server, keystone, tmp_path):
    return lambda user: Shell(tmp_path, keystone, user)


@pytest.fixture
def definition(tmp_path):
    path = tmp_path / 'greet.yaml'
    path.write_text(WORKFLOW)
    return str(path)


def test_openstack_workflow(shell, definition, keystone, login):
    alice = shell(ALICE)
    (created,) = alice.data('openstack', 'workflow', 'create', definition)
    assert (created['Name'], created['Project ID']) == ('greet', keystone.project_ids['first'])
    command = ('openstack', 'workflow', 'execution')
    started = alice.data(*command, 'create', 'greet', '{"name": "Ada"}')
    assert login(ALICE).wait_until_ended([started['ID']]) == {started['ID']: 'SUCCESS'}
    output = alice.text(*command, 'output', 'show', started['ID'])
    assert json.loads(output)['greeting'] == 'Hello Ada'
    seen_by_bob = shell(BOB).data('openstack', 'workflow', 'list')
    assert 'greet' not in {row['Name'] for row in seen_by_bob}
    alice.text('openstack', 'workflow', 'delete', 'greet')


def test_mistral_command(shell, definition, keystone, login):
    alice, bob, admin = shell(ALICE), shell(BOB), shell(ADMIN)
    (created,) = alice.data('mistral', 'workflow-create', definition)
    member = alice.data(
        'mistral', 'member-create', created['ID'], 'workflow', keystone.project_ids['second']
    )
    assert member['Status'] == 'pending'
    answer = ('-s', 'accepted', '-m', keystone.project_ids['second'])
    accepted = bob.data('mistral', 'member-update', created['ID'], 'workflow', *answer)
    assert accepted['Status'] == 'accepted'
    started = bob.data('mistral', 'execution-create', created['ID'], '{"name": "Bob"}')
    assert login(BOB).wait_until_ended([started['ID']]) == {started['ID']: 'SUCCESS'}
    refused = bob.run('mistral', 'workflow-delete', created['ID'])
    assert refused.returncode != 0
    assert 'Can not access WorkflowDefinition resource of other projects' in refused.stdout
    admin.text('mistral', 'workflow-delete', created['ID'])


def test_library_with_a_session(server, keystone):
    """As dashboards and other services use it."""
    auth = v3.Password(
        keystone.url,
        username=ALICE.name,
        password=ALICE.password,
        user_domain_name=DOMAIN,
        project_name=ALICE.project,
        project_domain_name=DOMAIN,
    )
    mistral = client(session=Session(auth=auth), mistral_url=server.rest.url)
    (workflow,) = mistral.workflows.create(WORKFLOW)
    execution = mistral.executions.create(workflow.id, workflow_input={'name': 'you'})

    def output():
        found = mistral.executions.get(execution.id)
        return found.state == 'SUCCESS' and json.loads(found.output)

    assert wait_for(output, 'output')['greeting'] == 'Hello you'
    mistral.workflows.delete(workflow.id)


def test_library_with_a_token(server, keystone):
    mistral = client(
        mistral_url=server.rest.url,
        auth_token=keystone.token(ALICE),
        project_id=keystone.project_ids['first'],
        auth_url=keystone.url,
    )
    assert mistral.workflows.list() == []
