"""What becomes of messages when connections to the broker break."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from mistral import exceptions
from mistral.context import SYSTEM
from mistral.rpc.base import ENGINE
from mistral.tests.functional.rpc.buses import rabbitmqctl
from mistral.tests.functional.rpc.endpoints import Recorder
from mistral.tests.functional.service.proxy import Proxy, proxy_to
from mistral.tests.waiting import wait_for, wait_for_more

pytestmark = pytest.mark.needs('resilience')

LOST = 'is lost or cannot be made'
BACK = 'is there again'


@pytest.fixture
def proxy(broker_url: str) -> Iterator[Proxy]:
    parts = urlsplit(broker_url)
    assert parts.hostname
    assert parts.port
    with proxy_to(parts.hostname, parts.port) as proxy:
        yield proxy


@pytest.fixture
def near_url(broker_url: str, proxy: Proxy) -> str:
    """The broker by way of the proxy."""
    parts = urlsplit(broker_url)
    return parts._replace(
        netloc=f'{parts.username}:{parts.password}@127.0.0.1:{proxy.port}'
    ).geturl()


def cut(proxy: Proxy) -> None:
    proxy.cut()
    proxy.mend()


def test_calls_go_on_after_connections_were_closed(bus):
    bus.serve(Recorder('served'))
    client = bus.client()
    for _ in range(3):
        assert client.call(ENGINE, 'who', SYSTEM, {}) == 'served'
        vhost = bus.url.rpartition('/')[2]
        rabbitmqctl('close_all_connections', '--vhost', vhost, 'test')
    assert client.call(ENGINE, 'who', SYSTEM, {}) == 'served'


def test_what_is_in_hand_is_handled_once_and_answered(bus, proxy, near_url):
    """The same process has it, and knows it when it comes again."""
    recorder = Recorder()
    server = bus.serve(recorder, backend=bus.backend(near_url))
    client = bus.client()
    wait_for(lambda: _is_there(client, server.name), 'server')
    to = [('wait', None), ('wait', server.name), ('wait_once', server.name)]
    with ThreadPoolExecutor(3) as pool:
        calls = [
            pool.submit(client.call, ENGINE, method, SYSTEM, {'x': method}, server=name)
            for method, name in to
        ]
        wait_for(lambda: len(recorder.seen) == 3, 'calls in hand')
        cut(proxy)
        # It is back: it has got a message that was sent after the cut.
        client.cast(ENGINE, 'note', SYSTEM, [{'x': 'after'}], server=server.name)
        wait_for(lambda: 'after' in recorder.seen, 'message after the cut')
        recorder.gate.set()
        assert sorted(call.result(30) for call in calls) == ['wait', 'wait', 'wait_once']
    assert len(recorder.seen) == 4


def test_casts_wait_for_the_broker_and_keep_their_order(bus, proxy, near_url):
    recorder = Recorder()
    bus.serve(recorder, threads=1, capacity=100)
    client = bus.backend(near_url).transport
    client.cast(ENGINE, 'note', SYSTEM, [{'x': -1}])
    proxy.cut()
    with ThreadPoolExecutor(1) as pool:
        cast = pool.submit(client.cast, ENGINE, 'note', SYSTEM, [{'x': x} for x in range(50)])
        proxy.mend()
        cast.result(30)
    wait_for(lambda: len(recorder.seen) >= 51, 'casts')
    assert recorder.seen == list(range(-1, 50))


def test_nothing_is_lost_while_connections_break(bus, proxy, near_url):
    """Duplicates are allowed, gaps are not."""
    recorder = Recorder()
    bus.serve(recorder, backend=bus.backend(near_url), capacity=50)
    client = bus.backend(near_url).transport
    with ThreadPoolExecutor(4) as pool:
        casts = [
            pool.submit(
                client.cast, ENGINE, 'note', SYSTEM, [{'x': 100 * n + i} for i in range(100)]
            )
            for n in range(40)
        ]
        for _ in range(3):
            wait_for_more(lambda: len(recorder.seen), 500, 4000)
            cut(proxy)
        for cast in casts:
            cast.result(60)
    wait_for(lambda: set(recorder.seen) == set(range(4000)), 'all casts')


def test_answers_that_are_under_way_come_through(bus, proxy, near_url):
    """The queue of answers outlives the connection."""
    recorder = Recorder()
    bus.serve(recorder)
    client = bus.backend(near_url).transport
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.call, ENGINE, 'wait', SYSTEM, {'x': 'answer'})
        wait_for(lambda: recorder.seen, 'call in hand')
        proxy.cut()
        recorder.gate.set()
        proxy.mend()
        assert call.result(30) == 'answer'


def test_calls_and_casts_give_up_in_time(bus, proxy, near_url):
    proxy.cut()
    client = bus.backend(near_url, rpc_response_timeout=1).transport
    with pytest.raises(exceptions.RpcTimeoutError, match='longer than configured 1 seconds'):
        client.call(ENGINE, 'who', SYSTEM, {})
    with pytest.raises(exceptions.RpcError, match='has not confirmed "note" within 1 seconds'):
        client.cast(ENGINE, 'note', SYSTEM, [{'x': 'late'}])
    # What was given up is not sent later.
    proxy.mend()
    wait_for(lambda: _casts(client, 'x'), 'connection')
    recorder = Recorder()
    bus.serve(recorder, threads=1)
    wait_for(lambda: recorder.seen, 'cast')
    assert set(recorder.seen) == {'x'}


def test_a_server_waits_for_the_broker(bus, proxy, near_url, caplog):
    proxy.cut()
    caplog.set_level(logging.INFO, 'mistral.rpc')
    backend = bus.backend(near_url)
    bus.serve(Recorder('patient'), backend=backend)
    wait_for(lambda: LOST in caplog.text, 'line about the broker')
    proxy.mend()
    assert backend.transport.call(ENGINE, 'who', SYSTEM, {}) == 'patient'
    wait_for(lambda: BACK in caplog.text, 'line about the broker')
    assert caplog.text.count(LOST) == caplog.text.count(BACK) == 1


def test_an_outage_is_one_line_in_the_log(bus, proxy, near_url, caplog):
    caplog.set_level(logging.INFO, 'mistral.rpc')
    backend = bus.backend(near_url, rpc_response_timeout=3)
    bus.serve(Recorder(), backend=backend)
    backend.transport.call(ENGINE, 'who', SYSTEM, {})
    proxy.cut()
    with pytest.raises(exceptions.RpcError):
        backend.transport.call(ENGINE, 'who', SYSTEM, {})
    proxy.mend()
    wait_for(lambda: BACK in caplog.text, 'line about the broker')
    assert caplog.text.count(LOST) == caplog.text.count(BACK) == 1
    assert 'guest:guest' not in caplog.text


def test_stop_while_the_broker_is_away(bus, proxy, near_url):
    backend = bus.backend(near_url)
    server = bus.serve(Recorder(), backend=backend)
    wait_for(lambda: _is_there(backend.transport, server.name), 'server')
    proxy.cut()
    server.stop()


def _is_there(client, server):
    try:
        return client.call(ENGINE, 'who', SYSTEM, {}, server=server, timeout=5) is not None
    except exceptions.RpcError:
        return False


def _casts(client, x):
    try:
        client.cast(ENGINE, 'note', SYSTEM, [{'x': x}])
    except exceptions.RpcError:
        return False
    return True
