"""Threads of the service that die stop their process; those of others do not."""

import threading

import pytest

from mistral.cmd.threads import ThreadDiedError, watched_threads


@pytest.fixture(autouse=True)
def others(monkeypatch):
    """What the hook of the rest of the process is told."""
    told = []
    monkeypatch.setattr(threading, 'excepthook', lambda death: told.append(death.exc_type))
    return told


def run(target):
    thread = threading.Thread(target=target, name='loop')
    thread.start()
    thread.join()


def fail():
    raise RuntimeError("can't start new thread")


def test_a_dead_thread_stops_the_process(others):
    stop = threading.Event()
    message = "The thread 'loop' has died: RuntimeError: can't start new thread"
    with pytest.raises(ThreadDiedError) as error, watched_threads(stop):
        run(fail)
    assert (stop.is_set(), str(error.value), others) == (True, message, [])


def test_threads_of_others_are_their_own_affair(others):
    stop = threading.Event()
    foreign = {'__name__': 'some.plugin'}
    exec('def fail(): 1 / 0', foreign)
    with watched_threads(stop):
        run(foreign['fail'])
    assert (stop.is_set(), others) == (False, [ZeroDivisionError])


def test_a_thread_may_leave(others):
    stop = threading.Event()
    with watched_threads(stop):
        run(lambda: exit(0))
    assert (stop.is_set(), others) == (False, [SystemExit])


def test_the_hook_is_put_back():
    before = threading.excepthook
    with watched_threads(threading.Event()):
        assert threading.excepthook is not before
    assert threading.excepthook is before
