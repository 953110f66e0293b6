"""`/v2/actions`"""

import pytest

TEXT = """
version: '2.0'
greet:
  description: Says hello.
  tags: [hello]
  input: [name, {greet: "Hi"}, {n: 1}]
  base: std.echo
  base-input: {output: <% $.name %>}
"""
PLAIN = "version: '2.0'\nplain: {base: std.noop}\n"
FIELDS = [
    'id',
    'name',
    'is_system',
    'input',
    'description',
    'tags',
    'definition',
    'scope',
    'project_id',
    'created_at',
    'updated_at',
    'namespace',
]


def create(api, text=TEXT, query=''):
    return api.request('POST', f'/v2/actions?{query}', status=201, text=text).json['actions']


def names(answer):
    return [each['name'] for each in answer['actions']]


def test_create(api):
    (action,) = create(api)

    assert list(action) == [name for name in FIELDS if name != 'updated_at']
    assert action['input'] == 'name, greet="Hi", n=1'
    assert action['description'] == 'Says hello.'
    assert action['tags'] == ['hello']
    assert action['definition'] == TEXT
    assert action['is_system'] is False


def test_create_without_input(api):
    (action,) = create(api, PLAIN)

    assert action['input'] is None
    assert action['description'] is None
    assert action['tags'] == []
    assert api.get('/v2/actions/plain')['input'] == ''


def test_get_by_name_and_by_id(api):
    (created,) = create(api)

    got = api.get('/v2/actions/greet')
    assert list(got) == FIELDS
    assert got == created | {'updated_at': None}
    assert api.get(f'/v2/actions/{created["id"]}') == got
    assert api.get('/v2/actions/greet/') == got


def test_get_an_installed_one(api):
    assert api.get('/v2/actions/std.echo') == {
        'id': 'std.echo',
        'name': 'std.echo',
        'is_system': True,
        'input': 'output, delay=0',
        'description': 'Echoes.',
        'tags': None,
        'definition': '',
        'scope': None,
        'project_id': None,
        'created_at': '',
        'updated_at': '',
        'namespace': '',
    }


def test_get_falls_back_to_the_default_namespace(api):
    create(api)

    assert api.get('/v2/actions/greet/ns')['namespace'] == ''
    assert api.get('/v2/actions/std.noop?namespace=ns')['name'] == 'std.noop'


def test_get_an_unknown_one(api):
    assert api.fault('GET', '/v2/actions/nope', 404) == ('Action not found [name=nope, namespace=]')


def test_list(api):
    create(api)
    create(api, PLAIN, 'namespace=ns')

    assert names(api.get('/v2/actions')) == ['greet', 'std.echo', 'std.noop']
    assert names(api.get('/v2/actions?namespace=ns')) == ['plain']


def test_list_takes_the_arguments_of_the_command_line_client(api):
    fields = 'id,name,is_system,input,description,tags,created_at,updated_at'
    query = f'fields={fields}&sort_keys=created_at&sort_dirs=asc'
    create(api)
    found = api.get(f'/v2/actions?{query}')['actions']

    assert [each['name'] for each in found] == ['std.echo', 'std.noop', 'greet']
    assert all(list(each) == fields.split(',') for each in found)


@pytest.mark.parametrize(
    ('query', 'found'),
    [
        ('name=in:std.echo,std.noop,x', ['std.echo', 'std.noop']),
        ('name=nin:std.echo,std.noop', ['greet']),
        ('name=gt:greet', ['std.echo', 'std.noop']),
        ('is_system=true', ['std.echo', 'std.noop']),
        ('tags=hello', ['greet']),
        ('input=has:delay', ['std.echo']),
        ('definition=has:std.echo', ['greet']),
        ('created_at=gt:2000-01-01', ['greet']),
    ],
)
def test_filters(api, query, found):
    create(api)

    assert names(api.get(f'/v2/actions?{query}')) == found


@pytest.mark.parametrize('query', ['is_system%3CFalse', 'is_system!=False', 'created_at>2000'])
def test_arguments_that_are_none(api, query):
    api.fault('GET', f'/v2/actions?{query}', 400)


