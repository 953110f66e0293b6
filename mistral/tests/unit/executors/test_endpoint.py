"""Requests to an executor as they come from a message bus."""

import pytest
from mistral_lib.actions import Result

from mistral.actions.dynamic_action import CodeSource, DynamicAction
from mistral.actions.serialization import serialize_action
from mistral.actions.std_actions import EchoAction, FailAction
from mistral.context import RequestContext
from mistral.executors.endpoint import ExecutorEndpoint
from mistral.executors.service import ExecutorService
from mistral.executors.worker_pool import PoolSettings, WorkerPool
from mistral.tests.unit.executors.doubles import PATIENCE, Reporter

CALLER = RequestContext('p')


@pytest.fixture
def reporter():
    return Reporter()


@pytest.fixture
def endpoint(reporter):
    service = ExecutorService(WorkerPool(PoolSettings(1)), reporter)
    yield ExecutorEndpoint(service)
    service.stop(0)


def packed(action):
    return {
        'action': action if isinstance(action, str) else serialize_action(action),
        'action_execution_id': 'a',
        'name': 'my.action',
        'safe_rerun': False,
        'execution_context': {},
        'timeout': None,
        'engine': None,
    }


def test_answer_comes_when_the_result_is_durable(endpoint, reporter):
    assert endpoint.run_action(CALLER, **packed(EchoAction('x'))).result(PATIENCE) is None
    assert reporter.next_result() == ('a', Result('x'))


@pytest.mark.parametrize(
    ('action', 'result'),
    [
        (EchoAction('x'), {'data': 'x', 'error': None, 'cancel': False}),
        (FailAction('no'), {'data': None, 'error': 'no', 'cancel': False}),
    ],
)
def test_result_is_the_answer(endpoint, reporter, action, result):
    answer = endpoint.run_action_sync(CALLER, **packed(action))
    assert answer.result(PATIENCE) == result
    assert reporter.results.empty()


@pytest.mark.parametrize(
    'text', ['no JSON', '{"__serial_key": "unknown", "__serial_data": "{}"}', '[]']
)
def test_action_that_cannot_be_rebuilt_fails(endpoint, reporter, text):
    assert endpoint.run_action(CALLER, **packed(text)).result(PATIENCE) is None
    id_, result = reporter.next_result()
    assert id_ == 'a'
    assert 'The action raised an exception [action=my.action, action_ex_id=a' in result.error


def test_calls_that_must_not_be_repeated():
    marked = {
        name
        for name in ('run_action', 'run_action_sync')
        if getattr(getattr(ExecutorEndpoint, name), 'at_most_once', False)
    }
    assert marked == {'run_action_sync'}


def test_dynamic_actions_are_run_only_where_they_are_wanted(reporter):
    code = CodeSource('s', 'mod', 1, 'class A:\n    def run(self, context): return 42')
    for takes_code, data in ((True, 42), (False, None)):
        service = ExecutorService(WorkerPool(PoolSettings(1)), reporter)
        endpoint = ExecutorEndpoint(service, takes_code=takes_code)
        answer = endpoint.run_action_sync(CALLER, **packed(DynamicAction(code, 'A', {})))
        found = answer.result(PATIENCE)
        assert found['data'] == data
        assert ('runs no dynamic actions' in (found['error'] or '')) is not takes_code
        service.stop(0)
