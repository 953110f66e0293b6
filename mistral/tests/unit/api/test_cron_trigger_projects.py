"""`/v2/cron_triggers` of several projects: who sees, deletes and runs what."""

from datetime import datetime

import pytest

from mistral.tests.unit.api.conftest import ADMIN
from mistral.tests.unit.api.test_authentication import TokenIsProject, as_project

PATH = '/v2/cron_triggers'
WORKFLOW = "version: '2.0'\nwf: {tasks: {t: {action: std.noop}}}"
TRIGGER = {'name': 'ct', 'workflow_name': 'wf', 'pattern': '@daily'}


@pytest.fixture(autouse=True)
def workflow(api):
    (created,) = api.request('POST', '/v2/workflows', text=WORKFLOW).json['workflows']
    return created


@pytest.fixture
def theirs(api, workflow):
    def theirs(**values):
        return api.insert(
            'cron_triggers',
            'p2',
            workflow_id=workflow['id'],
            next_execution_time=datetime.fromisoformat('2030-01-01'),
            **{'name': 'theirs', **values},
        )

    return theirs


def test_private_ones_are_not_there(api, theirs):
    id_ = theirs()['id']

    assert api.get(PATH) == {'cron_triggers': []}
    for identifier in ('theirs', id_):
        api.get(f'{PATH}/{identifier}', status=404)
        api.request('DELETE', f'{PATH}/{identifier}', status=404)


def test_public_ones_can_be_read_only(api, theirs):
    id_ = theirs(scope='public')['id']

    assert api.get(f'{PATH}/theirs')['project_id'] == 'p2'
    assert len(api.get(PATH)['cron_triggers']) == 1
    assert api.fault('DELETE', f'{PATH}/theirs', 403) == (
        f'Can not access CronTrigger resource of other projects, ID: {id_}'
    )


def test_own_ones_go_first(api, theirs):
    theirs(name='ct', scope='public')
    api.request('POST', PATH, status=201, json=TRIGGER)

    assert api.get(f'{PATH}/ct')['project_id'] == '<default-project>'
    api.request('DELETE', f'{PATH}/ct', status=204)
    assert api.get(f'{PATH}/ct')['project_id'] == 'p2'


def test_administrators_reach_them(api, theirs):
    theirs()

    assert api.get(f'{PATH}/theirs', headers=ADMIN)['project_id'] == 'p2'
    assert api.get(PATH, headers=ADMIN) == {'cron_triggers': []}
    for query in ('all_projects=true', 'project_id=p2'):
        found = api.get(f'{PATH}?{query}', headers=ADMIN)['cron_triggers']
        assert [trigger['name'] for trigger in found] == ['theirs']
    api.request('DELETE', f'{PATH}/theirs', status=204, headers=ADMIN)


def test_all_projects_are_for_administrators(api, theirs):
    theirs()

    api.get(f'{PATH}?all_projects=true', status=403)
    assert api.get(f'{PATH}?project_id=p2') == {'cron_triggers': []}


def test_a_trigger_runs_in_its_project_so_the_workflow_must_be_there(make_api):
    """Not even an administrator could start it otherwise."""
    api = make_api(TokenIsProject(), auth_enable=True)
    text = "version: '2.0'\nmine: {tasks: {t: {action: std.noop}}}"
    options = {'text': text, 'headers': as_project('p1')}
    (mine,) = api.request('POST', '/v2/workflows', status=201, **options).json['workflows']
    trigger = {'name': 'x', 'pattern': '@daily', 'workflow_id': mine['id']}

    for project, status in (('p2', 404), ('admin', 404), ('p1', 201)):
        headers = as_project(project)
        api.request('POST', PATH, status=status, json=trigger, headers=headers)
