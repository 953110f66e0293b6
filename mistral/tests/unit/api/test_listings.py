"""Lists: pages and the way to the next one, sorting, fields, filters."""

from urllib.parse import parse_qs, urlsplit

import pytest

from mistral.tests.unit.api.conftest import ADMIN

UNKNOWN = '11111111-2222-4333-8444-555555555555'


def follow(api, answer):
    """Get the next page as clients do: whatever follows the root, as it is."""
    parts = urlsplit(answer['next'])
    return api.get(f'{parts.path}?{parts.query}')


def arguments(answer):
    query = urlsplit(answer['next']).query
    return {name: values[0] for name, values in parse_qs(query).items()}


def names(answer):
    return [each['name'] for each in answer['environments']]


@pytest.fixture
def environments(api):
    """Five environments: a, b, c, d, e; the last has no description."""
    for name in 'abcde':
        body = {'name': name, 'variables': {'n': name}}
        if name != 'e':
            body['description'] = f'the {name}'
        api.request('POST', '/v2/environments', json=body, status=201)
    return api


def test_everything_comes_without_next(environments):
    answer = environments.get('/v2/environments?sort_keys=name')

    assert names(answer) == ['a', 'b', 'c', 'd', 'e']
    assert 'next' not in answer


def test_empty_list(api):
    assert api.get('/v2/environments') == {'environments': []}


@pytest.mark.parametrize('sort', ['sort_keys=name', 'sort_keys=description', 'sort_keys=id'])
@pytest.mark.parametrize('direction', ['asc', 'desc'])
@pytest.mark.parametrize('limit', [1, 2, 5])
def test_pages_together_are_the_whole_list(environments, sort, direction, limit):
    whole = names(environments.get(f'/v2/environments?{sort}&sort_dirs={direction}'))

    answer = environments.get(f'/v2/environments?{sort}&sort_dirs={direction}&limit={limit}')
    pages = [names(answer)]
    while 'next' in answer:
        answer = follow(environments, answer)
        pages.append(names(answer))

    assert [name for page in pages for name in page] == whole
    assert all(pages)


def test_next_repeats_the_request(environments):
    path = '/v2/environments?name=in:a,b,c&sort_keys=name&sort_dirs=desc&limit=1&fields=name'
    answer = environments.get(path)

    (last,) = answer['environments']
    assert last['name'] == 'c'
    assert answer['next'].startswith('http://localhost/v2/environments?')
    assert arguments(answer) == {
        'sort_keys': 'name,id',
        'sort_dirs': 'desc,asc',
        'name': 'in:a,b,c',
        'limit': '1',
        'marker': last['id'],
        'fields': 'id,name',
    }
    assert names(follow(environments, answer)) == ['b']


def test_next_encodes_values(environments):
    answer = environments.get('/v2/environments?description=has:the%20&limit=1')

    assert ' ' not in answer['next']
    assert len(follow(environments, answer)['environments']) == 1


def test_next_keeps_flags(api):
    for _ in range(2):
        api.insert('executions', name='w', workflow_name='w', state='SUCCESS', output={'a': 1})
    answer = api.get('/v2/executions?limit=1&include_output=true&nulls=root_execution_id')

    assert arguments(answer)['include_output'] == 'true'
    assert arguments(answer)['nulls'] == 'root_execution_id'
    assert 'output' in follow(api, answer)['executions'][0]


def test_next_of_a_sub_collection_leads_to_the_collection(api):
    execution = api.insert('executions', name='w', workflow_name='w', state='RUNNING')
    for name in 'ab':
        api.insert('tasks', name=name, workflow_execution_id=execution['id'], state='SUCCESS')
    answer = api.get(f'/v2/executions/{execution["id"]}/tasks?limit=1&sort_keys=name')

    assert urlsplit(answer['next']).path == '/v2/tasks'
    assert arguments(answer)['workflow_execution_id'] == f'eq:{execution["id"]}'
    assert [task['name'] for task in follow(api, answer)['tasks']] == ['b']


def test_limit_is_cut_to_the_maximum(make_api, environments):
    small = make_api(max_limit=2)

    assert len(small.get('/v2/environments?limit=5')['environments']) == 2
    assert len(small.get('/v2/environments')['environments']) == 2


@pytest.mark.parametrize(
    ('query', 'message'),
    [
        ('limit=0', 'Limit must be positive.'),
        ('limit=-1', 'Limit must be positive.'),
        (
            'sort_keys=name&sort_dirs=asc,desc',
            'Length of sort_keys must be equal or greater than sort_dirs.',
        ),
        (
            'sort_keys=id,id&sort_dirs=asc,asc',
            'Length of sort_keys must be equal or greater than sort_dirs.',
        ),
        ('sort_keys=', 'Length of sort_keys must be equal or greater than sort_dirs.'),
        ('sort_dirs=upwards', "Unknown sort direction, must be 'desc' or 'asc'."),
        (
            'fields=name,nope',
            (
                'Some fields do not exist  [nope], please choose from [id, name, description, '
                'variables, scope, project_id, created_at, updated_at]'
            ),
        ),
    ],
)
def test_what_cannot_be_asked(api, query, message):
    assert api.fault('GET', f'/v2/environments?{query}', 400) == message


