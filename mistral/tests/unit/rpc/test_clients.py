"""Clients say to a transport what endpoints understand."""

import inspect
import threading
import typing
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, cast

import pytest
from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.actions.std_actions import AsyncNoOpAction, EchoAction
from mistral.context import SYSTEM, RequestContext
from mistral.db.store.hand_over import Claim
from mistral.engine.endpoint import EngineEndpoint
from mistral.engine.service import EngineService
from mistral.exceptions import (
    DBEntityNotFoundError,
    RpcTimeoutError,
    SizeLimitExceededException,
)
from mistral.executors.endpoint import ExecutorEndpoint
from mistral.notifiers.endpoint import NotifierEndpoint
from mistral.rpc import wire
from mistral.rpc.base import ENGINE, EXECUTOR, NOTIFIER
from mistral.rpc.clients import EngineClient, ExecutorClient, NotifierClient
from mistral.rpc.local import LocalTransport
from mistral.rpc.work import EngineWorkClient
from mistral.workflow import event_codec
from mistral.workflow.events import Event, Settle, TimerFired

PATIENCE = 10
CALLER = RequestContext(project_id='p')


class Transport:
    """Notes calls, and carries their arguments as a wire would."""

    def __init__(self, answer=None):
        self.calls = []
        self.timeouts = []
        self._answer = answer

    def call(self, topic, method, caller, arguments, *, server=None, timeout=None):
        self.calls.append((topic, method, caller, wire.load(wire.dump(arguments)), server))
        self.timeouts.append(timeout)
        return self._answer

    def cast(self, topic, method, caller, calls, *, server=None):
        self.calls += (
            (topic, method, caller, wire.load(wire.dump(arguments)), server) for arguments in calls
        )


