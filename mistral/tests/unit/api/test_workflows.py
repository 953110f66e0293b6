"""`/v2/workflows`"""

import hashlib
import json

import pytest

from mistral.tests.unit.api.conftest import ADMIN

TEXT = """
version: '2.0'
wf:
  description: Greets.
  tags: [demo]
  input: [msg, {times: 2}]
  output: {reply: <% $.r %>}
  tasks: {say: {action: std.echo output=<% $.msg %>}}
"""
SIMPLER = "version: '2.0'\nwf: {tasks: {t: {action: std.noop}}}\n"
TWO = "version: '2.0'\na: {tasks: {t: {action: std.noop}}}\nb: {tasks: {t: {action: std.noop}}}\n"
BAD = "version: '2.0'\nok: {tasks: {t: {action: std.noop}}}\nbad: {tasks: {}}\n"

FIELDS = [
    'id',
    'name',
    'namespace',
    'input',
    'interface',
    'definition',
    'checksum',
    'tags',
    'scope',
    'project_id',
    'created_at',
    'updated_at',
]


def create(api, text=TEXT, query='', **options):
    path = f'/v2/workflows?{query}'
    return api.request('POST', path, status=201, text=text, **options).json['workflows']


def test_create(api):
    (workflow,) = create(api)

    assert list(workflow) == FIELDS[:-1]
    assert workflow['name'] == 'wf'
    assert workflow['namespace'] == ''
    assert workflow['input'] == 'msg, times="2"'
    assert json.loads(workflow['interface']) == {
        'input': ['msg', {'times': 2}],
        'output': ['reply'],
    }
    assert workflow['definition'] == TEXT
    assert workflow['checksum'] == hashlib.md5(TEXT.encode()).hexdigest()
    assert workflow['tags'] == ['demo']
    assert workflow['scope'] == 'private'
    assert workflow['project_id'] == '<default-project>'


def test_get_by_name_and_by_id(api):
    (created,) = create(api)

    got = api.get('/v2/workflows/wf')
    assert list(got) == FIELDS
    assert got == created | {'updated_at': None}
    assert api.get(f'/v2/workflows/{created["id"]}') == got


def test_get_chosen_fields(api):
    create(api)

    assert list(api.get('/v2/workflows/wf?fields=interface,name')) == ['id', 'name', 'interface']
    assert list(api.get('/v2/workflows/wf?fields=bogus')) == ['id']


def test_list_computes_what_is_asked_for(api):
    create(api)

    (listed,) = api.get('/v2/workflows?fields=input')['workflows']
    assert list(listed) == ['id', 'input']
    assert listed['input'] == 'msg, times="2"'


def test_several_in_one_text(api):
    assert [each['name'] for each in create(api, TWO)] == ['a', 'b']
    assert 'version' in api.get('/v2/workflows/b')['definition']


def test_one_bad_workflow_keeps_all_out(api):
    answer = api.request('POST', '/v2/workflows', status=400, text=BAD).json

    assert answer['faultstring'].startswith('Invalid DSL')
    (problem,) = answer['problems']
    assert problem['path'].startswith('bad')
    assert problem['line'] == 3
    assert api.get('/v2/workflows') == {'workflows': []}


def test_conflict_keeps_all_out(api):
    create(api, "version: '2.0'\nb: {tasks: {t: {action: std.noop}}}\n")

    fault = api.fault('POST', '/v2/workflows', 409, text=TWO)
    assert fault == (
        "Duplicate entry for WorkflowDefinition ['name', 'namespace', 'project_id']: b, , None"
    )
    api.get('/v2/workflows/a', status=404)


def test_namespaces_are_apart(api):
    (created,) = create(api, query='namespace=ns')

    assert api.fault('GET', '/v2/workflows/wf', 404) == (
        'Workflow not found [workflow_identifier=wf, namespace=]'
    )
    assert api.get('/v2/workflows/wf?namespace=ns') == api.get(f'/v2/workflows/{created["id"]}')
    api.request('DELETE', '/v2/workflows/wf', status=404)
    api.request('DELETE', '/v2/workflows/wf?namespace=ns', status=204)
    assert api.get('/v2/workflows') == {'workflows': []}


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ("'bad name'", "Name 'bad name' must not contain spaces"),
        ('x' * 256, '255'),
    ],
)
def test_names_that_cannot_be_stored(api, name, message):
    text = f"version: '2.0'\n{name}: {{tasks: {{t: {{action: std.noop}}}}}}\n"

    assert message in api.fault('POST', '/v2/workflows', 400, text=text)


def test_unknown_scope(api):
    fault = api.fault('POST', '/v2/workflows?scope=bad', 400, text=TEXT)

    assert fault == "Scope must be one of the following: {'public', 'private'}; actual: bad"


