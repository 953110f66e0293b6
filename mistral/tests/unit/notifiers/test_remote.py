"""How engines wake notifiers."""

import queue
import threading

import pytest

from mistral.exceptions import RpcError
from mistral.notifiers.remote import RemoteNotifier

PATIENCE = 10


@pytest.fixture
def start():
    made = []

    def start(wake):
        notifier = RemoteNotifier(wake)
        notifier.start()
        made.append(notifier)
        return notifier

    yield start
    for notifier in made:
        notifier.stop()


def test_no_engine_waits_and_calls_are_shared(start):
    calls, released = queue.Queue(), threading.Event()

    def wake():
        calls.put(1)
        assert released.wait(PATIENCE)

    notifier = start(wake)
    notifier.notify([])
    calls.get(timeout=PATIENCE)
    for _ in range(100):
        notifier.notify([])
    released.set()
    calls.get(timeout=PATIENCE)
    notifier.stop()
    assert calls.qsize() <= 1


@pytest.mark.parametrize('error', [RpcError('away'), ValueError('bug')])
def test_a_failure_is_no_end(start, error):
    calls = queue.Queue()

    def wake():
        calls.put(1)
        raise error

    notifier = start(wake)
    for _ in range(2):
        notifier.notify([])
        calls.get(timeout=PATIENCE)


def test_stop_before_start():
    RemoteNotifier(lambda: None).stop()
