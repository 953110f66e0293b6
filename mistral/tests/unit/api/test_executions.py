"""`/v2/executions`"""

import json

import pytest

from mistral.exceptions import DBEntityNotFoundError
from mistral.tests.unit.api.conftest import ADMIN, CALLER

FIELDS = [
    'id',
    'workflow_id',
    'workflow_name',
    'workflow_namespace',
    'description',
    'tags',
    'params',
    'task_execution_id',
    'root_execution_id',
    'state',
    'state_info',
    'input',
    'output',
    'created_at',
    'updated_at',
    'project_id',
    'published_global',
]
PATH = '/v2/executions'
UNKNOWN = '11111111-2222-4333-8444-555555555555'


def fields_without(*names):
    return [name for name in FIELDS if name not in names]


@pytest.fixture
def execution(api):
    return api.insert(
        'executions',
        name='wf',
        workflow_id='w1',
        workflow_name='wf',
        workflow_namespace='',
        description='d',
        tags=['t'],
        params={'env': {'e': 1}, 'namespace': ''},
        state='RUNNING',
        input={'a': 1},
        output={},
        context={'g': 2, 'v': 3, '__execution': {}},
        spec={'vars': {'v': 0}},
    )


def set_state(api, execution, state):
    executions = api.services.repositories.executions
    with api.database.transaction() as conn:
        executions.update(conn, execution['id'], {'state': state}, CALLER)


def test_get(api, execution):
    got = api.get(f'{PATH}/{execution["id"]}')

    assert list(got) == FIELDS
    assert got['workflow_name'] == 'wf'
    assert got['tags'] == ['t']
    assert json.loads(got['params']) == {'env': {'e': 1}, 'namespace': ''}
    assert json.loads(got['input']) == {'a': 1}
    assert got['output'] == '{}'
    assert json.loads(got['published_global']) == {'g': 2}
    assert len(got['created_at']) == len('2026-11-21 17:30:13')


def test_get_chosen_fields(api, execution):
    path = f'{PATH}/{execution["id"]}'

    assert api.get(f'{path}?fields=state') == {'id': execution['id'], 'state': 'RUNNING'}
    assert list(api.get(f'{path}?fields=published_global')) == ['id', 'published_global']
    assert api.fault('GET', f'{path}?fields=nope', 400) == "Field 'nope' does not exist."


@pytest.mark.parametrize('id', [UNKNOWN, 'not-a-uuid'])
@pytest.mark.parametrize(
    ('method', 'below', 'body'),
    [
        ('GET', '', None),
        ('DELETE', '', None),
        ('PUT', '', {'state': 'FOO'}),
        ('GET', '/tasks', None),
        ('GET', '/report', None),
        ('GET', '/executions', None),
    ],
)
def test_unknown_executions(api, id, method, below, body):
    fault = api.fault(method, f'{PATH}/{id}{below}', 404, json=body)

    assert fault == f'WorkflowExecution not found [id={id}]'


def test_list(api, execution):
    (listed,) = api.get(PATH)['executions']
    assert list(listed) == fields_without('output', 'published_global')

    (listed,) = api.get(f'{PATH}?include_output=true')['executions']
    assert list(listed) == fields_without('published_global')


def test_start(api, execution):
    api.engine.answers['start_workflow'] = execution
    body = {
        'workflow_name': 'wf',
        'workflow_namespace': 'ns',
        'input': '{"a": 1}',
        'params': {'env': {'e': 1}},
        'description': 'nightly',
        'state': 'SUCCESS',
    }
    started = api.request('POST', PATH, status=201, json=body).json

    assert api.engine.calls == [
        (
            'start_workflow',
            {
                'workflow_identifier': 'wf',
                'namespace': 'ns',
                'execution_id': None,
                'input': {'a': 1},
                'description': 'nightly',
                'params': {'env': {'e': 1}},
            },
        )
    ]
    assert list(started) == fields_without('published_global')
    assert started['id'] == execution['id']