def test_pages(api):
    create(api)
    first = api.get('/v2/actions?limit=2')
    rest = api.get('/v2/actions?limit=2&marker=std.echo')

    assert names(first) == ['greet', 'std.echo']
    assert 'marker=std.echo' in first['next']
    assert names(rest) == ['std.noop']
    assert 'next' not in rest


def test_update(api):
    (created,) = create(api)
    text = TEXT.replace('Says hello.', 'Says more.')
    (updated,) = api.request('PUT', '/v2/actions', status=200, text=text).json['actions']

    assert updated['id'] == created['id']
    assert updated['description'] == 'Says more.'
    (again,) = api.request('PUT', '/v2/actions/greet', status=200, text=TEXT).json['actions']
    assert again['description'] == 'Says hello.'


def test_writes_never_leave_the_namespace(api):
    create(api)

    for path in ('/v2/actions/greet/ns', '/v2/actions/greet?namespace=ns'):
        assert api.fault('DELETE', path, 404) == (
            'Action definition not found [action_name=greet, namespace=ns]'
        )
    api.request('PUT', '/v2/actions?namespace=ns', status=404, text=TEXT)
    api.request('DELETE', '/v2/actions/greet', status=204)


def test_installed_actions_cannot_be_written(api):
    missing = 'Action definition not found [action_name=std.noop, namespace=]'

    assert api.fault('DELETE', '/v2/actions/std.noop', 404) == missing
    text = "version: '2.0'\nstd.noop: {base: std.echo}\n"
    assert api.fault('PUT', '/v2/actions', 404, text=text) == missing
    assert 'reserved' in api.fault('POST', '/v2/actions', 400, text=text)


def test_no_action_is_renamed_to_a_reserved_name(api):
    (created,) = create(api)
    text = "version: '2.0'\nstd.greet: {base: std.noop}\n"

    for identifier in (created['id'], 'greet'):
        fault = api.fault('PUT', f'/v2/actions/{identifier}', 400, text=text)
        assert fault.startswith("Name 'std.greet' is reserved")
    assert names(api.get('/v2/actions')) == ['greet', 'std.echo', 'std.noop']


def test_an_action_of_mistral_23_keeps_its_name(api):
    api.insert('actions', name='std.greet', namespace='', spec={}, input='')

    text = "version: '2.0'\nstd.greet: {base: std.noop}\n"
    for path in ('/v2/actions', '/v2/actions/std.greet'):
        (updated,) = api.request('PUT', path, status=200, text=text).json['actions']
        assert updated['definition'] == text


def test_public_actions_of_others_can_be_read_only(api):
    values = {'name': 'theirs', 'namespace': '', 'scope': 'public', 'spec': {}, 'input': ''}
    api.insert('actions', 'p2', **values)

    assert api.get('/v2/actions/theirs')['project_id'] == 'p2'
    api.request('DELETE', '/v2/actions/theirs', status=403)
    text = PLAIN.replace('plain', 'theirs')
    api.request('PUT', '/v2/actions', status=403, text=text)


def test_duplicate(api):
    create(api)

    assert api.fault('POST', '/v2/actions', 409, text=TEXT) == (
        "Duplicate entry for Action ['name', 'namespace', 'project_id']: greet, , None"
    )


def test_update_of_several_by_identifier(api):
    text = "version: '2.0'\na: {base: std.noop}\nb: {base: std.noop}\n"

    assert api.fault('PUT', '/v2/actions/a', 400, text=text) == (
        'More than one actions are not supported for update with identifier. [identifier: a]'
    )


def test_validate(api):
    path = '/v2/actions/validate'

    assert api.request('POST', path, status=200, text=TEXT).json == {'valid': True}
    answer = api.request('POST', path, status=200, text="version: '2.0'\na: {input: [x]}\n").json
    assert answer['valid'] is False
    assert answer['error'].startswith("Invalid DSL: 'base' is a required property")
