"""`/v2/tasks`"""

import json

import pytest

FIELDS = [
    'id',
    'name',
    'type',
    'workflow_name',
    'workflow_namespace',
    'workflow_id',
    'workflow_execution_id',
    'tags',
    'state',
    'state_info',
    'project_id',
    'runtime_context',
    'result',
    'published',
    'published_global',
    'processed',
    'created_at',
    'updated_at',
    'started_at',
    'finished_at',
]
UNKNOWN = '11111111-2222-4333-8444-555555555555'


@pytest.fixture
def execution(api):
    return api.insert('executions', name='wf', workflow_name='wf', state='ERROR')


@pytest.fixture
def make_task(api, execution):
    def make(**values):
        row = {
            'name': 't',
            'type': 'ACTION',
            'workflow_name': 'wf',
            'workflow_namespace': '',
            'workflow_execution_id': execution['id'],
            'tags': [],
            'state': 'ERROR',
            'runtime_context': {},
            'published': {},
            'processed': True,
            'spec': {'action': 'std.noop'},
            **values,
        }
        return api.insert('tasks', **row)['id']

    return make


def add_action(api, task_id, result, accepted=True, **values):
    row = {'name': 'a', 'state': 'SUCCESS', 'runtime_context': {}, **values}
    output = {'result': result}
    api.insert(
        'action_executions', task_execution_id=task_id, output=output, accepted=accepted, **row
    )


def test_get(api, make_task):
    task_id = make_task(published={'p': 1}, published_global={'g': 2})
    add_action(api, task_id, {'k': 1})
    task = api.get(f'/v2/tasks/{task_id}')

    assert list(task) == FIELDS
    assert task['result'] == '{"k": 1}'
    assert task['published'] == '{"p": 1}'
    assert task['published_global'] == '{"g": 2}'
    assert task['processed'] is True


def test_global_variables_are_shown_only_if_there_are_any(api, make_task):
    assert 'published_global' not in api.get(f'/v2/tasks/{make_task()}')


def test_get_chosen_fields(api, make_task):
    path = f'/v2/tasks/{make_task()}'

    assert list(api.get(f'{path}?fields=result,name')) == ['id', 'name', 'result']
    assert list(api.get(f'{path}?fields=published_global')) == ['id', 'published_global']
    assert api.fault('GET', f'{path}?fields=nope', 400) == "Field 'nope' does not exist."


def test_internal_keys_of_the_runtime_context_are_not_shown(api, make_task):
    context = {'triggered_by': [{'task_id': 'x', 'event': 'on-success'}], '_internal': 1}
    task = api.get(f'/v2/tasks/{make_task(runtime_context=context)}')

    assert list(json.loads(task['runtime_context'])) == ['triggered_by']
    assert api.get(f'/v2/tasks/{make_task(runtime_context=None)}')['runtime_context'] == '{}'


def test_result_counts_accepted_children_only(api, make_task):
    task_id = make_task()
    add_action(api, task_id, 'old', accepted=False)
    assert api.get(f'/v2/tasks/{task_id}')['result'] == '[]'

    add_action(api, task_id, 'new')
    assert api.get(f'/v2/tasks/{task_id}')['result'] == '"new"'


def test_result_of_items_comes_in_their_order(api, make_task):
    task_id = make_task(spec={'with-items': 'i in <% $.x %>'})
    for index in (2, 0, 1):
        add_action(api, task_id, f'item {index}', runtime_context={'index': index})

    assert json.loads(api.get(f'/v2/tasks/{task_id}')['result']) == ['item 0', 'item 1', 'item 2']


def test_result_of_a_sub_workflow_is_its_output(api, make_task):
    task_id = make_task(type='WORKFLOW', spec={'workflow': 's'})
    row = {'name': 's', 'workflow_name': 's', 'state': 'SUCCESS', 'accepted': True}
    api.insert('executions', task_execution_id=task_id, output={'x': 1}, params={'index': 0}, **row)

    assert api.get(f'/v2/tasks/{task_id}')['result'] == '{"x": 1}'


def test_list(api, make_task):
    task_id = make_task()
    add_action(api, task_id, 1)

    (task,) = api.get('/v2/tasks')['tasks']
    assert list(task) == [name for name in FIELDS if name not in {'result', 'published_global'}]
    (task,) = api.get('/v2/tasks?fields=result')['tasks']
    assert task == {'id': task_id, 'result': '1'}


@pytest.mark.parametrize('method', ['GET', 'PUT'])
def test_unknown_task(api, method):
    fault = api.fault(method, f'/v2/tasks/{UNKNOWN}', 404, json={'state': 'RUNNING'})

    assert fault == f'Task execution not found [id={UNKNOWN}]'


