"""`/v2/dynamic_actions`"""

import pytest

from mistral.tests.unit.api.conftest import ADMIN

PATH = '/v2/dynamic_actions'
FIELDS = [
    'id',
    'name',
    'namespace',
    'code_source_id',
    'code_source_name',
    'class_name',
    'project_id',
    'scope',
    'created_at',
    'updated_at',
]
BODY = {'name': 'act', 'class_name': 'A', 'code_source_name': 'mod'}


@pytest.fixture
def source(api):
    return api.insert('code_sources', name='mod', content='class A: pass', version=1)


@pytest.fixture
def other(api):
    return api.insert('code_sources', name='other', content='class B: pass', version=1)


def send(api, method, status, **body):
    return api.request(method, PATH, status=status, json=body, headers=ADMIN).json


def create(api, **more):
    return send(api, 'POST', 201, **{**BODY, **more})


def get(api, path, status=200):
    return api.get(f'{PATH}{path}', status, headers=ADMIN)


def test_create(api, source):
    created = create(api)
    assert list(created) == FIELDS[:-1]
    assert (created['code_source_id'], created['code_source_name']) == (source['id'], 'mod')
    assert (created['namespace'], created['scope']) == ('', 'private')


@pytest.mark.parametrize('key', ['code_source_id', 'code_source_name'])
def test_the_source_may_be_named_by_its_id(api, source, key):
    body = {'name': 'a', 'class_name': 'A', key: source['id']}
    assert send(api, 'POST', 201, **body)['code_source_name'] == 'mod'


def test_get_and_list(api, source):
    created = create(api)
    assert get(api, '/act') == created | {'updated_at': None}
    assert get(api, f'/{created["id"]}?namespace=any')['name'] == 'act'
    assert get(api, '')['dynamic_actions'] == [get(api, '/act')]
    assert get(api, '/act?fields=class_name') == {'id': created['id'], 'class_name': 'A'}
    assert get(api, '?fields=name&name=act')['dynamic_actions'] == [
        {'id': created['id'], 'name': 'act'}
    ]
    get(api, '?tags=a', status=400)


def test_update(api, source, other):
    created = create(api, scope='public')
    changed = send(api, 'PUT', 200, name='act', class_name='B', code_source_name='other')
    assert list(changed) == FIELDS
    assert (changed['class_name'], changed['code_source_id']) == ('B', other['id'])
    assert (changed['id'], changed['scope']) == (created['id'], 'public')
    changed = send(api, 'PUT', 200, id=created['id'], scope='private', code_source_id=source['id'])
    assert (changed['class_name'], changed['code_source_name']) == ('B', 'mod')
    assert changed['scope'] == 'private'


def test_an_update_by_id_may_give_a_new_name(api, source):
    id_ = create(api)['id']
    assert send(api, 'PUT', 200, id=id_, name='new')['name'] == 'new'
    assert send(api, 'PUT', 200, name=id_, class_name='B')['name'] == 'new'


def test_namespaces(api, source):
    in_ns = api.insert('code_sources', name='mod', content='x', version=1, namespace='ns')
    create(api)
    assert create(api, namespace='ns')['code_source_id'] == in_ns['id']
    assert get(api, '/act/ns')['namespace'] == 'ns'
    changed = send(api, 'PUT', 200, name='act', namespace='ns', code_source_name='mod')
    assert changed['code_source_id'] == in_ns['id']
    api.request('DELETE', f'{PATH}/act?namespace=ns', status=204, headers=ADMIN)
    get(api, '/act?namespace=ns', status=404)
    get(api, '/act')


@pytest.mark.parametrize(
    ('method', 'body', 'status', 'message'),
    [
        (
            'POST',
            {'name': 'a', 'class_name': 'A'},
            400,
            "Either 'code_source_id' or 'code_source_name' must be provided.",
        ),
        ('POST', {**BODY, 'name': ''}, 400, 'Name of the dynamic action is not provided.'),
        (
            'POST',
            {'name': 'a', 'code_source_name': 'mod'},
            400,
            'Class name of the dynamic action is not provided.',
        ),
        (
            'POST',
            {**BODY, 'code_source_name': 'no', 'namespace': 'n'},
            404,
            'Code Source not found [name=no,namespace=n]',
        ),
        (
            'POST',
            BODY,
            409,
            (
                'Duplicate entry for dynamic action definition '
                '[name=act, namespace=, project_id=None]'
            ),
        ),
        ('POST', {**BODY, 'name': 'a b'}, 400, "Name 'a b' must not contain spaces"),
        ('POST', {**BODY, 'name': 'std.x'}, 400, "Name 'std.x' is reserved"),
        ('POST', {**BODY, 'scope': 'x'}, 400, 'Value should be one of: public, private'),
        ('POST', {**BODY, 'id': 'x'}, 400, 'Attributes that cannot be set: id'),
        ('POST', {**BODY, 'foo': 'x'}, 400, 'Unknown attribute for argument dyn_action: foo'),
        ('PUT', {'class_name': 'A'}, 400, "Either 'name' or 'id' must be provided."),
        ('PUT', {'name': 'no'}, 404, 'Dynamic Action not found [name=no,namespace=]'),
        (
            'PUT',
            {'name': 'act', 'code_source_name': 'no'},
            404,
            'Code Source not found [name=no,namespace=]',
        ),
    ],
)
def test_what_is_refused(api, source, method, body, status, message):
    create(api)
    assert message in api.fault(method, PATH, status, json=body, headers=ADMIN)


def test_what_is_not_there(api):
    for method in ('GET', 'DELETE'):
        fault = api.fault(method, f'{PATH}/no/n', 404, headers=ADMIN)
        assert fault == 'Dynamic Action not found [name=no,namespace=n]'


@pytest.mark.parametrize(
    ('method', 'path', 'body'),
    [
        ('POST', '', BODY),
        ('PUT', '', BODY),
        ('GET', '/a', None),
        ('GET', '', None),
        ('DELETE', '/a', None),
    ],
)
def test_only_administrators(api, method, path, body):
    assert api.fault(method, PATH + path, 403, json=body) == (
        'Operation forbidden (insufficient permissions)'
    )


def test_delete(api, source):
    create(api)
    api.request('DELETE', f'{PATH}/act', status=204, headers=ADMIN)
    get(api, '/act', status=404)


def test_actions_of_other_projects(api, source):
    api.insert(
        'dynamic_actions',
        'p2',
        name='theirs',
        class_name='A',
        code_source_id=source['id'],
        code_source_name='mod',
    )
    assert get(api, '') == {'dynamic_actions': []}
    assert get(api, '?all_projects=1')['dynamic_actions'][0]['name'] == 'theirs'