def test_start_with_a_known_id_answers_that_execution(api, execution):
    body = {'id': execution['id'], 'workflow_name': 'something else'}
    answer = api.request('POST', PATH, status=201, json=body).json

    assert answer['workflow_name'] == 'wf'
    assert api.engine.calls == []


def test_start_with_an_id_of_another_project_is_left_to_the_engine(api):
    foreign = api.insert('executions', 'p2', name='w', workflow_name='w', state='RUNNING')
    api.engine.errors['start_workflow'] = DBEntityNotFoundError('not yours')
    body = {'id': foreign['id'], 'workflow_name': 'w'}

    assert api.fault('POST', PATH, 404, json=body) == 'not yours'
    assert api.engine.calls[0][1]['execution_id'] == foreign['id']


def test_start_answers_the_times_of_an_engine_elsewhere(api, execution):
    times = dict.fromkeys(('created_at', 'updated_at'), '2026-11-21T17:30:13.123456')
    api.engine.answers['start_workflow'] = execution | times
    started = api.request('POST', PATH, status=201, json={'workflow_name': 'wf'}).json

    assert started['created_at'] == '2026-11-21 17:30:13'


def test_start_after_the_model_of_another_execution(api, execution):
    api.engine.answers['start_workflow'] = execution
    api.request('POST', PATH, status=201, json={'source_execution_id': execution['id']})

    ((_, request),) = api.engine.calls
    assert request['workflow_identifier'] == 'w1'
    assert request['input'] == {'a': 1}
    assert request['params'] == {'env': {'e': 1}, 'namespace': ''}


def test_start_after_an_unknown_model(api):
    fault = api.fault('POST', PATH, 404, json={'source_execution_id': UNKNOWN})

    assert fault == f'WorkflowExecution not found [id={UNKNOWN}]'


@pytest.mark.parametrize('id', ['x' * 37, 5])
def test_start_with_a_bad_id(api, id):
    assert 'field/attribute id' in api.fault('POST', PATH, 400, json={'id': id})


@pytest.mark.parametrize(
    ('body', 'call'),
    [
        ({'state': 'PAUSED'}, ('pause_workflow',)),
        ({'state': 'RUNNING'}, ('resume_workflow', None)),
        ({'state': 'SUCCESS'}, ('stop_workflow', 'SUCCESS', None)),
        ({'state': 'ERROR', 'state_info': 'why'}, ('stop_workflow', 'ERROR', 'why')),
        ({'state': 'CANCELLED'}, ('stop_workflow', 'CANCELLED', None)),
    ],
)
def test_state_changes(api, execution, body, call):
    execution_id = execution['id']
    method, *arguments = call
    api.engine.answers[method] = execution | {'state': 'AS LEFT'}
    answer = api.request('PUT', f'{PATH}/{execution_id}', status=200, json=body).json

    assert api.engine.calls == [(method, execution_id, *arguments)]
    assert list(answer) == fields_without('published_global')
    assert answer['state'] == 'AS LEFT'


def test_skipped_is_taken_and_changes_nothing(api, execution):
    api.request('PUT', f'{PATH}/{execution["id"]}', status=200, json={'state': 'SKIPPED'})

    assert api.engine.calls == []


@pytest.mark.parametrize('state', ['IDLE', 'PAUSED', 'ERROR'])
def test_environment_changes(api, execution, state):
    set_state(api, execution, state)
    execution_id = execution['id']
    api.engine.answers['resume_workflow'] = execution
    env = {'params': {'env': {'b': 2}}}

    answer = api.request('PUT', f'{PATH}/{execution_id}', status=200, json=env).json
    assert list(answer) == fields_without('published_global', 'input', 'output')
    api.request('PUT', f'{PATH}/{execution_id}', status=200, json={'state': 'RUNNING', **env})
    assert api.engine.calls == [
        ('update_env', execution_id, {'b': 2}),
        ('resume_workflow', execution_id, {'b': 2}),
    ]


@pytest.mark.parametrize('state', ['RUNNING', 'SUCCESS', 'CANCELLED'])
def test_resume_with_environment_of_what_is_not_paused(api, execution, state):
    set_state(api, execution, state)
    api.engine.answers['resume_workflow'] = execution
    body = {'state': 'RUNNING', 'params': {'env': {'b': 2}}}

    api.request('PUT', f'{PATH}/{execution["id"]}', status=200, json=body)

    assert api.engine.calls == [('resume_workflow', execution['id'], {'b': 2})]


