"""Whoever waits for an answer gets one."""

import queue
from typing import Any

import pytest

from mistral.context import SYSTEM
from mistral.exceptions import MistralException
from mistral.rpc.kombu import messages
from mistral.rpc.kombu.server import KombuServer
from mistral.rpc.kombu.topology import Queues
from mistral.tests.unit.rpc.kombu.fakes import FakeConnection, FakeLink, message
from mistral.tests.waiting import wait_for

SHARED = Queues(quorum=False).shared('t')
PATIENCE = 10


class Endpoint:
    def echo(self, caller, *, value):
        return value

    def unsendable(self, caller):
        return object()


class Transport:
    """Takes answers, and has them in safe hands at once."""

    def __init__(self):
        self.answers = queue.Queue()

    def answer(self, reply_to, call_id, body, done):
        self.answers.put((reply_to, call_id, body))
        done(None)


class Case:
    def __init__(self):
        transport: Any = Transport()
        self.transport = transport
        make_link: Any = lambda *_: FakeLink()  # noqa: E731
        self.server = KombuServer(
            'me', Endpoint(), transport, [SHARED], make_link,
            threads=1, capacity=1, stop_timeout=PATIENCE,
        )  # fmt: skip
        connection: Any = FakeConnection()
        self.intake = self.server._intake
        self.intake.opened(connection)
        (self.channel,) = connection.channels
        self.server.start()

    def call(self, body, **properties):
        self.channel.callbacks[SHARED.name](message(self.channel, 1, body=body, **properties))

    def ask(self, body):
        """The answer to a message; raises the error that it tells of."""
        self.call(body, reply_to='client', correlation_id='7')
        reply_to, call_id, answer = self.transport.answers.get(timeout=PATIENCE)
        assert (reply_to, call_id) == ('client', '7')
        return messages.read_answer(answer)

    @property
    def is_acknowledged(self):
        self.intake.work()
        return self.channel.acknowledged == [1]

    def stop(self):
        self.intake.is_quiet.set()
        self.server.stop()


@pytest.fixture
def case():
    case = Case()
    yield case
    case.stop()


def call(method, **arguments):
    return messages.CallWriter(method, SYSTEM).write(arguments)


def test_result(case):
    assert case.ask(call('echo', value=1)) == 1
    wait_for(lambda: case.is_acknowledged, 'acknowledgement')


@pytest.mark.parametrize(
    ('body', 'text'),
    [
        (b'{}', "This is no call: KeyError: 'arguments'"),
        (b'[' * 100_000, 'This is no call: maximum recursion'),
        (call('other'), 'There is no "other" to call'),
        (call('echo', other=1), 'Internal error: TypeError'),
        (call('unsendable'), 'Internal error: TypeError'),
    ],
    ids=['no call', 'nested too deeply', 'unknown method', 'wrong arguments', 'unsendable'],
)
def test_error(case, body, text):
    with pytest.raises(MistralException, match=f'^{text}'):
        case.ask(body)
    wait_for(lambda: case.is_acknowledged, 'acknowledgement')


def test_what_is_no_call_is_dropped_if_nobody_waits(case, caplog):
    case.call(b'{}')
    wait_for(lambda: case.is_acknowledged, 'acknowledgement')
    assert 'A message on t.durable is no call' in caplog.text
