"""Messages are published until they are confirmed."""

import time
from typing import Any

import pytest
from amqp import PreconditionFailed, spec

from mistral.exceptions import RpcError, ServerGoneError, SizeLimitExceededException
from mistral.rpc.kombu.outbox import Batch, Outbox
from mistral.tests.unit.rpc.kombu.fakes import FakeConnection


class Case:
    def __init__(self):
        self.again = []
        self.outcomes = []
        self.outbox = Outbox(lambda channel, queue: self.again.append(queue))
        self.open()

    def open(self):
        connection: Any = FakeConnection()
        self.connection = connection
        self.outbox.open(connection)
        (self.channel,) = connection.channels

    def post(self, *bodies, seconds=60, **keywords):
        batch = Batch(
            'q', len(bodies), self.outcomes.append, deadline=time.monotonic() + seconds, **keywords
        )
        self.outbox.post(batch, bodies)
        return batch

    @property
    def bodies(self):
        return [message.body for message in self.channel.published]


@pytest.fixture
def case():
    return Case()


def test_done_when_all_are_confirmed(case):
    case.post(b'1', b'2', b'3')
    assert case.outbox.work() is None
    assert case.bodies == [b'1', b'2', b'3']
    case.channel.confirm(2, multiple=True)
    assert case.outcomes == []
    case.channel.confirm(3)
    case.channel.confirm(3)
    assert case.outcomes == [None]


def test_what_is_not_confirmed_is_published_again_and_first(case):
    case.post(b'1', b'2', b'3')
    case.outbox.work()
    case.channel.confirm(2)
    case.outbox.close()
    case.post(b'4')
    case.outbox.work()
    case.open()
    case.outbox.work()
    assert case.bodies == [b'1', b'3', b'4']
    case.channel.confirm(3, multiple=True)
    assert case.outcomes == [None, None]


def test_one_that_is_too_large_is_given_up_and_no_other(case):
    case.post(b'1')
    case.post(b'2', b'large')
    case.post(b'3')
    case.outbox.work()
    case.outbox.close(PreconditionFailed('message size 5', spec.Basic.Publish))
    case.open()
    case.outbox.work()
    assert case.bodies == [b'1', b'2', b'3']
    case.channel.confirm(3, multiple=True)
    assert [type(outcome) for outcome in case.outcomes] == [
        type(None), SizeLimitExceededException, type(None),
    ]  # fmt: skip
    assert 'too large for the broker: Basic.publish: (406) message size 5' in str(case.outcomes[1])


@pytest.mark.parametrize(
    'error', [PreconditionFailed('other', spec.Queue.Declare), ConnectionResetError()]
)
def test_no_message_is_to_blame_for_other_errors(case, error):
    case.post(b'1', b'2')
    case.outbox.work()
    case.outbox.close(error)
    case.open()
    case.outbox.work()
    assert case.bodies == [b'1', b'2']


def test_a_message_keeps_its_id(case):
    case.post(b'1')
    case.outbox.work()
    (first,) = case.channel.published
    case.outbox.close()
    case.open()
    case.outbox.work()
    (second,) = case.channel.published
    assert first.properties['message_id'] == second.properties['message_id']


def test_a_server_that_is_gone(case):
    case.post(b'1', b'2', server='s')
    case.outbox.work()
    for tag in (1, 2):
        case.channel.give_back(case.channel.published[tag - 1])
        case.channel.confirm(tag)
    (error,) = case.outcomes
    assert isinstance(error, ServerGoneError)
    assert 'Nobody serves as "s"' in str(error)


def test_a_shared_queue_that_is_gone_is_made_again(case):
    case.post(b'1')
    case.outbox.work()
    case.channel.give_back(case.channel.published[0])
    case.channel.confirm(1)
    assert case.again == ['q']
    case.outbox.work()
    assert case.bodies == [b'1', b'1']
    case.channel.confirm(2)
    assert case.outcomes == [None]


def test_refused(case):
    case.post(b'1')
    case.outbox.work()
    case.channel.refuse(1)
    assert isinstance(case.outcomes[0], RpcError)


def test_what_was_given_up_is_not_published(case):
    batch = case.post(b'1')
    batch.give_up()
    case.outbox.work()
    assert case.bodies == []
    assert isinstance(case.outcomes[0], RpcError)


def test_nothing_is_published_while_the_broker_takes_nothing_in(case):
    case.connection.is_blocked = True
    case.post(b'1')
    case.outbox.work()
    assert case.bodies == []
    case.connection.is_blocked = False
    case.outbox.work()
    assert case.bodies == [b'1']


def test_a_full_buffer_is_written_first(case):
    case.connection.is_full = True
    case.post(b'1')
    assert case.outbox.work() == 0
    assert case.bodies == []


def test_the_broker_drops_it_when_the_time_is_over(case):
    case.post(b'1', seconds=5, expires=True)
    case.outbox.work()
    assert 4000 < int(case.channel.published[0].properties['expiration']) <= 5000