@pytest.mark.parametrize('more', [{}, {'description': 'x'}])
def test_environment_of_a_running_execution(api, execution, more):
    body = {'params': {'env': {'b': 2}}, **more}

    assert api.fault('PUT', f'{PATH}/{execution["id"]}', 403, json=body) == (
        'Updating env to workflow execution is only permitted if it is in '
        'IDLE, PAUSED, or ERROR state.'
    )
    assert api.engine.calls == []


def test_description(api, execution):
    path = f'{PATH}/{execution["id"]}'
    answer = api.request('PUT', path, status=200, json={'description': 'new'}).json

    assert list(answer) == fields_without('published_global', 'input', 'output', 'params')
    assert answer['description'] == 'new'


def test_state_change_shows_a_description_that_the_engine_does_not_know(api, execution):
    path = f'{PATH}/{execution["id"]}'
    api.engine.answers['pause_workflow'] = execution
    api.request('PUT', path, status=200, json={'description': 'new'})

    answer = api.request('PUT', path, status=200, json={'state': 'PAUSED'}).json

    assert answer['description'] == 'new'


@pytest.mark.parametrize('state', ['SUCCESS', 'ERROR', 'CANCELLED'])
def test_delete(api, execution, state):
    set_state(api, execution, state)
    path = f'{PATH}/{execution["id"]}'

    api.request('DELETE', path, status=204)
    api.request('DELETE', path, status=404)


def test_delete_takes_everything_below_along(api, execution):
    task = api.insert('tasks', name='t', workflow_execution_id=execution['id'], state='RUNNING')
    action = api.insert('action_executions', name='a', task_execution_id=task['id'])
    child = {'task_execution_id': task['id'], 'root_execution_id': execution['id']}
    sub = api.insert('executions', name='s', workflow_name='s', state='RUNNING', **child)
    api.request('DELETE', f'{PATH}/{execution["id"]}?force=True', status=204)

    api.get(f'/v2/tasks/{task["id"]}', status=404)
    api.get(f'/v2/action_executions/{action["id"]}', status=404)
    api.get(f'{PATH}/{sub["id"]}', status=404)


@pytest.mark.parametrize('query', ['', '?force=false', '?force='])
def test_unfinished_executions_are_not_deleted_without_force(api, execution, query):
    execution_id = execution['id']

    assert api.fault('DELETE', f'{PATH}/{execution_id}{query}', 403) == (
        'Only completed executions can be deleted. Use --force to override this. '
        f'Execution {execution_id} is in RUNNING state'
    )


def test_executions_of_other_projects_are_not_there(api):
    foreign = api.insert('executions', 'p2', name='w', workflow_name='w', state='SUCCESS')
    path = f'{PATH}/{foreign["id"]}'

    for method in ('GET', 'DELETE'):
        api.request(method, path, status=404)
    api.request('PUT', path, status=404, json={'state': 'PAUSED'})
    api.request('PUT', path, status=200, json={'description': 'x'}, headers=ADMIN)
    api.request('DELETE', path, status=204, headers=ADMIN)


@pytest.fixture
def tree(api, execution):
    """A root with the tasks `fine` (an action) and `call`, which started `leaf` with `bad`."""
    root = execution['id']
    runtime = {'runtime_context': {}}
    fine = api.insert('tasks', name='fine', workflow_execution_id=root, state='SUCCESS', **runtime)
    call = api.insert('tasks', name='call', workflow_execution_id=root, state='ERROR', **runtime)
    api.insert(
        'action_executions',
        name='std.noop',
        task_execution_id=fine['id'],
        state='SUCCESS',
        accepted=True,
    )
    leaf = api.insert(
        'executions',
        name='leaf',
        workflow_name='leaf',
        state='ERROR',
        task_execution_id=call['id'],
        root_execution_id=root,
        output={'o': 1},
    )
    api.insert('tasks', name='bad', workflow_execution_id=leaf['id'], state='ERROR', **runtime)
    return {'root': root, 'fine': fine['id'], 'call': call['id'], 'leaf': leaf['id']}


