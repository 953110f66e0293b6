"""From a token to a caller: which are accepted, and what actions get to know."""

import base64
import json

import pytest

from mistral.tests.functional.auth.conftest import NO_CACHE
from mistral.tests.functional.auth.keystone_server import ADMIN, ALICE, SERVICE
from mistral.tests.functional.auth.users import UserRest
from mistral.tests.functional.service.rest import Rest

WORKFLOWS = """
version: '2.0'
whoami:
  input: [stumble: null]
  output: {me: <% $.me %>, caller: <% $.openstack %>}
  tasks:
    ask:
      action: test.whoami
      input: {stumble: <% $.stumble %>}
      retry: {count: 2, delay: 1}
      publish: {me: <% task().result %>}
parent:
  output: {me: <% $.me %>}
  tasks:
    child:
      workflow: whoami
      publish: {me: <% task().result.me %>}
patient:
  output: {me: <% $.me %>}
  tasks:
    wait: {action: std.async_noop, on-success: ask}
    ask: {action: test.whoami, publish: {me: <% task().result %>}}
"""


@pytest.fixture(scope='module')
def server_options():
    return NO_CACHE


@pytest.fixture(scope='module', autouse=True)
def _workflows(alice):
    alice.upload(WORKFLOWS)


def refusal(response):
    """The text of a refusal, which is told in three places."""
    assert response.status_code == 401, response.text
    text = response.json()['faultstring']
    assert response.headers['Server-Error-Message'] == text
    # Two headers of this name, which requests joins.
    assert response.headers['WWW-Authenticate'].startswith(f'{text}, Keystone uri="http')
    prefix, _, reason = text.partition(': ')
    assert prefix == 'Failed to validate access token'
    return reason


@pytest.mark.parametrize('path', ['/workflows', '/nope', '/executions/1'])
def test_without_a_token(server, path):
    assert refusal(server.rest.request('GET', path)) == 'Authentication required'


def test_with_a_wrong_token(server):
    assert refusal(UserRest(server.rest.url, 'wrong').request('GET', '/workflows')) == (
        'Auth token is invalid'
    )


def test_revoked_token(login, keystone):
    user = login(ALICE)
    user.call('GET', '/workflows')
    keystone.revoke(user.token)
    assert refusal(user.request('GET', '/workflows')) == 'Auth token is invalid'


def test_token_without_a_project(server, keystone):
    user = UserRest(server.rest.url, keystone.unscoped_token(ALICE))
    assert refusal(user.request('GET', '/workflows')) == 'The token is not scoped to a project'


def test_open_paths_need_no_token(server):
    root = Rest(server.rest.url.removesuffix('/v2'))
    assert root.request('GET', '/').status_code == 200
    assert root.request('GET', '/v2/').status_code == 200
    assert root.request('GET', '/maintenance').status_code == 401


def test_headers_of_the_request_say_nothing(server, alice, keystone):
    forged = {
        'X-Identity-Status': 'Confirmed',
        'X-Service-Identity-Status': 'Confirmed',
        'X-Project-Id': keystone.project_ids['second'],
        'X-User-Id': keystone.user_ids['admin'],
        'X-Roles': 'admin',
        'X-Service-Roles': 'service',
    }
    answer = server.rest.request('GET', '/workflows', headers=forged)
    assert refusal(answer) == 'Authentication required'
    body = {'name': 'mine', 'variables': {}}
    created = alice.call('POST', '/environments', json=body, headers=forged)
    assert created['project_id'] == keystone.project_ids['first']
    public = {'name': 'public', 'variables': {}, 'scope': 'public'}
    assert alice.status('POST', '/environments', json=public, headers=forged) == 403


def test_service_may_ask_for_itself(server, keystone):
    rest = server.rest
    body = {'name': 'of the service', 'variables': {}}
    headers = {'X-Service-Token': keystone.token(SERVICE)}
    created = rest.call('POST', '/environments', json=body, headers=headers)
    assert created['project_id'] == keystone.project_ids['service']
    # What is no token of a service does not count as one.
    headers = {'X-Service-Token': keystone.token(ALICE)}
    assert refusal(rest.request('GET', '/environments', headers=headers))


@pytest.mark.parametrize('workflow', ['whoami', 'parent'])
def test_actions_get_the_token_of_the_caller(alice, keystone, workflow):
    me = alice.run(workflow)['output']['me']
    assert (me['user'], me['projects']) == ('alice', ['first'])
    assert me['context']['project_id'] == keystone.project_ids['first']
    assert me['context']['user_name'] == 'alice'
    assert me['context']['is_trust_scoped'] is False
    assert 'identity' in me['context']['catalog']


def test_action_that_is_repeated_gets_it_too(alice, tmp_path):
    execution = alice.run('whoami', stumble=str(tmp_path / 'once'))
    assert execution['output']['me']['user'] == 'alice'


@pytest.mark.parametrize('run_sync', [True, False])
def test_action_that_is_run_on_its_own_gets_it_too(alice, run_sync):
    params = {'run_sync': run_sync, 'save_result': True}
    action = alice.call(
        'POST', '/action_executions', json={'name': 'test.whoami', 'params': params}
    )
    while action['state'] == 'RUNNING':
        action = alice.call('GET', f'/action_executions/{action["id"]}')
    assert json.loads(action['output'])['result']['user'] == 'alice'