def test_only_administrators_publish(api):
    api.request('POST', '/v2/workflows?scope=public', status=403, text=TEXT)

    (created,) = create(api, query='scope=public', headers=ADMIN)
    assert created['scope'] == 'public'


def test_unknown_arguments_of_uploads_are_ignored(api):
    create(api, query='foo=bar')


def test_update(api):
    create(api)
    (updated,) = api.request('PUT', '/v2/workflows', status=200, text=SIMPLER).json['workflows']

    assert list(updated) == FIELDS
    assert updated['input'] == ''
    assert updated['tags'] == []
    assert updated['definition'] == SIMPLER
    assert updated['updated_at'] is not None


def test_update_that_changes_nothing(api):
    create(api)
    (updated,) = api.request('PUT', '/v2/workflows', status=200, text=TEXT).json['workflows']

    assert updated['updated_at'] is None


def test_update_keeps_scope_and_namespace(api):
    (created,) = create(api, query='scope=public&namespace=ns', headers=ADMIN)
    path = f'/v2/workflows/{created["id"]}'
    updated = api.request('PUT', path, status=200, text=SIMPLER).json

    assert updated['scope'] == 'public'
    assert updated['namespace'] == 'ns'


def test_update_by_identifier_answers_the_bare_object_and_renames(api):
    (created,) = create(api)
    text = SIMPLER.replace('wf:', 'other:')
    updated = api.request('PUT', '/v2/workflows/wf', status=200, text=text).json

    assert updated['id'] == created['id']
    assert updated['name'] == 'other'


def test_update_of_several_by_identifier(api):
    create(api)

    assert api.fault('PUT', '/v2/workflows/wf', 400, text=TWO) == (
        'More than one workflows are not supported for update with identifier. [identifier: wf]'
    )


def test_update_of_an_unknown_one(api):
    assert api.fault('PUT', '/v2/workflows', 404, text=SIMPLER) == (
        'Workflow not found [workflow_identifier=wf, namespace=]'
    )


def test_delete(api):
    create(api)

    assert api.request('DELETE', '/v2/workflows/wf', status=204).body == b''
    api.request('DELETE', '/v2/workflows/wf', status=404)


def test_public_workflows_of_others_can_be_read_only(api):
    row = api.insert(
        'workflows', 'p2', name='theirs', namespace='', scope='public', spec={}, definition=''
    )

    assert api.get('/v2/workflows/theirs')['project_id'] == 'p2'
    message = f'Can not access WorkflowDefinition resource of other projects, ID: {row["id"]}'
    assert api.fault('DELETE', '/v2/workflows/theirs', 403) == message
    text = SIMPLER.replace('wf:', 'theirs:')
    assert api.fault('PUT', '/v2/workflows', 403, text=text) == message
    api.request('DELETE', f'/v2/workflows/{row["id"]}', status=204, headers=ADMIN)


def test_private_workflows_of_others_are_not_there(api):
    api.insert('workflows', 'p2', name='theirs', namespace='', scope='private', spec={})

    for method in ('GET', 'DELETE'):
        api.request(method, '/v2/workflows/theirs', status=404)


def test_own_workflow_goes_before_a_public_one(api):
    api.insert('workflows', 'p2', name='wf', namespace='', scope='public', spec={})
    (own,) = create(api)

    assert api.get('/v2/workflows/wf')['id'] == own['id']


def test_system_workflows_cannot_be_changed(api):
    row = api.insert('workflows', name='sys', namespace='', spec={}, is_system=True)

    assert api.fault('DELETE', '/v2/workflows/sys', 400) == (
        f'Can not modify a system WorkflowDefinition resource, ID: {row["id"]}'
    )


def test_validate(api):
    path = '/v2/workflows/validate'

    assert api.request('POST', path, status=200, text=TEXT).json == {'valid': True}
    answer = api.request('POST', path, status=200, text=BAD).json
    assert answer['valid'] is False
    assert answer['error'].startswith('Invalid DSL')
    assert answer['problems'][0]['line'] == 3
    assert api.get('/v2/workflows') == {'workflows': []}


@pytest.mark.parametrize(
    ('mode', 'query', 'status'),
    [
        ('mandatory', 'skip_validation', 400),
        ('enabled', '', 400),
        ('enabled', 'skip_validation=false', 201),
        ('disabled', '', 201),
    ],
)
def test_validation_modes(make_api, mode, query, status):
    api = make_api(validation_mode=mode)
    text = "version: '2.0'\nwf: {tasks: {t: {action: std.noop, on-success: ghost}}}\n"

    api.request('POST', f'/v2/workflows?{query}', status=status, text=text)
