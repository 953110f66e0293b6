"""Answers find the call that they belong to."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from oslo_config import cfg

from mistral import config
from mistral.context import SYSTEM
from mistral.exceptions import RpcError, RpcTimeoutError, ServerGoneError
from mistral.rpc.base import ENGINE
from mistral.rpc.kombu import messages, settings
from mistral.rpc.kombu.client import KombuTransport
from mistral.rpc.kombu.topology import Queues
from mistral.tests.unit.rpc.kombu.fakes import FakeConnection, message
from mistral.tests.waiting import wait_for


class Case:
    """The thread of the link is that of the test: `work` does what it would."""

    is_up = True

    def __init__(self):
        conf = cfg.ConfigOpts()
        config.register(conf)
        conf([], project='mistral', default_config_files=[], default_config_dirs=[])
        found = replace(settings.read(conf), response_timeout=30)
        self.transport = KombuTransport(found, Queues(quorum=False), self._make_link)
        connection = FakeConnection()
        self.user.opened(connection)
        self.consumer, self.publisher = connection.channels

    def _make_link(self, name, user):
        self.user = user
        return self

    def wake(self):
        pass

    def work(self):
        self.user.work()

    def sent(self, count):
        def look():
            self.work()
            return len(self.publisher.published) >= count and self.publisher.published

        return wait_for(look, 'calls')

    def answer(self, tag, call, body):
        properties = call.properties
        self.consumer.callbacks[properties['reply_to']](
            message(self.consumer, tag, body=body, correlation_id=properties['correlation_id'])
        )


@pytest.fixture
def case():
    return Case()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(3) as pool:
        yield pool


def test_answers_in_any_order(case, pool):
    calls = {x: pool.submit(case.transport.call, ENGINE, 'm', SYSTEM, {'x': x}) for x in range(3)}
    sent = case.sent(3)
    for tag, call in enumerate(reversed(sent), 1):
        x = messages.read_call(call.body).arguments['x']
        case.answer(tag, call, messages.write_result(10 * x))
    assert {x: call.result(30) for x, call in calls.items()} == {0: 0, 1: 10, 2: 20}


def test_answers_that_nobody_waits_for(case, pool):
    call = pool.submit(case.transport.call, ENGINE, 'm', SYSTEM, {})
    (sent,) = case.sent(1)
    case.answer(1, sent, messages.write_result('first'))
    case.answer(2, sent, messages.write_result('twice'))
    assert call.result(30) == 'first'
    case.transport.answer('q', '7', b'', lambda _: None)
    case.work()
    assert case.consumer.acknowledged == [2]


def test_an_answer_that_is_too_late(case):
    with pytest.raises(RpcTimeoutError, match=r'"m" took longer than configured 0\.01 seconds'):
        case.transport.call(ENGINE, 'm', SYSTEM, {}, timeout=0.01)
    case.work()
    assert case.publisher.published == []


def test_casts_wait_for_their_confirms(case, pool):
    cast = pool.submit(case.transport.cast, ENGINE, 'm', SYSTEM, [{'x': 1}, {'x': 2}])
    assert [message.properties.get('reply_to') for message in case.sent(2)] == [None, None]
    assert not cast.done()
    case.publisher.confirm(2, multiple=True)
    cast.result(30)


def test_errors_of_the_broker_reach_the_caller(case, pool):
    call = pool.submit(case.transport.call, ENGINE, 'm', SYSTEM, {}, server='s')
    (sent,) = case.sent(1)
    case.publisher.give_back(sent)
    case.publisher.confirm(1)
    with pytest.raises(ServerGoneError):
        call.result(30)
    cast = pool.submit(case.transport.cast, ENGINE, 'm', SYSTEM, [{}])
    case.sent(2)
    case.publisher.refuse(2)
    with pytest.raises(RpcError):
        cast.result(30)


def test_no_calls_are_no_messages(case):
    case.transport.cast(ENGINE, 'm', SYSTEM, [])
    case.work()
    assert case.publisher.published == []
