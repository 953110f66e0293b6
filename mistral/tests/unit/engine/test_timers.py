"""Timers of a process: at their time, once, and not at all when cancelled."""

import queue
import threading

import pytest

from mistral.engine.timers import Timers

PATIENCE = 10

#: Seconds that no test lives to see.
NEVER = 3600.0


@pytest.fixture
def timers():
    timers = Timers()
    timers.start()
    yield timers
    timers.stop()


@pytest.fixture
def fired():
    return queue.Queue()


@pytest.fixture
def schedule(timers, fired):
    def schedule(timer_id, delay, value=None):
        timers.schedule(timer_id, delay, lambda: fired.put(value or timer_id))

    return schedule


def test_order_is_that_of_the_times(schedule, fired):
    schedule('late', 0.03)
    schedule('early', 0.01)
    schedule('middle', 0.02)
    assert [fired.get(timeout=PATIENCE) for _ in range(3)] == ['early', 'middle', 'late']


def test_timers_of_one_time_fire_in_the_order_in_which_they_came(fired):
    timers = Timers()
    for n in range(20):
        timers.schedule(f't{n}', 0, lambda n=n: fired.put(n))
    timers.start()
    assert [fired.get(timeout=PATIENCE) for _ in range(20)] == list(range(20))
    timers.stop()


@pytest.mark.parametrize('delay', [0, -5])
def test_timer_that_is_due_fires_at_once(schedule, fired, delay):
    schedule('waiting', NEVER)
    schedule('due', delay)
    assert fired.get(timeout=PATIENCE) == 'due'


def test_cancelled_timer_does_not_fire(timers, schedule, fired):
    schedule('a', 0.01)
    schedule('b', 0.02)
    timers.cancel('a')
    timers.cancel('unknown')
    assert fired.get(timeout=PATIENCE) == 'b'
    assert fired.empty()


def test_known_timer_is_not_scheduled_twice(schedule, fired):
    """Recovery may find what this process has scheduled itself."""
    schedule('a', 0.02, 'first')
    schedule('a', 0.01, 'second')
    schedule('b', 0.03)
    assert [fired.get(timeout=PATIENCE) for _ in range(2)] == ['first', 'b']


def test_timer_that_has_fired_may_be_scheduled_again(schedule, fired):
    for _ in range(2):
        schedule('a', 0)
        assert fired.get(timeout=PATIENCE) == 'a'


def test_broken_function_stops_nobody(timers, schedule, fired):
    timers.schedule('broken', 0, lambda: 1 / 0)
    schedule('next', 0)
    assert fired.get(timeout=PATIENCE) == 'next'


def test_stop_drops_what_waits(fired):
    timers = Timers()
    timers.start()
    timers.schedule('waiting', NEVER, lambda: fired.put('waiting'))
    timers.stop()
    assert fired.empty()
    assert 'timers' not in {thread.name for thread in threading.enumerate()}


def test_stop_before_start():
    Timers().stop()
