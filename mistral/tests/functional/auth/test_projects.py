"""Projects apart from each other, and what they share; what an operator's policy changes."""

import pytest

from mistral.tests.waiting import wait_for

GREET = """
version: '2.0'
{name}:
  output: {{greeting: <% $.greeting %>}}
  tasks:
    hello: {{action: std.echo output="hello", publish: {{greeting: <% task().result %>}}}}
"""

ACTION = """
version: '2.0'
{name}:
  base: std.echo
  base-input: {{output: hi}}
"""

TEXT = {'Content-Type': 'text/plain'}


def upload(user, name, scope='private'):
    path = f'/workflows?scope={scope}'
    body = GREET.format(name=name)
    answer = user.request('POST', path, data=body, headers=TEXT)
    assert answer.status_code == 201, answer.text
    return answer.json()['workflows'][0]


def names(user, path):
    return {item['name'] for item in user.items(path)}


def alice_has(alice, bob, kind):
    """The ids of what is listed to Alice, as hers, and not to Bob."""
    query = f'/{kind}?fields=id,project_id&limit=1000'
    own = {item['id'] for item in alice.items(query) if item['project_id']}
    return own and not own & {item['id'] for item in bob.items(query)}


@pytest.fixture(scope='module')
def paths(alice):
    workflow = upload(alice, 'private')
    headers = TEXT
    alice.call('POST', '/actions', data=ACTION.format(name='mine'), headers=headers)
    alice.call('POST', '/environments', json={'name': 'private', 'variables': {}})
    execution = alice.run('private')
    task = alice.task(execution['id'], 'hello')
    (action,) = alice.actions(task['id'])
    cron = {'name': 'private', 'workflow_name': 'private', 'pattern': '0 0 1 1 *'}
    trigger = alice.call('POST', '/cron_triggers', json=cron)
    return {
        f'/workflows/{workflow["id"]}': 'workflows',
        '/workflows/private': 'workflows',
        '/actions/mine': 'actions',
        '/environments/private': 'environments',
        f'/executions/{execution["id"]}': 'executions',
        f'/tasks/{task["id"]}': 'tasks',
        f'/action_executions/{action["id"]}': 'action_executions',
        f'/cron_triggers/{trigger["id"]}': 'cron_triggers',
        '/cron_triggers/private': 'cron_triggers',
    }


class TestPrivate:
    """To others there is no difference between what is not theirs and what is not there."""

    def test_is_not_there_for_others(self, alice, bob, paths):
        for path, kind in paths.items():
            assert alice.status('GET', path) == 200, path
            foreign = bob.request('GET', path)
            absent = bob.request('GET', f'/{kind}/00000000-0000-0000-0000-000000000000')
            assert foreign.status_code == absent.status_code == 404, path
            assert foreign.json().keys() == absent.json().keys()
            assert alice_has(alice, bob, kind)

    def test_cannot_be_changed_by_others(self, bob, paths):
        for path in paths:
            if not path.startswith(('/tasks', '/action_executions')):
                assert bob.status('DELETE', path) == 404, path

    def test_cannot_be_started_by_others(self, bob, paths):
        body = {'workflow_name': 'private'}
        assert bob.status('POST', '/executions', json=body) == 404

    def test_names_are_free_in_other_projects(self, bob, paths):
        upload(bob, 'private')
        assert bob.run('private')['state'] == 'SUCCESS'

    def test_administrator_sees_all_who_asks_for_it(self, admin, keystone, paths):
        first = keystone.project_ids['first']
        assert all(admin.status('GET', path) == 200 for path in paths if '/private' not in path)
        assert 'private' not in names(admin, '/workflows')
        found = list(admin.items('/workflows?all_projects=true'))
        assert first in {
            workflow['project_id'] for workflow in found if workflow['name'] == 'private'
        }

    def test_all_projects_are_for_administrators(self, alice):
        assert alice.status('GET', '/workflows?all_projects=true') == 403