def test_workflows_see_no_secrets(alice, home):
    execution = alice.run('whoami')
    caller = execution['output']['caller']
    assert (caller['user_name'], caller['project_name']) == ('alice', 'first')
    assert caller['auth_token'] == caller['service_catalog'] == '***'
    assert (caller['is_admin'], caller['is_trust_scoped']) == (False, False)
    for path in ('mistral.sqlite', 'mistral.sqlite-wal', 'server.log'):
        assert alice.token.encode() not in (home / path).read_bytes()


def test_caller_is_kept_as_long_as_the_workflow_runs(server, alice):
    """A server that is killed and started again knows whom its actions run as."""
    id_ = alice.start('patient')
    server.kill()
    server.start()
    alice.url = server.rest.url
    (waiting,) = alice.actions(alice.task(id_, 'wait')['id'])
    alice.answer(waiting['id'])
    assert alice.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert alice.execution(id_)['output']['me']['user'] == 'alice'


def test_who_resumes_an_execution_brings_a_new_token(login, keystone):
    first, second, admin = login(ALICE), login(ALICE), login(ADMIN)
    id_ = first.start('patient')
    first.call('PUT', f'/executions/{id_}', json={'state': 'PAUSED'})
    keystone.revoke(first.token)
    second.call('PUT', f'/executions/{id_}', json={'state': 'RUNNING'})
    # An administrator may do that, too, but the tenant's actions do not become his.
    second.call('PUT', f'/executions/{id_}', json={'state': 'PAUSED'})
    admin.call('PUT', f'/executions/{id_}', json={'state': 'RUNNING'})
    (waiting,) = second.actions(second.task(id_, 'wait')['id'])
    second.answer(waiting['id'])
    assert second.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert second.execution(id_)['output']['me']['user'] == 'alice'


def test_who_repeats_a_task_brings_a_new_token(login, keystone):
    first, second = login(ALICE), login(ALICE)
    id_ = first.start('patient')
    keystone.revoke(first.token)
    (waiting,) = second.actions(second.task(id_, 'wait')['id'])
    second.answer(waiting['id'])
    assert second.wait_until_ended([id_]) == {id_: 'ERROR'}
    failed = second.task(id_, 'ask')
    assert '401' in failed['state_info']
    body = {'id': failed['id'], 'state': 'RUNNING', 'reset': True}
    second.call('PUT', f'/tasks/{failed["id"]}', json=body)
    assert second.wait_until_ended([id_]) == {id_: 'SUCCESS'}


class TestTargetCloud:
    """`X-Target-*`: actions run elsewhere, rows stay where they are."""

    @pytest.fixture
    def headers(self, keystone):
        """The same Keystone stands for another one."""
        return {
            'X-Target-Auth-Uri': keystone.url,
            'X-Target-Auth-Token': keystone.token(ADMIN),
            'X-Target-Project-Id': keystone.project_ids['admin'],
            'X-Target-User-Id': keystone.user_ids['admin'],
            'X-Target-User-Name': 'the admin',
            'X-Target-Region-Name': 'Elsewhere',
            'X-Target-Service-Catalog': base64.b64encode(
                json.dumps({'catalog': [{'type': 'fantasy'}]}).encode()
            ).decode(),
        }

    def test_actions_get_what_belongs_there(self, alice, keystone, headers):
        body = {'workflow_name': 'whoami'}
        started = alice.call('POST', '/executions', json=body, headers=headers)
        alice.wait_until_ended([started['id']])
        me = alice.execution(started['id'])['output']['me']
        assert (me['user'], me['projects']) == ('admin', ['admin'])
        assert me['context'] == {
            'project_id': keystone.project_ids['admin'],
            'user_name': 'the admin',
            'region_name': 'Elsewhere',
            'trust_id': None,
            'is_trust_scoped': False,
            'is_target': True,
            'catalog': ['fantasy'],
        }

    def test_rows_belong_to_the_project_of_the_token(self, alice, bob, keystone, headers):
        body = {'name': 'here', 'variables': {}}
        created = alice.call('POST', '/environments', json=body, headers=headers)
        assert created['project_id'] == keystone.project_ids['first']
        foreign = {**headers, 'X-Target-Project-Id': keystone.project_ids['first']}
        assert bob.status('GET', '/environments/here', headers=foreign) == 404

    @pytest.mark.parametrize(
        ('changes', 'message'),
        [
            (
                {'X-Target-Auth-Token': None},
                'Target auth URI (X-Target-Auth-Uri) target auth token',
            ),
            ({'X-Target-Insecure': 'yes'}, 'X-Target-Insecure must be either "True", "False" or'),
            ({'X-Target-Service-Catalog': '!'}, 'X-Target-Service-Catalog must be JSON encoded'),
        ],
    )
    def test_what_makes_no_sense(self, alice, headers, changes, message):
        answer = alice.request('GET', '/workflows', headers={**headers, **changes})
        assert answer.status_code == 400
        assert answer.json()['faultstring'].startswith(message)
