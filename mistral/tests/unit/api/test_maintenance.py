"""`/maintenance`, and what is refused meanwhile."""

import pytest

from mistral.api.hooks import MaintenanceHook
from mistral.db.store import maintenance
from mistral.services.maintenance import Maintenance

PATH = '/maintenance'


def put(api, wanted, **options):
    return api.request('PUT', PATH, json={'status': wanted}, **options)


def set_status(api, status):
    with api.database.transaction() as conn:
        maintenance.change_status(conn, maintenance.status(conn), status)


def test_statuses_follow_each_other(api):
    assert api.get(PATH) == {'status': 'RUNNING'}
    for wanted, expected in (
        ('RUNNING', 'RUNNING'),
        ('PAUSED', 'PAUSING'),
        ('PAUSED', 'PAUSING'),
        ('RUNNING', 'RUNNING'),
        ('PAUSED', 'PAUSING'),
    ):
        assert put(api, wanted, status=200).json == {'status': expected}
        assert api.get(PATH) == {'status': expected}
    set_status(api, 'PAUSED')
    assert put(api, 'PAUSED', status=200).json == {'status': 'PAUSED'}
    assert put(api, 'RUNNING', status=200).json == {'status': 'RUNNING'}


@pytest.mark.parametrize(
    ('body', 'message'),
    [
        ({'status': 'PAUSING'}, 'PAUSING is intermediate state. Consider PAUSED, RUNNING as new'),
        ({'status': 'x'}, "Not found x maintenance state. List of states: ['PAUSING', 'PAUSED', "),
        ({}, 'Not found Unset maintenance state'),
        ({'foo': 1}, 'Unknown attribute for argument new_maintenance_status: foo'),
        (None, 'Missing argument: "new_maintenance_status"'),
    ],
)
def test_what_cannot_be_asked_for(api, body, message):
    assert message in api.fault('PUT', PATH, 400, json=body)
    assert api.get(PATH) == {'status': 'RUNNING'}


def test_other_methods_and_paths(api):
    assert api.request('DELETE', PATH, status=405).headers['Allow'] == 'GET, PUT'
    api.request('PUT', f'{PATH}/x', status=404)
    api.get(f'{PATH}/')


class Tokens:
    """Takes the token for the role."""

    def authenticate(self, request):
        request.headers['X-Roles'] = request.headers['X-Auth-Token']


def test_with_authentication_it_takes_an_administrator(make_api):
    api = make_api(Tokens(), auth_enable=True)
    api.request('GET', PATH, status=401)
    put(api, 'PAUSED', status=403, headers={'X-Auth-Token': 'member'})
    put(api, 'PAUSED', status=200, headers={'X-Auth-Token': 'admin'})
    assert api.get(PATH, headers={'X-Auth-Token': 'member'}) == {'status': 'PAUSING'}
    # Who is nobody is told that first.
    api.request('POST', '/v2/workflows', status=401)


@pytest.mark.parametrize('status', ['PAUSING', 'PAUSED'])
class TestRefusals:
    @pytest.fixture(autouse=True)
    def _status(self, api, status):
        set_status(api, status)

    @pytest.mark.parametrize(
        ('method', 'path'),
        [
            ('POST', '/v2/executions'),
            ('DELETE', '/v2/executions/x'),
            ('POST', '/v2/workflows'),
            ('POST', '/v2/workflows/validate'),
            ('PUT', '/v2/tasks/x'),
            ('POST', '/v2/action_executions'),
            ('DELETE', '/v2/action_executions/x'),
            ('POST', '/v2/nothing'),
        ],
    )
    def test_changes_are_locked(self, api, status, method, path):
        answer = api.request(method, path, status=423)
        message = f'Current Mistral state is {status}. Method is not allowed'
        assert answer.json['faultstring'] == message
        assert answer.headers['Server-Error-Message'] == message

    @pytest.mark.parametrize('path', ['/', '/v2/', '/v2/workflows', '/maintenance'])
    def test_reading_is_not(self, api, status, path):
        api.get(path)

    def test_the_root_is_not(self, api, status):
        api.request('POST', '/v2/', status=200)

    def test_results_are_taken_while_others_are_awaited(self, api, status):
        expected = {'PAUSING': 404, 'PAUSED': 423}[status]
        api.request('PUT', '/v2/action_executions/x', status=expected, json={'state': 'SUCCESS'})

    def test_executions_can_be_cancelled(self, api, status):
        row = api.insert('executions', state='PAUSED')
        api.engine.answers['stop_workflow'] = row
        body = {'state': 'CANCELLED', 'state_info': "it's enough"}
        api.request('PUT', f'/v2/executions/{row["id"]}', status=200, json=body)
        assert api.engine.calls[-1][0] == 'stop_workflow'

    @pytest.mark.parametrize(
        'text', ['{"state": "RUNNING"}', '{"description": "CANCELLED"}', '["state"]', "{'x", '']
    )
    def test_but_not_changed_otherwise(self, api, status, text):
        headers = {'Content-Type': 'application/json'}
        api.request('PUT', '/v2/executions/x', status=423, text=text, headers=headers)


def test_reading_asks_no_database(database):
    class Untouched(Maintenance):
        def status(self):
            raise AssertionError

    class Request:
        method = 'GET'
        path_info = '/v2/workflows'

    class State:
        request = Request

    MaintenanceHook(Untouched(database), 1).on_route(State)