class TestPublic:
    def test_only_administrators_publish(self, alice, admin):
        body = GREET.format(name='published')
        path = '/workflows?scope=public'
        assert alice.status('POST', path, data=body, headers=TEXT) == 403
        assert admin.status('POST', path, data=body, headers=TEXT) == 201

    def test_public_workflow_runs_in_the_project_of_the_caller(self, admin, bob, keystone):
        workflow = upload(admin, 'for_all', scope='public')
        assert 'for_all' in names(bob, '/workflows')
        execution = bob.run('for_all')
        assert execution['state'] == 'SUCCESS'
        assert execution['project_id'] == keystone.project_ids['second']
        assert bob.status('DELETE', f'/workflows/{workflow["id"]}') == 403


class TestSharing:
    """A workflow is offered to a project, which takes it or does not."""

    @pytest.fixture
    def workflow(self, alice, request):
        name = f'shared_{request.node.name}'
        workflow = upload(alice, name)
        yield workflow
        alice.call('DELETE', f'/workflows/{workflow["id"]}')

    @pytest.fixture
    def members(self, workflow):
        return f'/workflows/{workflow["id"]}/members'

    @pytest.fixture
    def offer(self, alice, keystone, members):
        return alice.call('POST', members, json={'member_id': keystone.project_ids['second']})

    def answer(self, user, members, keystone, status):
        path = f'{members}/{keystone.project_ids["second"]}'
        return user.status('PUT', path, json={'status': status})

    def test_offer_gives_no_access(self, bob, workflow, offer):
        assert offer['status'] == 'pending'
        assert workflow['name'] not in names(bob, '/workflows')
        body = {'workflow_id': workflow['id']}
        assert bob.status('POST', '/executions', json=body) == 404

    def test_accepted_workflow_runs_in_the_project_of_the_member(
        self, bob, keystone, workflow, members, offer
    ):
        assert self.answer(bob, members, keystone, 'accepted') == 200
        assert workflow['name'] in names(bob, '/workflows')
        started = bob.call('POST', '/executions', json={'workflow_id': workflow['id']})
        assert bob.wait_until_ended([started['id']]) == {started['id']: 'SUCCESS'}
        assert started['project_id'] == keystone.project_ids['second']
        assert bob.status('DELETE', f'/workflows/{workflow["id"]}') == 403

    def test_rejected_workflow_is_not_there(self, bob, keystone, workflow, members, offer):
        assert self.answer(bob, members, keystone, 'rejected') == 200
        assert workflow['name'] not in names(bob, '/workflows')
        assert bob.status('POST', '/executions', json={'workflow_id': workflow['id']}) == 404

    def test_owner_does_not_answer_for_the_member(self, alice, keystone, members, offer):
        assert self.answer(alice, members, keystone, 'accepted') == 404

    def test_owner_takes_it_back(self, alice, bob, keystone, workflow, members, offer):
        self.answer(bob, members, keystone, 'accepted')
        alice.call('DELETE', f'{members}/{keystone.project_ids["second"]}')
        assert bob.status('GET', f'/workflows/{workflow["id"]}') == 404


class TestPolicy:
    """A policy.yaml counts without a restart."""

    @pytest.fixture
    def write(self, home):
        path = home / 'policy.yaml'
        yield path.write_text
        path.write_text('')

    def wait_for_status(self, user, path, status):
        wait_for(lambda: user.status('GET', path) == status, f'{status} for {path}')

    def test_operator_closes_a_part(self, write, alice, admin):
        write('"environments:list": "rule:admin_only"\n')
        self.wait_for_status(alice, '/environments', 403)
        assert admin.status('GET', '/environments') == 200
        write('')
        self.wait_for_status(alice, '/environments', 200)

    def test_operator_opens_a_part_to_a_role(self, write, alice, keystone, login):
        write('"workflows:list:all_projects": "role:member"\n')
        self.wait_for_status(alice, '/workflows?all_projects=true', 200)

    def test_maintenance_is_for_administrators(self, alice, admin):
        body = {'status': 'RUNNING'}
        root = alice.url.removesuffix('/v2')
        path = '/maintenance'
        for user, status in ((alice, 403), (admin, 200)):
            original, user.url = user.url, root
            try:
                assert user.status('PUT', path, json=body) == status
            finally:
                user.url = original
