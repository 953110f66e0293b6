"""`/v2/action_executions`"""

import json

import pytest

FIELDS = [
    'id',
    'workflow_name',
    'workflow_namespace',
    'task_name',
    'task_execution_id',
    'state',
    'state_info',
    'tags',
    'name',
    'description',
    'project_id',
    'accepted',
    'input',
    'output',
    'created_at',
    'updated_at',
]
PATH = '/v2/action_executions'
UNKNOWN = '11111111-2222-4333-8444-555555555555'


@pytest.fixture
def make_action(api):
    def make(**values):
        row = {
            'name': 'std.async_noop',
            'state': 'RUNNING',
            'input': {},
            'accepted': False,
            **values,
        }
        return api.insert('action_executions', **row)['id']

    return make


@pytest.fixture
def task(api):
    execution = api.insert('executions', name='wf', workflow_name='wf', state='RUNNING')
    row = {'name': 'my_task', 'state': 'RUNNING', 'workflow_execution_id': execution['id']}
    return api.insert('tasks', **row)['id']


def test_get(api, make_action, task):
    action_id = make_action(task_execution_id=task, output={'result': 1})
    got = api.get(f'{PATH}/{action_id}')

    assert list(got) == FIELDS
    assert got['task_name'] == 'my_task'
    assert got['output'] == '{"result": 1}'
    assert list(api.get(f'{PATH}/{action_id}?fields=name,bogus,params')) == ['id', 'name']


def test_get_one_without_a_task(api, make_action):
    assert api.get(f'{PATH}/{make_action()}')['task_name'] is None


def test_get_an_unknown_one(api):
    assert api.fault('GET', f'{PATH}/{UNKNOWN}', 404) == (
        f'ActionExecution not found [id={UNKNOWN}]'
    )


def test_list(api, make_action, task):
    make_action(task_execution_id=task, output={'result': 1})

    (listed,) = api.get(PATH)['action_executions']
    assert list(listed) == [name for name in FIELDS if name != 'output']
    (listed,) = api.get(f'{PATH}?include_output=true')['action_executions']
    assert list(listed) == FIELDS


@pytest.mark.parametrize(
    ('query', 'found'),
    [
        ('task_name=my_task', 1),
        ('task_name=other', 0),
        ('accepted=false', 2),
        ('accepted=true', 0),
        ('state=RUNNING', 2),
        ('name=has:noop', 2),
    ],
)
def test_filters(api, make_action, task, query, found):
    make_action(task_execution_id=task)
    make_action()

    assert len(api.get(f'{PATH}?{query}')['action_executions']) == found


def test_run(api):
    api.engine.answers['start_action'] = {
        'id': None,
        'name': 'std.echo',
        'state': 'SUCCESS',
        'input': {'output': 'hi'},
        'output': {'result': 'hi'},
    }
    body = {
        'name': 'std.echo',
        'input': '{"output": "hi"}',
        'params': '{"run_sync": true, "timeout": 5, "other": 1}',
    }
    answer = api.request('POST', PATH, status=201, json=body).json

    assert api.engine.calls == [
        (
            'start_action',
            {
                'name': 'std.echo',
                'input': {'output': 'hi'},
                'description': '',
                'namespace': '',
                'save_result': False,
                'run_sync': True,
                'timeout': 5,
                'target': None,
            },
        )
    ]
    assert list(answer) == FIELDS
    assert answer['id'] is None
    assert answer['workflow_namespace'] == ''
    assert answer['accepted'] is None
    assert json.loads(answer['output']) == {'result': 'hi'}


@pytest.mark.parametrize(
    ('body', 'message'),
    [
        ({'input': {}}, 'Please provide at least action name to run action.'),
        (
            {'name': 'x', 'params': {'timeout': 'soon'}},
            "The timeout must be a number of seconds, not 'soon'.",
        ),
    ],
)
def test_run_that_is_refused(api, body, message):
    assert api.fault('POST', PATH, 400, json=body) == message


@pytest.mark.parametrize(
    ('body', 'data', 'error', 'is_cancel'),
    [
        ({'state': 'SUCCESS', 'output': {'n': 1}}, {'n': 1}, None, False),
        ({'state': 'SUCCESS', 'output': '{"n": 1}'}, {'n': 1}, None, False),
        ({'state': 'SUCCESS', 'output': [1]}, [1], None, False),
        ({'state': 'SUCCESS', 'output': 'plain text'}, 'plain text', None, False),
        ({'state': 'SUCCESS', 'output': None}, None, None, False),
        ({'state': 'SUCCESS'}, {}, None, False),
        ({'state': 'ERROR', 'output': {'n': 1}}, None, {'n': 1}, False),
        ({'state': 'ERROR'}, None, 'Unknown error', False),
        ({'state': 'ERROR', 'output': {}}, None, 'Unknown error', False),
        ({'state': 'CANCELLED', 'output': {'n': 1}}, None, None, True),
    ],
)
def test_completion(api, make_action, body, data, error, is_cancel):
    action_id = make_action()
    answer = api.request('PUT', f'{PATH}/{action_id}', status=200, json=body).json

    ((method, called_id, result),) = api.engine.calls
    assert (method, called_id) == ('complete_action', action_id)
    assert (result.data, result.error, result.is_cancel()) == (data, error, is_cancel)
    assert list(answer) == FIELDS


@pytest.mark.parametrize('state', ['SUCCESS', 'PAUSED'])
def test_actions_of_other_projects_are_not_there(api, state):
    foreign = api.insert('action_executions', 'p2', name='a', state='RUNNING')

    api.request('PUT', f'{PATH}/{foreign["id"]}', status=404, json={'state': state})
    assert api.engine.calls == []


@pytest.mark.parametrize('state', ['PAUSED', 'RUNNING'])
def test_pause_and_resume(api, make_action, state):
    action_id = make_action()
    api.request('PUT', f'{PATH}/{action_id}', status=200, json={'state': state})

    assert api.engine.calls == [('update_action', action_id, state)]


@pytest.mark.parametrize(
    ('body', 'actual'), [({'state': 'IDLE'}, 'IDLE'), ({'output': {}}, 'Unset')]
)
def test_state_that_is_refused(api, make_action, body, actual):
    assert api.fault('PUT', f'{PATH}/{make_action()}', 400, json=body) == (
        "Error. Expected one of ['SUCCESS', 'ERROR', 'CANCELLED', 'PAUSED', 'RUNNING'], "
        f'actual: {actual}'
    )


def test_deletion_is_off_by_default(api):
    assert api.fault('DELETE', f'{PATH}/{UNKNOWN}', 403) == (
        'Action execution deletion is not allowed.'
    )


def test_deletion(make_api, make_action, task):
    api = make_api(allow_action_execution_deletion=True)

    def fault(action_id, status):
        return api.fault('DELETE', f'{PATH}/{action_id}', status)

    assert fault(UNKNOWN, 404) == f'ActionExecution not found [id={UNKNOWN}]'
    of_task = make_action(task_execution_id=task, state='SUCCESS')
    assert fault(of_task, 403) == 'Only ad-hoc action execution can be deleted.'
    assert fault(make_action(), 403) == 'Only completed action execution can be deleted.'
    done = make_action(state='ERROR')
    api.request('DELETE', f'{PATH}/{done}', status=204)
    api.get(f'{PATH}/{done}', status=404)