@pytest.mark.parametrize(
    ('task', 'body', 'call'),
    [
        ({}, {'state': 'RUNNING', 'reset': True}, ('rerun_task', True, None)),
        (
            {'spec': {'with-items': 'i in [1]'}},
            {'state': 'RUNNING', 'reset': False, 'env': '{"a": 1}'},
            ('rerun_task', False, {'a': 1}),
        ),
        ({}, {'state': 'SKIPPED'}, ('skip_task', None)),
        ({}, {'id': 'x', 'state': 'SKIPPED', 'env': {'a': 1}}, ('skip_task', {'a': 1})),
    ],
)
def test_rerun_and_skip(api, make_task, task, body, call):
    task_id = make_task(**task)
    answer = api.request('PUT', f'/v2/tasks/{task_id}', status=200, json=body).json

    method, *arguments = call
    assert api.engine.calls == [(method, task_id, *arguments)]
    assert answer['id'] == task_id
    assert answer['result'] == '[]'


@pytest.mark.parametrize(
    ('task', 'body', 'message'),
    [
        ({}, {'name': 'other', 'state': 'RUNNING'}, 'Task name does not match.'),
        ({}, {'workflow_name': 'x', 'state': 'RUNNING'}, 'Workflow name does not match.'),
        (
            {},
            {'state': 'SUCCESS', 'reset': True},
            'Invalid task state. Only updating task to RUNNING or SKIPPED is supported.',
        ),
        (
            {},
            {},
            'Invalid task state. Only updating task to RUNNING or SKIPPED is supported.',
        ),
        (
            {'state': 'SUCCESS'},
            {'state': 'RUNNING', 'reset': True},
            (
                'The current task execution must be in ERROR for rerun. '
                'Only updating task to rerun is supported.'
            ),
        ),
        ({}, {'state': 'RUNNING'}, 'Reset field is mandatory to rerun task.'),
        (
            {},
            {'state': 'RUNNING', 'reset': False},
            'Only with-items task has the option to not reset.',
        ),
        (
            {},
            {'state': 'RUNNING', 'reset': None},
            'Only with-items task has the option to not reset.',
        ),
    ],
)
def test_requests_that_are_refused(api, make_task, task, body, message):
    task_id = make_task(**task)

    assert api.fault('PUT', f'/v2/tasks/{task_id}', 400, json=body) == message
    assert api.engine.calls == []


def test_environment_of_a_running_execution(api, make_task):
    running = api.insert('executions', name='wf', workflow_name='wf', state='RUNNING')
    task_id = make_task(workflow_execution_id=running['id'])
    body = {'state': 'RUNNING', 'reset': True, 'env': {'a': 1}}

    assert 'Updating env' in api.fault('PUT', f'/v2/tasks/{task_id}', 403, json=body)


def test_reset_that_is_no_truth_value(api, make_task):
    body = {'state': 'RUNNING', 'reset': 'maybe'}

    assert 'maybe' in api.fault('PUT', f'/v2/tasks/{make_task()}', 400, json=body)


def test_action_executions_of_a_task(api, make_task):
    task_id, other = make_task(), make_task()
    add_action(api, task_id, 1)
    (action,) = api.get(f'/v2/tasks/{task_id}/action_executions')['action_executions']

    assert action['task_name'] == 't'
    path = f'action_executions/{action["id"]}'
    assert api.get(f'/v2/tasks/{task_id}/{path}') == api.get(f'/v2/{path}')
    api.get(f'/v2/tasks/{other}/{path}', status=404)
    assert api.get(f'/v2/tasks/{UNKNOWN}/action_executions') == {'action_executions': []}


def test_workflow_executions_of_a_task(api, make_task):
    task_id = make_task()
    row = {'name': 's', 'workflow_name': 's', 'state': 'SUCCESS', 'task_execution_id': task_id}
    api.insert('executions', **row)
    (sub,) = api.get(f'/v2/tasks/{task_id}/workflow_executions')['executions']

    assert sub['workflow_name'] == 's'
    assert not {'params', 'input', 'output'} & set(sub)
    assert api.get(f'/v2/tasks/{UNKNOWN}/workflow_executions') == {'executions': []}


@pytest.mark.parametrize(
    ('below', 'name'),
    [
        ('action_executions', 'task_execution_id'),
        ('workflow_executions', 'task_execution_id'),
        ('executions', 'id'),
    ],
)
def test_what_is_below_something_that_cannot_be_a_task(api, below, name):
    assert api.fault('GET', f'/v2/tasks/some/{below}', 400) == (
        f"Invalid input for field/attribute {name}. Value: 'some'. "
        'unable to convert to uuid. Error: Expected a uuid but received some.'
    )
