"""Clients say to a transport what endpoints understand."""

import inspect
import typing
from typing import Any, cast

import pytest
from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.actions.std_actions import EchoAction
from mistral.context import SYSTEM, RequestContext
from mistral.engine.service import EngineService
from mistral.exceptions import DBEntityNotFoundError
from mistral.executors.endpoint import ExecutorEndpoint
from mistral.rpc import wire
from mistral.rpc.base import ENGINE, EXECUTOR
from mistral.rpc.clients import EngineClient, ExecutorClient
from mistral.rpc.local import LocalTransport

CALLER = RequestContext(project_id='p')


class Transport:
    """Notes calls, and carries their arguments as a wire would."""

    def __init__(self, answer=None):
        self.calls = []
        self._answer = answer

    def call(self, topic, method, caller, arguments, *, server=None):
        self.calls.append((topic, method, caller, wire.load(wire.dump(arguments)), server))
        return self._answer

    cast = call


#: Each method of the engine's client, with arguments.
ENGINE_CALLS = {
    'start_workflow': {'workflow_identifier': 'wf', 'input': {'a': 1}, 'params': {'env': {}}},
    'start_action': {'name': 'std.echo', 'input': {'output': 1}, 'timeout': 5},
    'pause_workflow': {'execution_id': 'e'},
    'resume_workflow': {'execution_id': 'e', 'env': {'a': 1}},
    'stop_workflow': {'execution_id': 'e', 'state': 'ERROR', 'message': 'enough'},
    'update_env': {'execution_id': 'e', 'env': {'a': 1}},
    'rerun_task': {'task_execution_id': 't', 'reset': False, 'env': {'a': 1}},
    'skip_task': {'task_execution_id': 't'},
    'update_action': {'action_execution_id': 'a', 'state': 'PAUSED'},
}


@pytest.mark.parametrize(('method', 'arguments'), ENGINE_CALLS.items(), ids=ENGINE_CALLS)
def test_engine_is_asked_in_its_words(method, arguments):
    transport = Transport(answer={'id': 'x'})
    answer = getattr(EngineClient(transport), method)(CALLER, **arguments)
    ((topic, called, caller, sent, server),) = transport.calls
    assert (topic, called, caller, server) == (ENGINE, method, CALLER, None)
    assert {name: sent[name] for name in arguments} == arguments
    assert fits(getattr(EngineService, called), sent)
    returns = typing.get_type_hints(getattr(EngineClient, method))['return']
    assert answer == (None if returns is type(None) else {'id': 'x'})


def fits(endpoint, arguments):
    """Whether an endpoint takes these arguments, after itself and the caller."""
    inspect.signature(endpoint).bind(None, CALLER, **arguments)
    return True


@pytest.mark.parametrize(
    'result', [Result(data={'a': 1}), Result(error='broken'), Result(cancel=True)]
)
def test_result_from_outside(result):
    transport = Transport()
    EngineClient(transport).complete_action(CALLER, 'a', result)
    ((_, method, _, sent, _),) = transport.calls
    assert sent['action_execution_id'] == 'a'
    assert Result(**sent['result']) == result
    assert fits(getattr(EngineService, method), sent)


def request(**fields):
    return ActionRequest(
        **{
            'action': EchoAction('hello', delay=1),
            'action_execution_id': 'a',
            'name': 'std.echo',
            'caller': CALLER,
            'safe_rerun': True,
            'execution_context': {'workflow_execution_id': 'e'},
            'timeout': 5,
            **fields,
        }
    )


def test_result_from_an_executor():
    transport = Transport()
    EngineClient(transport).report_result(request(), Result(data=1))
    ((topic, method, caller, sent, _),) = transport.calls
    assert (topic, caller) == (ENGINE, SYSTEM)
    assert (sent['action_execution_id'], sent['execution_id']) == ('a', 'e')
    assert fits(getattr(EngineService, method), sent)


class Executor:
    """Notes what an executor would be told."""

    def __init__(self):
        self.requests = []

    def run_action(self, request):
        self.requests.append(request)

    def run_action_sync(self, request):
        self.requests.append(request)
        return Result(error='broken')


@pytest.mark.parametrize('timeout', [None, 5])
def test_executor_gets_the_same_request(timeout):
    executor = Executor()
    transport = LocalTransport()
    transport.serve(EXECUTOR, ExecutorEndpoint(cast('Any', executor)))
    client = ExecutorClient(transport)
    sent = request(timeout=timeout)
    client.run_action(sent, target=None)
    assert client.run_action_sync(sent, target='here') == Result(error='broken')
    assert executor.requests == [sent, sent]


def test_target_names_the_server():
    transport = Transport()
    ExecutorClient(transport).run_action(request(), target='executor-2')
    assert transport.calls[0][4] == 'executor-2'


class TestLocalTransport:
    class Endpoint:
        def add(self, caller, *, a, b):
            return caller.project_id, a + b

        def fail(self, caller):
            raise DBEntityNotFoundError('nothing here')

    @pytest.fixture
    def transport(self):
        transport = LocalTransport()
        transport.serve('topic', self.Endpoint())
        return transport

    def test_call(self, transport):
        assert transport.call('topic', 'add', CALLER, {'a': 1, 'b': 2}) == ('p', 3)
        assert transport.call('topic', 'add', CALLER, {'a': 1, 'b': 2}, server='any') == ('p', 3)

    def test_cast_answers_nothing(self, transport):
        assert transport.cast('topic', 'add', CALLER, {'a': 1, 'b': 2}) is None

    def test_errors_keep_their_type(self, transport):
        with pytest.raises(DBEntityNotFoundError, match='nothing here'):
            transport.call('topic', 'fail', CALLER, {})
