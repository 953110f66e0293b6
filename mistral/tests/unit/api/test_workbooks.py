"""`/v2/workbooks`"""

from mistral.tests.unit.api.conftest import ADMIN

TEXT = """
version: '2.0'
name: wb
tags: [demo]
workflows:
  main:
    tasks:
      t:
        action: hello
actions:
  hello:
    base: std.echo output="hi"
"""
FIELDS = [
    'id',
    'name',
    'namespace',
    'definition',
    'tags',
    'scope',
    'project_id',
    'created_at',
    'updated_at',
]


def create(api, text=TEXT, query='', **options):
    return api.request('POST', f'/v2/workbooks?{query}', status=201, text=text, **options).json


def test_create(api):
    created = create(api)

    assert list(created) == FIELDS[:-1]
    assert created['name'] == 'wb'
    assert created['tags'] == ['demo']
    assert created['definition'] == TEXT


def test_create_makes_the_members(api):
    create(api, query='namespace=ns')

    workflow = api.get('/v2/workflows/wb.main?namespace=ns')
    assert workflow['definition'].startswith('main:\n')
    assert workflow['checksum']
    action = api.get('/v2/actions/wb.hello/ns')
    assert action['definition'] == 'hello:\n  base: std.echo output="hi"\n'


def test_get_and_list(api):
    created = create(api)

    got = api.get('/v2/workbooks/wb')
    assert list(got) == FIELDS
    assert got == created | {'updated_at': None}
    assert api.get('/v2/workbooks') == {'workbooks': [got]}
    assert list(api.get('/v2/workbooks/wb?fields=tags')) == ['id', 'tags']


def test_namespace_in_query_or_path(api):
    created = create(api, query='namespace=ns')

    for path in ('/v2/workbooks/wb?namespace=ns', '/v2/workbooks/wb/ns'):
        assert api.get(path)['id'] == created['id']
    assert api.fault('GET', '/v2/workbooks/wb', 404) == ('Workbook not found [name=wb, namespace=]')


def test_duplicate(api):
    create(api)

    assert api.fault('POST', '/v2/workbooks', 409, text=TEXT) == (
        "Duplicate entry for WorkbookDefinition ['name', 'namespace', 'project_id']: wb, , None"
    )


def test_update_replaces_members_and_keeps_those_that_are_gone(api):
    create(api)
    text = TEXT.split('actions:', maxsplit=1)[0].replace('action: hello', 'action: std.noop')
    updated = api.request('PUT', '/v2/workbooks', status=200, text=text).json

    assert list(updated) == FIELDS
    assert updated['updated_at'] is not None
    assert 'std.noop' in api.get('/v2/workflows/wb.main')['definition']
    api.get('/v2/actions/wb.hello')


def test_update_publishes_members_too(api):
    create(api)
    path = '/v2/workbooks?scope=public'
    api.request('PUT', path, status=403, text=TEXT)
    api.request('PUT', path, status=200, text=TEXT, headers=ADMIN)

    assert api.get('/v2/workflows/wb.main')['scope'] == 'public'


def test_its_actions_get_no_reserved_names(api):
    text = TEXT.replace('name: wb', 'name: std')

    fault = api.fault('POST', '/v2/workbooks', 400, text=text)
    assert fault.startswith("Name 'std.hello' is reserved")
    assert api.get('/v2/workbooks') == {'workbooks': []}
    workflows_only = text.split('actions:', maxsplit=1)[0].replace('hello', 'std.noop')
    create(api, workflows_only)
    api.request('PUT', '/v2/workbooks', status=400, text=text)
    assert api.get('/v2/workbooks/std')['definition'] == workflows_only


def test_update_of_an_unknown_one(api):
    api.request('PUT', '/v2/workbooks', status=404, text=TEXT)


def test_delete_keeps_members(api):
    create(api)
    api.request('DELETE', '/v2/workbooks/wb', status=204)

    assert api.fault('DELETE', '/v2/workbooks/wb', 404) == (
        'Workbook not found [workbook_name=wb, namespace=]'
    )
    api.get('/v2/workflows/wb.main')


def test_public_workbook_of_another_project_cannot_be_deleted(api):
    api.insert('workbooks', 'p2', name='theirs', namespace='', scope='public')

    api.request('DELETE', '/v2/workbooks/theirs', status=403)
    api.request('DELETE', '/v2/workbooks/theirs', status=204, headers=ADMIN)


def test_validate(api):
    path = '/v2/workbooks/validate'

    assert api.request('POST', path, status=200, text=TEXT).json == {'valid': True}
    answer = api.request('POST', path, status=200, text="version: '2.0'\n").json
    assert answer['valid'] is False
