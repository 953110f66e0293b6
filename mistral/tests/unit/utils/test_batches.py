import queue
import threading
from types import SimpleNamespace

import pytest

from mistral.utils import batches
from mistral.utils.batches import Batcher

PATIENCE = 10


class Handler:
    """Holds each batch back until it is released."""

    def __init__(self):
        self.batches = queue.Queue()
        self.released = threading.Semaphore(0)

    def __call__(self, batch):
        self.batches.put(list(batch))
        assert self.released.acquire(timeout=PATIENCE)

    def next(self):
        return self.batches.get(timeout=PATIENCE)


@pytest.fixture
def handler():
    return Handler()


@pytest.fixture
def make(handler):
    made = []

    def make(handle=handler, **options):
        batcher = Batcher('test', handle, **options)
        batcher.start()
        made.append(batcher)
        return batcher

    yield make
    handler.released.release(1000)
    for batcher in made:
        batcher.stop(PATIENCE)


def test_what_comes_while_the_function_is_busy_goes_together(make, handler):
    batcher = make()
    batcher.add(1)
    assert handler.next() == [1]
    for n in (2, 3, 4):
        batcher.add(n)
    handler.released.release()
    assert handler.next() == [2, 3, 4]


def test_batches_are_bounded(make, handler):
    batcher = make(max_items=2)
    batcher.add(0)
    handler.next()
    for n in range(1, 6):
        batcher.add(n)
    handler.released.release(3)
    assert [handler.next() for _ in range(3)] == [[1, 2], [3, 4], [5]]


def test_threads_share_the_items(make, handler):
    batcher = make(threads=2)
    batcher.add(1)
    assert handler.next() == [1]
    batcher.add(2)
    assert handler.next() == [2]


def test_failure_of_the_function_stops_nothing(make, caplog):
    handled = queue.Queue()

    def handle(batch):
        handled.put(batch)
        raise ValueError('broken')

    batcher = make(handle)
    for n in range(2):
        batcher.add(n)
        assert handled.get(timeout=PATIENCE) == [n]
    batcher.stop()
    assert 'A batch of 1 has failed' in caplog.text


def test_stop_handles_what_has_been_added(make, handler):
    batcher = make(max_items=1)
    for n in range(3):
        batcher.add(n)
    handler.released.release(3)
    batcher.stop()
    assert [handler.batches.get_nowait() for _ in range(3)] == [[0], [1], [2]]


def test_stop_does_not_wait_for_ever(make, handler):
    batcher = make()
    batcher.add(1)
    handler.next()
    batcher.stop(0)


def test_threads_share_the_time_that_they_have_to_stop(make, handler, monkeypatch):
    batcher = make(threads=3)
    for n in range(3):
        batcher.add(n)
        handler.next()
    now = 100.0
    waits = []

    def join(thread, timeout):
        nonlocal now
        waits.append(timeout)
        now += timeout / 2

    with monkeypatch.context() as patch:
        patch.setattr(batches, 'time', SimpleNamespace(monotonic=lambda: now))
        patch.setattr(threading.Thread, 'join', join)
        batcher.stop(8)
    assert waits == [8, 4, 2]


def test_stop_before_start(handler):
    Batcher('test', handler).stop()
