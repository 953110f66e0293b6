"""What every backend does for its users, over a real broker."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest

from mistral import exceptions
from mistral.context import SYSTEM, RequestContext
from mistral.rpc.base import ENGINE
from mistral.tests.functional.rpc.endpoints import Recorder
from mistral.tests.waiting import wait_for

# About the way that the backend for oslo.messaging has to ask for threads.
pytestmark = pytest.mark.filterwarnings("ignore:Using the 'executor' argument is deprecated")


def test_call_returns_the_result(bus):
    bus.serve(Recorder())
    now = datetime.now(UTC)
    answer = bus.client().call(
        ENGINE, 'echo', RequestContext(project_id='p'), {'a': [1, None, 'é'], 'at': now}
    )
    assert answer == {'arguments': {'a': [1, None, 'é'], 'at': now}, 'project': 'p'}


def test_data_may_look_like_that_of_the_wire(bus):
    bus.serve(Recorder())
    data = {'a': {'__datetime__': 'x'}, 'b': {'__datetime__': '2026-01-02'}}
    assert bus.client().call(ENGINE, 'echo', SYSTEM, data)['arguments'] == data


def test_large_messages(bus):
    bus.serve(Recorder())
    text = 'x' * 1_000_000
    answer = bus.client().call(ENGINE, 'echo', SYSTEM, {'text': text})
    assert answer['arguments']['text'] == text


def test_foreseen_errors_keep_their_type(bus):
    bus.serve(Recorder())
    client = bus.client()
    for name in ('DBEntityNotFoundError', 'WorkflowException', 'MistralException'):
        with pytest.raises(getattr(exceptions, name), match=r'^text$') as caught:
            client.call(ENGINE, 'fail', SYSTEM, {'name': name, 'text': 'text'})
        assert type(caught.value).__name__ == name


@pytest.mark.needs('errors')
def test_unforeseen_errors_keep_their_text_for_the_log(bus, caplog):
    bus.serve(Recorder())
    with pytest.raises(exceptions.MistralException, match=r'^Internal error: KeyError$'):
        bus.client().call(ENGINE, 'fail', SYSTEM, {'name': 'KeyError', 'text': 'secret'})
    assert 'secret' in caplog.text


def test_timeout_says_how_long(bus):
    recorder = Recorder()
    bus.serve(recorder)
    try:
        with pytest.raises(exceptions.RpcTimeoutError) as caught:
            bus.client().call(ENGINE, 'wait', SYSTEM, {'x': 1}, timeout=1)
        text = 'This rpc call "wait" took longer than configured 1 seconds.'
        assert str(caught.value) == text
    finally:
        recorder.gate.set()


@pytest.mark.needs('futures')
def test_a_future_is_answered_when_it_is_done(bus):
    recorder = Recorder()
    bus.serve(recorder)
    client = bus.client()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.call, ENGINE, 'later', SYSTEM, {'x': 1})
        wait_for(lambda: recorder.seen, 'call')
        assert not call.done()
        recorder.future.set_result('result')
        assert call.result(30) == 'result'


@pytest.mark.needs('futures')
def test_a_future_that_fails(bus):
    recorder = Recorder()
    bus.serve(recorder)
    recorder.future.set_exception(exceptions.NotAllowedException('no'))
    with pytest.raises(exceptions.NotAllowedException, match=r'^no$'):
        bus.client().call(ENGINE, 'later', SYSTEM, {'x': 1})


@pytest.mark.needs('redelivery')
def test_a_message_whose_future_is_cancelled_is_given_back(bus):
    recorder = Recorder()
    bus.serve(recorder)
    bus.client().cast(ENGINE, 'later', SYSTEM, [{'x': 1}])
    wait_for(lambda: recorder.seen == [1], 'message')
    cancelled, recorder.future = recorder.future, Future()
    cancelled.cancel()
    wait_for(lambda: recorder.seen == [1, 1], 'the same message')
    recorder.future.set_result(None)
    assert recorder.redelivered == [False, True]


@pytest.mark.needs('names')
def test_each_server_has_a_name(bus):
    servers = {label: bus.serve(Recorder(label)) for label in 'ab'}
    client = bus.client()
    for label, server in servers.items():
        wait_for(partial(_answers, client, server.name), 'server')
        answers = {client.call(ENGINE, 'who', SYSTEM, {}, server=server.name) for _ in range(5)}
        assert answers == {label}


def test_servers_are_found_by_host(bus):
    bus.serve(Recorder('named'), host='special')
    bus.serve(Recorder('any'))
    client = bus.client()
    wait_for(lambda: _answers(client, 'special'), 'server')
    answers = {client.call(ENGINE, 'who', SYSTEM, {}, server='special') for _ in range(5)}
    assert answers == {'named'}


@pytest.mark.needs('gone')
def test_servers_that_are_gone_are_reported_at_once(bus):
    server = bus.serve(Recorder())
    client = bus.client()
    wait_for(lambda: _answers(client, server.name), 'server')
    server.stop()
    began = time.monotonic()
    for name in (server.name, 'never-there'):
        with pytest.raises(exceptions.ServerGoneError, match=name):
            client.call(ENGINE, 'who', SYSTEM, {}, server=name)
        with pytest.raises(exceptions.ServerGoneError, match=name):
            client.cast(ENGINE, 'who', SYSTEM, [{}, {}], server=name)
    assert time.monotonic() - began < 30


def test_casts_arrive_in_order(bus):
    recorder = Recorder()
    bus.serve(recorder, threads=1, capacity=100, executor_thread_pool_size=1)
    client = bus.client()
    client.cast(ENGINE, 'note', SYSTEM, [{'x': x} for x in range(500)])
    client.cast(ENGINE, 'note', SYSTEM, [{'x': 500}])
    wait_for(lambda: len(recorder.seen) == 501, 'casts')
    assert recorder.seen == list(range(501))
    assert not any(recorder.redelivered)


@pytest.mark.needs('redelivery')
def test_casts_wait_for_a_server(bus):
    bus.client().cast(ENGINE, 'note', SYSTEM, [{'x': x} for x in range(3)])
    recorder = Recorder()
    bus.serve(recorder, threads=1)
    wait_for(lambda: recorder.seen == [0, 1, 2], 'casts')


@pytest.mark.needs('gone')
def test_calls_that_nobody_waits_for_are_dropped(bus):
    client = bus.client()
    with pytest.raises(exceptions.RpcTimeoutError):
        client.call(ENGINE, 'note', SYSTEM, {'x': 'late'}, timeout=0.3)
    client.cast(ENGINE, 'note', SYSTEM, [{'x': 'cast'}])
    recorder = Recorder()
    bus.serve(recorder, threads=1)
    wait_for(lambda: recorder.seen, 'cast')
    assert recorder.seen == ['cast']


@pytest.mark.needs('capacity')
def test_no_more_messages_in_hand_than_the_capacity(bus):
    busy, idle = Recorder(), Recorder()
    client = bus.client()
    server = bus.serve(busy, threads=1, capacity=3)
    client.cast(ENGINE, 'wait', SYSTEM, [{'x': 0}])
    wait_for(lambda: busy.seen, 'message in hand')
    client.cast(ENGINE, 'note', SYSTEM, [{'x': x} for x in range(1, 10)])
    bus.serve(idle)
    # The broker gives out in turn while both have room: all that the busy one can hold is two more.
    wait_for(lambda: len(idle.seen) >= 7, 'messages of the idle server')
    busy.gate.set()
    wait_for(lambda: len(idle.seen) + len(busy.seen) == 10, 'all messages')
    assert len(busy.seen) == 3
    server.stop()


def test_many_threads(bus):
    bus.serve(Recorder())
    client = bus.client()

    def work(number):
        for x in range(50):
            answer = client.call(ENGINE, 'echo', SYSTEM, {'x': [number, x]})
            assert answer['arguments'] == {'x': [number, x]}
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_stop_finishes_what_is_in_hand(bus):
    recorder = Recorder()
    server = bus.serve(recorder)
    client = bus.client()
    with ThreadPoolExecutor(2) as pool:
        call = pool.submit(client.call, ENGINE, 'wait', SYSTEM, {'x': 'answer'})
        wait_for(lambda: recorder.seen, 'call')
        stop = pool.submit(server.stop)
        recorder.gate.set()
        assert call.result(30) == 'answer'
        stop.result(30)


@pytest.mark.needs('redelivery')
def test_stop_hands_back_what_takes_too_long(bus):
    stuck, other = Recorder(), Recorder()
    other.gate.set()
    server = bus.serve(stuck, threads=1, capacity=5, graceful_shutdown_timeout=1)
    bus.client().cast(ENGINE, 'wait', SYSTEM, [{'x': x} for x in range(5)])
    wait_for(lambda: stuck.seen, 'message in hand')
    bus.serve(other)
    server.stop()
    wait_for(lambda: sorted(other.seen) == [0, 1, 2, 3, 4], 'messages given back')
    assert all(other.redelivered)
    stuck.gate.set()
    assert stuck.seen == [0]


def test_a_method_that_is_not_there(bus):
    if bus.kind == 'oslo':
        pytest.skip('oslo.messaging has an error of its own')
    bus.serve(Recorder())
    client = bus.client()
    for method in ('nothing', '__init__'):
        with pytest.raises(exceptions.MistralException, match=f'There is no "{method}" to call'):
            client.call(ENGINE, method, SYSTEM, {})


def test_what_is_no_data_is_refused(bus):
    with pytest.raises(TypeError):
        bus.client().cast(ENGINE, 'note', SYSTEM, [{'x': threading.Lock()}])


def _answers(client, server):
    try:
        return client.call(ENGINE, 'who', SYSTEM, {}, server=server, timeout=5) is not None
    except exceptions.RpcError:
        return False
