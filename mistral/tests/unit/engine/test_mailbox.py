"""Mailboxes: one worker per execution, in order, in batches."""

import queue
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from mistral.engine.mailbox import MAX_EXECUTIONS, MAX_LETTERS, Letter, Mailboxes
from mistral.workflow.events import Settle, TimerFired

PATIENCE = 10


def number(n: int) -> Letter:
    return Letter(TimerFired(str(n), '', ''))


def letter_with(*futures: str) -> Letter:
    letter = Letter(Settle())
    for name in futures:
        setattr(letter, name, Future())
    return letter


def numbers(letters: Sequence[Letter]) -> list[int]:
    return [int(letter.event.timer_id) for letter in letters]


class Handler:
    """Holds each batch back until it is released."""

    def __init__(self) -> None:
        self.batches: queue.Queue[dict[str, list[int]]] = queue.Queue()
        self.released = threading.Semaphore(0)

    def __call__(self, letters: Mapping[str, Sequence[Letter]]) -> None:
        self.batches.put({id_: numbers(own) for id_, own in letters.items()})
        assert self.released.acquire(timeout=PATIENCE)

    def next(self) -> dict[str, list[int]]:
        return self.batches.get(timeout=PATIENCE)


@pytest.fixture
def handler():
    return Handler()


@pytest.fixture
def left():
    return []


@pytest.fixture
def make(handler, left):
    """Makes started mailboxes; stops them in the end."""
    made = []

    def make(workers: int = 1, handle: Any = handler) -> Mailboxes:
        mailboxes = Mailboxes(handle, workers, lambda id_, letter: left.append((id_, letter)))
        mailboxes.start()
        made.append(mailboxes)
        return mailboxes

    yield make
    handler.released.release(1000)
    for mailboxes in made:
        mailboxes.stop()


def test_letters_that_wait_for_one_execution_go_together(make, handler):
    mailboxes = make()
    mailboxes.post('e', number(1))
    assert handler.next() == {'e': [1]}
    for n in (2, 3, 4):
        mailboxes.post('e', number(n))
    handler.released.release()
    assert handler.next() == {'e': [2, 3, 4]}


def test_letters_for_several_executions_go_together(make, handler):
    mailboxes = make()
    mailboxes.post('a', number(1))
    handler.next()
    for id_, n in (('b', 2), ('c', 3), ('b', 4)):
        mailboxes.post(id_, number(n))
    handler.released.release()
    assert handler.next() == {'b': [2, 4], 'c': [3]}


def test_batches_are_bounded(make, handler):
    mailboxes = make()
    mailboxes.post('first', number(0))
    handler.next()
    for n in range(MAX_LETTERS + 1):
        mailboxes.post('long', number(n))
    for n in range(MAX_EXECUTIONS):
        mailboxes.post(f'other {n}', number(n))
    handler.released.release(3)
    batch = handler.next()
    assert len(batch) == MAX_EXECUTIONS
    assert batch['long'] == list(range(MAX_LETTERS))
    rest = handler.next()
    assert rest == {f'other {MAX_EXECUTIONS - 1}': [MAX_EXECUTIONS - 1], 'long': [MAX_LETTERS]}


def test_workers_share_the_executions_but_not_one_execution(make, handler):
    mailboxes = make(workers=2)
    mailboxes.post('a', number(1))
    assert handler.next() == {'a': [1]}
    mailboxes.post('a', number(2))
    mailboxes.post('b', number(3))
    assert handler.next() == {'b': [3]}
    assert handler.batches.empty()
    handler.released.release(2)
    assert handler.next() == {'a': [2]}


def test_every_letter_is_handled_once_and_in_order_of_its_execution(make):
    handled: dict[str, list[int]] = {f'e{n}': [] for n in range(20)}
    busy = {id_: threading.Lock() for id_ in handled}
    done = threading.Semaphore(0)

    def handle(letters):
        for id_, own in letters.items():
            assert busy[id_].acquire(blocking=False)
            handled[id_] += numbers(own)
            busy[id_].release()
            done.release(len(own))

    mailboxes = make(workers=4, handle=handle)
    with ThreadPoolExecutor(4) as senders:
        for part in range(4):
            ids = [f'e{n}' for n in range(part * 5, part * 5 + 5)]
            senders.map(
                lambda ids: [mailboxes.post(id_, number(n)) for n in range(100) for id_ in ids],
                [ids],
            )
    for _ in range(20 * 100):
        assert done.acquire(timeout=PATIENCE)
    assert all(own == list(range(100)) for own in handled.values())


@pytest.mark.parametrize('future', ['reply', 'receipt'])
def test_failure_of_the_handler_reaches_who_waits_and_stops_nothing(make, future):
    handled: queue.Queue[str] = queue.Queue()

    def handle(letters):
        handled.put(*letters)
        raise RuntimeError('broken')

    mailboxes = make(handle=handle)
    letter = letter_with(future)
    answer = getattr(letter, future)
    mailboxes.post('a', letter)
    with pytest.raises(RuntimeError, match='broken'):
        answer.result(PATIENCE)
    mailboxes.post('b', number(1))
    assert [handled.get(timeout=PATIENCE) for _ in range(2)] == ['a', 'b']


def test_stop_finishes_what_is_in_hand_and_leaves_the_rest(make, handler, left):
    mailboxes = make()
    mailboxes.post('a', number(1))
    handler.next()
    with ThreadPoolExecutor(1) as stopper:
        stopped = stopper.submit(mailboxes.stop)
        # As soon as it is closed, letters are left.
        n = 2
        while not left:
            mailboxes.post('a', number(n))
            n += 1
        assert not stopped.done()
        handler.released.release(2)
        stopped.result(PATIENCE)
    in_order = sorted(numbers([letter for _, letter in left]))
    assert in_order == list(range(2, n))
    mailboxes.post('b', number(0))
    assert left[-1][0] == 'b'


class TestLetter:
    @pytest.mark.parametrize('futures', [(), ('reply',), ('receipt',), ('reply', 'receipt')])
    def test_who_waits_is_answered(self, futures):
        execution: Any = object()
        letter = letter_with(*futures)
        letter.done(execution)
        for name in futures:
            assert getattr(letter, name).result(0) is (execution if name == 'reply' else None)

    @pytest.mark.parametrize('futures', [(), ('reply',), ('receipt',), ('reply', 'receipt')])
    def test_who_waits_is_told_of_the_first_failure(self, futures):
        first = ValueError()
        letter = letter_with(*futures)
        letter.failed(first)
        letter.failed(KeyError())
        for name in futures:
            assert getattr(letter, name).exception(0) is first
