"""`/v2/environments`"""

import json

import pytest

from mistral.tests.unit.api.conftest import ADMIN

FIELDS = [
    'id',
    'name',
    'description',
    'variables',
    'scope',
    'project_id',
    'created_at',
    'updated_at',
]
PATH = '/v2/environments'


def create(api, **more):
    body = {'name': 'env', 'variables': {'a': 1, 'b': {'c': [True, None]}}, **more}
    return api.request('POST', PATH, status=201, json=body).json


@pytest.mark.parametrize('variables', [{'a': 1}, '{"a": 1}'])
def test_variables_may_be_an_object_or_its_text(api, variables):
    assert json.loads(create(api, variables=variables)['variables']) == {'a': 1}


def test_create_answers_what_was_given(api):
    assert list(create(api)) == ['id', 'name', 'variables', 'scope', 'project_id', 'created_at']


def test_get_and_list(api):
    create(api, description='d')
    got = api.get(f'{PATH}/env')

    assert list(got) == FIELDS
    assert got['description'] == 'd'
    assert got['scope'] == 'private'
    assert api.get(PATH) == {'environments': [got]}
    assert list(api.get(f'{PATH}/env?fields=name')) == ['id', 'name']


@pytest.mark.parametrize(
    ('body', 'message'),
    [
        ({'variables': {}}, 'Name of the environment is not provided.'),
        ({'name': '', 'variables': {}}, 'Name of the environment is not provided.'),
        ({'name': 'e'}, 'Variables of the environment are not provided.'),
        (
            {'name': 'e', 'variables': {}, 'id': 'x'},
            (
                'Please, check your environment definition. '
                "Only: ['name', 'description', 'variables', 'scope'] "
                'are allowed as definition keys.'
            ),
        ),
    ],
)
def test_create_that_is_refused(api, body, message):
    assert api.fault('POST', PATH, 400, json=body) == message


def test_name_that_is_too_long(api):
    fault = api.fault('POST', PATH, 400, json={'name': 'x' * 201, 'variables': {}})

    assert 'at most 200' in fault


def test_duplicate(api):
    create(api)

    assert api.fault('POST', PATH, 409, json={'name': 'env', 'variables': {}}) == (
        "Duplicate entry for Environment ['name', 'project_id']: env, None"
    )


def test_update_replaces_variables_as_a_whole(api):
    create(api, description='d')
    updated = api.request('PUT', PATH, status=200, json={'name': 'env', 'variables': {'z': 9}})

    assert list(updated.json) == FIELDS
    assert json.loads(updated.json['variables']) == {'z': 9}
    assert updated.json['description'] == 'd'
    assert updated.json['updated_at'] is not None


@pytest.mark.parametrize(
    ('body', 'status', 'message'),
    [
        ({'variables': {}}, 400, 'Name of the environment is not provided.'),
        ({'name': 'nope', 'variables': {}}, 404, 'Environment not found [name=nope]'),
        (
            {'name': 'env', 'created_at': '2026-01-01 00:00:00'},
            400,
            (
                'Please, check your environment definition. '
                "Only: ['description', 'variables', 'scope'] are allowed as definition keys."
            ),
        ),
    ],
)
def test_update_that_is_refused(api, body, status, message):
    create(api)

    assert api.fault('PUT', PATH, status, json=body) == message


def test_update_takes_no_name_in_the_path(api):
    api.fault('PUT', f'{PATH}/env', 400, json={'variables': {}})


def test_delete(api):
    create(api)
    api.request('DELETE', f'{PATH}/env', status=204)

    for method in ('GET', 'DELETE'):
        assert api.fault(method, f'{PATH}/env', 404) == 'Environment not found [name=env]'


def test_only_administrators_publish(api):
    body = {'name': 'e', 'variables': {}, 'scope': 'public'}

    api.request('POST', PATH, status=403, json=body)
    api.request('POST', PATH, status=201, json=body, headers=ADMIN)


def test_public_environments_of_others_can_be_read_only(api):
    api.insert('environments', 'p2', name='theirs', variables={}, scope='public')

    assert api.get(f'{PATH}/theirs')['project_id'] == 'p2'
    api.request('DELETE', f'{PATH}/theirs', status=403)
    api.request('PUT', PATH, status=403, json={'name': 'theirs', 'variables': {'a': 1}})


def test_administrators_reach_environments_of_other_projects(api):
    api.insert('environments', 'p2', name='theirs', variables={}, scope='private')

    api.get(f'{PATH}/theirs', status=404)
    assert api.get(f'{PATH}/theirs', headers=ADMIN)['project_id'] == 'p2'
    api.request('DELETE', f'{PATH}/theirs', status=204, headers=ADMIN)