#: Each method of the engine's client, with arguments.
ENGINE_CALLS = {
    'start_workflow': {'workflow_identifier': 'wf', 'input': {'a': 1}, 'params': {'env': {}}},
    'start_action': {'name': 'std.echo', 'input': {'output': 1}, 'timeout': 5},
    'pause_workflow': {'execution_id': 'e', 'message': 'why'},
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


class Executor:
    """Notes what an executor would be told."""

    def __init__(self):
        self.requests = []

    def run_action(self, request):
        self.requests.append(request)

    def run_action_sync(self, request):
        self.requests.append(request)
        future: Future[Result] = Future()
        future.set_result(Result(error='broken'))
        return future


class TestExecutorClient:
    @pytest.fixture
    def executor(self):
        return Executor()

    @pytest.fixture
    def local_client(self, executor):
        transport = LocalTransport()
        transport.serve(EXECUTOR, ExecutorEndpoint(cast('Any', executor)))
        return ExecutorClient(transport, lambda: 'engine-1')

    @pytest.mark.parametrize('timeout', [None, 5])
    def test_executor_gets_the_same_request(self, executor, local_client, timeout):
        sent = request(timeout=timeout)
        assert local_client.run_actions(CALLER, [(sent, None)]) == {}
        answer = local_client.run_action_sync(sent, target='here')
        assert answer.result(PATIENCE) == Result(error='broken')
        assert executor.requests == [replace(sent, engine='engine-1')] * 2

    def test_any_number_of_actions_can_be_waited_for(self):
        """An engine goes on meanwhile."""
        all_are_there = threading.Barrier(50)

        class Slow(Transport):
            def call(self, *_args, **_kwargs):
                all_are_there.wait(PATIENCE)
                return {'data': 1, 'error': None, 'cancel': False}

        client = ExecutorClient(Slow(), lambda: None)
        answers = [client.run_action_sync(request(), None) for _ in range(50)]
        assert {answer.result(PATIENCE).data for answer in answers} == {1}

    @pytest.mark.parametrize('redelivered', [True, False])
    def test_executor_is_told_of_a_redelivery(self, executor, local_client, redelivered):
        caller = replace(CALLER, redelivered=redelivered)
        local_client.run_actions(caller, [(request(), None)])
        assert [request.redelivered for request in executor.requests] == [redelivered]

    def test_engine_may_have_no_name(self):
        transport = Transport()
        ExecutorClient(transport, lambda: None).run_actions(CALLER, [(request(), None)])
        assert transport.calls[0][3]['engine'] is None

    def test_target_names_the_server(self):
        transport = Transport()
        targets = ['executor-2', None, 'executor-2']
        ExecutorClient(transport, lambda: None).run_actions(
            CALLER,
            [(request(action_execution_id=str(n)), target) for n, target in enumerate(targets)],
        )
        sent = [(call[3]['action_execution_id'], call[4]) for call in transport.calls]
        assert sorted(sent) == [('0', 'executor-2'), ('1', None), ('2', 'executor-2')]

    def test_action_that_cannot_be_sent_keeps_no_other_back(self):
        class Unsendable(EchoAction):
            @classmethod
            def get_serializer(cls):
                return Refusing

        class Refusing:
            def serialize(self, action):
                raise ValueError('not data')

        transport = Transport()
        bad = request(action=Unsendable('x'), action_execution_id='bad')
        refused = ExecutorClient(transport, lambda: None).run_actions(
            CALLER, [(bad, None), (request(), None)]
        )
        assert list(refused) == ['bad']
        assert [call[3]['action_execution_id'] for call in transport.calls] == ['a']

    def test_action_that_is_too_large_keeps_no_other_back(self):
        class Narrow(Transport):
            def cast(self, topic, method, caller, calls, *, server=None):
                if any(call['action_execution_id'] == 'large' for call in calls):
                    raise SizeLimitExceededException('too large')
                super().cast(topic, method, caller, calls, server=server)

        transport = Narrow()
        large = request(action_execution_id='large')
        refused = ExecutorClient(transport, lambda: None).run_actions(
            CALLER, [(request(), None), (large, None)]
        )
        assert refused == {'large': 'too large'}
        assert [call[3]['action_execution_id'] for call in transport.calls] == ['a']


class TestEngineWorkClient:
    """What executors and schedulers tell engines."""

    @pytest.mark.parametrize(
        ('engine', 'timeout'),
        [('engine-1', pytest.approx(15, abs=14)), (None, None)],
        ids=['a certain engine has little time', 'any'],
    )
    def test_report_results(self, engine, timeout):
        transport = Transport(answer=['b'])
        direct = request(action_execution_id='b', execution_context={})
        results = [(request(), Result(data=1)), (direct, Result(error='no'))]
        assert EngineWorkClient(transport).report_results(results, engine) == ['b']
        ((topic, method, caller, sent, server),) = transport.calls
        assert (topic, caller, server) == (ENGINE, SYSTEM, engine)
        assert transport.timeouts == [timeout]
        assert fits(getattr(EngineEndpoint, method), sent)
        assert sent['results'] == [
            {
                'action_execution_id': id_,
                'execution_id': execution_id,
                'result': {'data': data, 'error': error, 'cancel': False},
            }
            for id_, execution_id, data, error in (('a', 'e', 1, None), ('b', None, None, 'no'))
        ]

    def test_claim_actions(self):
        transport = Transport(answer=['a'])
        unsafe = request(
            action=AsyncNoOpAction(), safe_rerun=False, redelivered=True, action_execution_id='b'
        )
        assert EngineWorkClient(transport).claim_actions('me', [request(), unsafe]) == ['a']
        ((topic, method, _, sent, server),) = transport.calls
        assert (topic, server, sent['executor']) == (ENGINE, None, 'me')
        assert fits(getattr(EngineEndpoint, method), sent)
        assert [Claim(**claim) for claim in sent['claims']] == [
            Claim('a', redelivered=False, may_repeat=True),
            Claim('b', redelivered=True, may_repeat=unsafe.may_run_twice),
        ]

    def test_report_running(self):
        transport = Transport()
        EngineWorkClient(transport).report_running('me', ('a',))
        ((topic, method, _, sent, _),) = transport.calls
        assert (topic, sent) == (ENGINE, {'executor': 'me', 'action_execution_ids': ['a']})
        assert fits(getattr(EngineEndpoint, method), sent)

    def test_deliver(self):
        transport = Transport()
        items: list[tuple[str, Event, str | None]] = [
            ('e', TimerFired('timer', 't', 'continue'), 'timer'),
            ('f', Settle(), None),
        ]
        EngineWorkClient(transport).deliver(items)
        for (execution_id, event, job_id), (topic, method, _, sent, _) in zip(
            items, transport.calls, strict=True
        ):
            assert topic == ENGINE
            assert fits(getattr(EngineEndpoint, method), sent)
            assert (sent['execution_id'], sent['job_id']) == (execution_id, job_id)
            assert event_codec.decode(sent['event']) == event


def test_a_notifier_is_woken():
    woken = []

    class Notifier:
        def notify(self):
            woken.append(1)

    transport = LocalTransport()
    transport.serve(NOTIFIER, NotifierEndpoint(cast('Any', Notifier())))
    NotifierClient(transport).wake()
    assert woken == [1]


class TestLocalTransport:
    class Endpoint:
        def add(self, caller, *, a, b):
            return caller.project_id, a + b

        def fail(self, caller):
            raise DBEntityNotFoundError('nothing here')

        def later(self, caller, *, value=None, error=None):
            future = Future()
            future.set_exception(error) if error else future.set_result(value)
            return future

        def never(self, caller):
            return Future()

    @pytest.fixture
    def transport(self):
        transport = LocalTransport()
        transport.serve('topic', self.Endpoint())
        return transport

    def test_call(self, transport):
        assert transport.call('topic', 'add', CALLER, {'a': 1, 'b': 2}) == ('p', 3)
        assert transport.call('topic', 'add', CALLER, {'a': 1, 'b': 2}, server='any') == ('p', 3)

    def test_cast_answers_nothing(self, transport):
        assert transport.cast('topic', 'add', CALLER, [{'a': 1, 'b': 2}]) is None
        assert transport.cast('topic', 'never', CALLER, [{}]) is None

    def test_errors_keep_their_type(self, transport):
        with pytest.raises(DBEntityNotFoundError, match='nothing here'):
            transport.call('topic', 'fail', CALLER, {})

    def test_answers_that_come_later_are_waited_for(self, transport):
        assert transport.call('topic', 'later', CALLER, {'value': 1}) == 1
        with pytest.raises(DBEntityNotFoundError, match='gone'):
            transport.call('topic', 'later', CALLER, {'error': DBEntityNotFoundError('gone')})

    def test_answer_that_does_not_come_in_time(self, transport):
        with pytest.raises(RpcTimeoutError):
            transport.call('topic', 'never', CALLER, {}, timeout=0)
