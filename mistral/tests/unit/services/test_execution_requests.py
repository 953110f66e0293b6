"""Which requests about executions are well formed, and what they mean."""

import pytest

from mistral.exceptions import InputException
from mistral.services.execution_requests import ExecutionUpdate, StartRequest

SOURCE = {
    'id': 's1',
    'workflow_id': 'w1',
    'workflow_namespace': 'ns',
    'input': {'a': 1},
    'params': {'env': {'e': 1}, 'namespace': 'ns', 'index': 2, 'root_execution_id': 'r'},
}


def start(given, source=None):
    return StartRequest.from_body(given, source)


def test_start_fills_in_defaults():
    request = start({'workflow_name': 'w'})

    assert request == StartRequest('w', '', None, {}, '', {})


def test_id_of_workflow_goes_before_its_name():
    assert start({'workflow_id': 'i', 'workflow_name': 'n'}).workflow_identifier == 'i'


def test_null_id_of_workflow_does_not_hide_its_name():
    assert start({'workflow_id': None, 'workflow_name': 'n'}).workflow_identifier == 'n'


def test_null_description_stays_null():
    assert start({'workflow_name': 'w', 'description': None}).description is None


def test_start_needs_a_workflow():
    with pytest.raises(InputException, match='Workflow ID or workflow name must be provided'):
        start({'input': {}})


@pytest.mark.parametrize('name', ['root_execution_id', 'task_execution_id', 'index', 'async_'])
def test_internal_parameters_are_refused(name):
    with pytest.raises(InputException, match=name):
        start({'workflow_name': 'w', 'params': {name: 'x'}})


def test_source_gives_what_the_request_does_not():
    request = start({}, SOURCE)

    assert request.workflow_identifier == 'w1'
    assert request.namespace == 'ns'
    assert request.input == {'a': 1}
    assert request.params == {'env': {'e': 1}, 'namespace': 'ns'}
    assert request.description == "Based on the execution 's1'"


def test_request_goes_before_its_source():
    given = {'input': {'a': 2}, 'params': {'env': {}}, 'description': 'again'}
    request = start(given, SOURCE)

    assert request.input == {'a': 2}
    assert request.params == {'env': {}}
    assert request.description == "again Based on the execution 's1'"


@pytest.mark.parametrize(
    ('given', 'update'),
    [
        ({'state': 'PAUSED'}, ExecutionUpdate('PAUSED', None, None, None)),
        (
            {'state': 'ERROR', 'state_info': 'why'},
            ExecutionUpdate('ERROR', 'why', None, None),
        ),
        ({'description': 'd'}, ExecutionUpdate(None, None, 'd', None)),
        ({'params': {'env': {'a': 1}}}, ExecutionUpdate(None, None, None, {'a': 1})),
        (
            {'state': 'RUNNING', 'params': {'env': {'a': 1}}},
            ExecutionUpdate('RUNNING', None, None, {'a': 1}),
        ),
        (
            {'description': 'd', 'params': {'env': {'a': 1}}},
            ExecutionUpdate(None, None, 'd', {'a': 1}),
        ),
        ({'state': 'SKIPPED'}, ExecutionUpdate('SKIPPED', None, None, None)),
    ],
)
def test_update(given, update):
    assert ExecutionUpdate.from_body(given) == update


@pytest.mark.parametrize(
    ('given', 'message'),
    [
        ({}, 'The property state, description, or env is not provided for update.'),
        (
            {'params': {'other': 1}},
            'The property state, description, or env is not provided for update.',
        ),
        (
            {'state': 'PAUSED', 'description': 'd'},
            'The property description must be updated separately from state.',
        ),
        (
            {'state': 'ERROR', 'params': {'env': {'a': 1}}},
            (
                'The property env can only be updated when workflow execution is not running '
                'or on resume from pause.'
            ),
        ),
        (
            {'params': {'env': 'name'}},
            "Unexpected value type for environment [env=name, type=<class 'str'>]",
        ),
        (
            {'state': 'IDLE'},
            (
                'Cannot change state to IDLE. '
                "Allowed states are: 'RUNNING, PAUSED, SUCCESS, ERROR, CANCELLED"
            ),
        ),
    ],
)
def test_update_that_is_refused(given, message):
    with pytest.raises(InputException) as caught:
        ExecutionUpdate.from_body(given)

    assert str(caught.value) == message
