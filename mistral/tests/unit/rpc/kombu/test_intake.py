"""Messages are acknowledged once, and handled once by the process that has them."""

from typing import Any

import pytest

from mistral.rpc.kombu import intake, topology
from mistral.rpc.kombu.intake import Intake
from mistral.rpc.kombu.topology import Queues
from mistral.tests.unit.rpc.kombu.fakes import FakeConnection, FakeLink, message

QUEUES = Queues(quorum=False)
SHARED = QUEUES.shared('t')
OWN = QUEUES.own('t', 'x')


class Case:
    def __init__(self):
        self.taken = []
        make_link: Any = lambda *_: FakeLink()  # noqa: E731
        self.intake = Intake([SHARED, OWN], 10, self.taken.append, make_link)
        self.open()

    def open(self):
        connection: Any = FakeConnection()
        self.intake.opened(connection)
        (self.channel,) = connection.channels

    def deliver(self, tag, queue=SHARED, **keywords):
        self.channel.callbacks[queue.name](message(self.channel, tag, **keywords))

    def finish(self, delivery):
        self.intake.finish(delivery)
        self.intake.work()


@pytest.fixture
def case():
    return Case()


def test_acknowledged_when_finished(case):
    case.deliver(1, message_id='a')
    assert case.channel.acknowledged == []
    case.finish(case.taken[0])
    assert case.channel.acknowledged == [1]


def test_what_comes_again_while_it_is_in_hand_is_handled_once(case):
    case.deliver(1, message_id='a')
    case.intake.closed(None)
    case.open()
    case.deliver(7, message_id='a', redelivered=True)
    assert len(case.taken) == 1
    case.finish(case.taken[0])
    assert case.channel.acknowledged == [7]


@pytest.mark.parametrize('comes_again_first', [False, True])
def test_what_is_published_twice_is_handled_once(case, comes_again_first):
    """By a client that has lost its connection before the broker could confirm it."""
    case.deliver(1, message_id='a')
    if comes_again_first:
        case.intake.closed(None)
        case.open()
        case.deliver(1, message_id='a', redelivered=True)
    case.deliver(2, message_id='a')
    assert case.channel.acknowledged == [2]
    assert len(case.taken) == 1
    case.finish(case.taken[0])
    assert case.channel.acknowledged == [2, 1]


def test_what_is_published_twice_and_becomes_old_is_acknowledged_once(case, monkeypatch):
    case.deliver(1, message_id='a')
    case.deliver(2, message_id='a')
    monkeypatch.setattr(intake, 'PATIENCE', 0)
    assert case.intake.work() is None
    case.deliver(3, message_id='a')
    case.finish(case.taken[0])
    assert case.channel.acknowledged == [2, 1, 3]


def test_what_comes_again_after_it_was_done_is_acknowledged_only(case):
    case.deliver(1, message_id='a')
    case.intake.closed(None)
    case.intake.finish(case.taken[0])
    case.open()
    case.intake.work()
    assert case.channel.acknowledged == []
    case.deliver(1, message_id='a', redelivered=True)
    assert case.channel.acknowledged == [1]
    assert len(case.taken) == 1


def test_old_acknowledgements_do_not_go_to_a_new_channel(case):
    case.deliver(1, message_id='a')
    case.intake.closed(None)
    case.open()
    case.finish(case.taken[0])
    assert case.channel.acknowledged == []


def test_redelivered(case):
    case.deliver(1, message_id='a', redelivered=True)
    deaths = [{'reason': 'expired', 'original-expiration': '60000'}]
    case.deliver(2, message_id='b', application_headers={'x-death': deaths})
    case.deliver(3, message_id='c')
    assert [delivery.redelivered for delivery in case.taken] == [True, True, False]


def test_what_nobody_waits_for_any_more_is_dropped(case):
    deaths = [{'reason': 'expired', 'original-expiration': str(topology.OWN_PATIENCE - 1)}]
    case.deliver(1, message_id='a', application_headers={'x-death': deaths})
    assert case.taken == []
    assert case.channel.acknowledged == [1]


def test_accepted_before_it_is_handled(case):
    case.deliver(1, message_id='a')
    answer = intake.Accepted()
    case.intake._order(case.intake._accept, case.taken[0], answer)
    case.intake.work()
    assert case.channel.acknowledged == [1]
    assert answer.get_nowait() is True
    case.finish(case.taken[0])
    assert case.channel.acknowledged == [1]


def test_not_accepted_when_it_may_be_with_another_server(case):
    case.deliver(1, message_id='a')
    case.intake.closed(None)
    answer = intake.Accepted()
    case.intake._order(case.intake._accept, case.taken[0], answer)
    case.open()
    case.intake.work()
    assert answer.get_nowait() is False
    assert case.channel.acknowledged == []


def test_acknowledged_at_the_latest_after_a_while(case, monkeypatch):
    case.deliver(1, message_id='a')
    wait = case.intake.work()
    assert intake.PATIENCE - 10 < wait <= intake.PATIENCE
    monkeypatch.setattr(intake, 'PATIENCE', 0)
    assert case.intake.work() is None
    assert case.channel.acknowledged == [1]
    case.finish(case.taken[0])
    assert case.channel.acknowledged == [1]


def test_messages_that_come_after_the_end_are_given_back(case):
    case.intake.cancel()
    case.intake.work()
    case.deliver(1, message_id='a')
    assert case.taken == []
    assert case.channel.rejected == [(1, True)]
    assert not case.intake.is_quiet.is_set()
    case.channel.callbacks.clear()
    case.intake.work()
    assert case.intake.is_quiet.is_set()


def test_what_is_left_of_an_own_queue_goes_to_other_servers(case):
    case.deliver(1, message_id='a')
    case.deliver(2, OWN, message_id='b')
    case.intake.cancel()
    case.channel.callbacks.clear()
    case.intake.work()
    case.intake.closing()
    assert case.channel.rejected == [(2, False)]
    assert case.channel.deleted == [OWN.name]
