"""`/v2/code_sources`"""

import pytest

from mistral.tests.unit.api.conftest import ADMIN

PATH = '/v2/code_sources'
FIELDS = [
    'id',
    'name',
    'namespace',
    'content',
    'version',
    'project_id',
    'scope',
    'created_at',
    'updated_at',
]


def create(api, name='mod', text='class A: pass', more=''):
    answer = api.request('POST', f'{PATH}?name={name}{more}', status=201, text=text, headers=ADMIN)
    return answer.json


def get(api, path, status=200):
    return api.get(f'{PATH}{path}', status, headers=ADMIN)


def test_create_answers_without_update_time(api):
    created = create(api, text='é = 1')
    assert list(created) == FIELDS[:-1]
    assert (created['content'], created['version'], created['namespace']) == ('é = 1', 1, '')
    assert created['scope'] == 'private'


def test_get_and_list(api):
    created = create(api)
    assert get(api, '/mod') == created | {'updated_at': None}
    assert get(api, f'/{created["id"]}?namespace=any')['name'] == 'mod'
    assert list(get(api, '')['code_sources'][0]) == FIELDS
    assert get(api, '/mod?fields=version,nope') == {'id': created['id'], 'version': 1}
    assert get(api, '?fields=name&name=has:o')['code_sources'] == [
        {'id': created['id'], 'name': 'mod'}
    ]
    assert get(api, '?name=neq:mod') == {'code_sources': []}


def test_filters_that_there_are(api):
    create(api)
    for name in ('namespace', 'scope', 'project_id', 'created_at', 'tags'):
        get(api, f'?{name}=x' if name != 'created_at' else '?created_at=lt:2001-01-01')
    get(api, '?content=x', status=400)
    get(api, '?fields=actions', status=400)


@pytest.mark.parametrize('path', ['?identifier=mod', '/mod', '?identifier={id}', '/{id}'])
def test_update_raises_the_version(api, path):
    id_ = create(api)['id']
    updated = api.request(
        'PUT', PATH + path.format(id=id_), status=200, text='x = 1', headers=ADMIN
    ).json
    assert list(updated) == FIELDS
    assert (updated['id'], updated['content'], updated['version']) == (id_, 'x = 1', 2)
    assert updated['updated_at'] is not None
    assert get(api, '/mod') == updated


def test_each_update_is_a_version(api):
    create(api)
    for version in (2, 3):
        path = f'{PATH}?identifier=mod'
        updated = api.request('PUT', path, status=200, text='x = 1', headers=ADMIN)
        assert updated.json['version'] == version


def test_update_keeps_the_scope_unless_one_is_given(api):
    create(api, more='&scope=public')
    for more, scope in (('', 'public'), ('&scope=private', 'private')):
        path = f'{PATH}?identifier=mod{more}'
        assert api.request('PUT', path, status=200, text='y', headers=ADMIN).json['scope'] == scope


def test_namespaces(api):
    create(api)
    create(api, more='&namespace=ns', text='in ns')
    assert get(api, '/mod')['content'] == 'class A: pass'
    assert get(api, '/mod?namespace=ns')['content'] == 'in ns'
    assert get(api, '/mod/ns')['content'] == 'in ns'
    for path in ('/mod/ns', '?identifier=mod&namespace=ns'):
        api.request('PUT', PATH + path, status=200, text='new', headers=ADMIN)
    assert get(api, '/mod/ns')['version'] == 3
    assert get(api, '?namespace=ns&fields=name')['code_sources'][0]['name'] == 'mod'
    api.request('DELETE', f'{PATH}/mod?namespace=ns', status=204, headers=ADMIN)
    get(api, '/mod')
    get(api, '/mod/ns', status=404)


@pytest.mark.parametrize(
    ('method', 'path', 'status', 'message'),
    [
        ('POST', '', 400, 'Missing argument: "name"'),
        ('POST', '?name=', 400, 'Missing argument: "name"'),
        (
            'POST',
            '?name=mod',
            409,
            "Duplicate entry for CodeSource ['name', 'namespace', 'project_id']: mod, , None",
        ),
        ('POST', '?name=b&scope=x', 400, 'Scope must be one of the following'),
        ('POST', f'?name={"x" * 256}', 400, 'at most 255'),
        ('PUT', '', 400, 'Missing argument: "identifier"'),
        ('PUT', '?identifier=no', 404, 'Code Source not found [name=no,namespace=]'),
        ('PUT', '/no?namespace=n', 404, 'Code Source not found [name=no,namespace=n]'),
        ('GET', '/no', 404, 'Code Source not found [name=no,namespace=]'),
        ('DELETE', '/no/n', 404, 'Code Source not found [name=no,namespace=n]'),
        ('DELETE', '', 400, 'Missing argument: "identifier"'),
    ],
)
def test_what_is_refused(api, method, path, status, message):
    create(api)
    text = 'x' if method in ('POST', 'PUT') else None
    assert message in api.fault(method, PATH + path, status, text=text, headers=ADMIN)


def test_text_that_is_too_long(api):
    fault = api.fault('POST', f'{PATH}?name=m', 400, text='x' * 65536, headers=ADMIN)
    assert 'at most 65535' in fault


@pytest.mark.parametrize(
    ('method', 'path'),
    [('POST', '?name=m'), ('PUT', '/m'), ('GET', '/m'), ('GET', ''), ('DELETE', '/m')],
)
def test_only_administrators(api, method, path):
    text = 'x' if method in ('POST', 'PUT') else None
    assert api.fault(method, PATH + path, 403, text=text) == (
        'Operation forbidden (insufficient permissions)'
    )


def test_deletion_takes_the_dynamic_actions_along(api):
    source = create(api)
    action = api.insert(
        'dynamic_actions',
        name='a',
        class_name='A',
        code_source_id=source['id'],
        code_source_name='mod',
    )
    api.request('DELETE', f'{PATH}/mod', status=204, headers=ADMIN)
    api.get(f'/v2/dynamic_actions/{action["id"]}', 404, headers=ADMIN)


def test_sources_of_other_projects(api):
    api.insert('code_sources', 'p2', name='theirs', content='x', version=1)
    assert get(api, '') == {'code_sources': []}
    assert get(api, '?all_projects=true')['code_sources'][0]['name'] == 'theirs'
    assert get(api, '?project_id=p2')['code_sources'][0]['name'] == 'theirs'
    assert get(api, '/theirs')['project_id'] == 'p2'