def test_tasks_of_an_execution(api, tree):
    found = api.get(f'{PATH}/{tree["root"]}/tasks?sort_keys=name&fields=name')['tasks']

    assert [task['name'] for task in found] == ['call', 'fine']
    fault = api.fault('GET', f'{PATH}/{tree["root"]}/tasks?workflow_execution_id=x', 400)
    assert 'Unknown argument' in fault


def test_report(api, tree):
    report = api.get(f'{PATH}/{tree["root"]}/report')

    assert report['statistics'] == {
        'total_tasks_count': 3,
        'running_tasks_count': 0,
        'success_tasks_count': 1,
        'error_tasks_count': 2,
        'idle_tasks_count': 0,
        'paused_tasks_count': 0,
        'estimated_time': -1,
    }
    root = report['root_workflow_execution']
    tasks = {task['name']: task for task in root['task_executions']}
    assert tasks['fine']['action_executions'][0]['name'] == 'std.noop'
    assert tasks['call']['workflow_executions'][0]['task_executions'][0]['name'] == 'bad'
    assert isinstance(root['created_at'], str)


def test_report_that_is_too_deep_for_json(api):
    """A workflow that has called itself 400 times."""
    root = parent = api.insert('executions', name='w', workflow_name='w', state='ERROR')['id']
    for _ in range(400):
        task = api.insert('tasks', name='t', workflow_execution_id=parent, state='ERROR')
        below = {'task_execution_id': task['id'], 'root_execution_id': root}
        child = api.insert('executions', name='w', workflow_name='w', state='ERROR', **below)
        parent = child['id']

    assert 'max_depth' in api.fault('GET', f'{PATH}/{root}/report', 400)
    api.get(f'{PATH}/{root}/report?max_depth=50')
    assert len(api.get(f'{PATH}/{root}/executions')['executions']) == 401


def test_report_of_a_sub_workflow(api, tree):
    report = api.get(f'{PATH}/{tree["leaf"]}/report?errors_only=true&max_depth=0')

    assert report['root_workflow_execution']['name'] == 'leaf'
    assert report['statistics']['total_tasks_count'] == 1


def test_report_of_errors_only(api, tree):
    report = api.get(f'{PATH}/{tree["root"]}/report?errors_only=true')

    assert report['statistics']['total_tasks_count'] == 2
    (call,) = report['root_workflow_execution']['task_executions']
    assert call['name'] == 'call'
    assert call['workflow_executions'][0]['task_executions'][0]['name'] == 'bad'


def test_report_without_the_tree(api, tree):
    assert list(api.get(f'{PATH}/{tree["root"]}/report?statistics_only=1')) == ['statistics']


@pytest.mark.parametrize(
    ('of', 'query', 'found'),
    [
        ('root', '', ['wf', 'leaf']),
        ('root', 'max_depth=0', ['wf']),
        ('root', 'max_depth=1', ['wf', 'leaf']),
        ('root', 'errors_only=true', ['wf', 'leaf']),
        ('root', 'max_depth=-1&errors_only=', ['wf', 'leaf']),
        ('leaf', '', ['leaf']),
    ],
)
def test_sub_executions(api, tree, of, query, found):
    listed = api.get(f'{PATH}/{tree[of]}/executions?{query}')['executions']

    assert [each['workflow_name'] for each in listed] == found
    assert list(listed[0]) == fields_without('output', 'published_global')


def test_sub_executions_of_a_task(api, tree):
    path = f'/v2/tasks/{tree["call"]}/executions?include_output=true'
    (leaf,) = api.get(path)['executions']

    assert leaf['output'] == '{"o": 1}'
    assert api.get(f'{path}&max_depth=0') == {'executions': [leaf]}
    assert api.get(f'/v2/tasks/{tree["fine"]}/executions') == {'executions': []}
    api.get(f'/v2/tasks/{UNKNOWN}/executions', status=404)