@pytest.mark.parametrize('key', ['colour', 'variables'])
def test_sort_key_that_is_not_a_plain_column(api, key):
    fault = api.fault('GET', f'/v2/environments?sort_keys={key}', 400)

    assert fault.startswith(f'Sort key supplied is invalid: {key}')


def test_executions_are_sorted_by_the_name_that_is_not_shown(api):
    for name in 'ab':
        api.insert('executions', name=name, workflow_name=name, state='RUNNING')
    found = api.get('/v2/executions?sort_keys=name&sort_dirs=desc&fields=workflow_name')

    assert [each['workflow_name'] for each in found['executions']] == ['b', 'a']


@pytest.mark.parametrize(
    ('collection', 'message'),
    [
        ('environments', 'Environment not found'),
        ('workflows', 'Workflow not found'),
        ('executions', 'WorkflowExecution not found'),
        ('actions', 'Action not found'),
    ],
)
def test_unknown_marker(api, collection, message):
    assert message in api.fault('GET', f'/v2/{collection}?marker={UNKNOWN}', 404)


@pytest.mark.parametrize('path', ['/v2/environments', '/v2/environments/a'])
def test_no_fields_named_are_all_fields(environments, path):
    assert environments.get(f'{path}?fields=') == environments.get(path)


def test_no_directions_named_are_ascending_ones(environments):
    plain = environments.get('/v2/environments?sort_keys=name')

    assert environments.get('/v2/environments?sort_keys=name&sort_dirs=') == plain


def test_fields_come_in_the_order_of_the_resource_with_the_id(environments):
    found = environments.get('/v2/environments?fields=scope,NAME&name=a')['environments'][0]

    assert list(found) == ['id', 'name', 'scope']


@pytest.mark.parametrize(
    ('query', 'found'),
    [
        ('name=a', 'a'),
        ('name=eq:a', 'a'),
        ('name=neq:a', 'bcde'),
        ('name=gt:c', 'de'),
        ('name=gte:c', 'cde'),
        ('name=lt:b', 'a'),
        ('name=lte:b', 'ab'),
        ('name=in:a,c,x', 'ac'),
        ('name=in:', ''),
        ('name=nin:a,c', 'bde'),
        ('description=has:the', 'abcd'),
        ('description=has:%25', ''),
        ('description=neq:the a', 'bcd'),
        ('name=gt:a&name=lt:d', 'abc'),
        ('name=in:a,b&description=the b', 'b'),
        ('scope=weird', ''),
        ('variables={"n": "c"}', 'c'),
        ('created_at=gt:2000-01-01', 'abcde'),
        ('created_at=lt:2000-01-01 10:00:00', ''),
    ],
)
def test_filters(environments, query, found):
    answer = environments.get(f'/v2/environments?sort_keys=name&{query}')

    assert ''.join(names(answer)) == found


@pytest.mark.parametrize(
    'query',
    ['workflow_id=x', 'created_at=yesterday', 'params=[1]', 'tags=in:a,b', 'workflow_namespace=x'],
)
def test_filters_that_are_refused(api, query):
    api.fault('GET', f'/v2/executions?{query}', 400)


def test_tags_must_all_be_there_as_written(api):
    for name, tags in {'w1': ['Red'], 'w2': ['Red', 'green'], 'w3': ['Redder']}.items():
        api.insert('executions', name=name, workflow_name=name, state='RUNNING', tags=tags)

    def found(tags):
        path = f'/v2/executions?tags={tags}&sort_keys=name&fields=workflow_name'
        return [each['workflow_name'] for each in api.get(path)['executions']]

    assert found('Red') == ['w1', 'w2']
    assert found('Red,green') == ['w2']
    assert found('red') == []


def test_other_projects_are_listed_only_when_asked_for(api):
    for project in ('<default-project>', 'p2'):
        api.insert('executions', project, name='w', workflow_name=project, state='RUNNING')

    def found(query, headers=None):
        answer = api.get(f'/v2/executions?{query}', headers=headers)
        return sorted(each['workflow_name'] for each in answer['executions'])

    assert found('') == ['<default-project>']
    assert found('', ADMIN) == ['<default-project>']
    assert found('all_projects=false', ADMIN) == ['<default-project>']
    assert found('all_projects=true', ADMIN) == ['<default-project>', 'p2']
    assert found('project_id=p2', ADMIN) == ['p2']
    for query in ('all_projects=true', 'project_id=p2'):
        api.fault('GET', f'/v2/executions?{query}', 403)


def test_roots_are_found_by_what_they_lack(api):
    root = api.insert('executions', name='w', workflow_name='root', state='RUNNING')
    child = {'workflow_name': 'child', 'root_execution_id': root['id']}
    api.insert('executions', name='w', state='RUNNING', **child)

    def found(query):
        return [each['workflow_name'] for each in api.get(f'/v2/executions?{query}')['executions']]

    assert found('nulls=root_execution_id') == ['root']
    assert found(f'root_execution_id={root["id"]}') == ['child']
    assert found(f'nulls=root_execution_id&root_execution_id={root["id"]}') == ['child']


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('foo', "'foo' is not a valid field name."),
        ('id', "The field 'id' can't hold None value."),
    ],
)
def test_nulls_that_cannot_be(api, name, message):
    assert api.fault('GET', f'/v2/executions?nulls={name}', 400) == message
