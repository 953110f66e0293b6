"""Timers of a process: at their time, once, and not at all when cancelled."""

import gc
import queue
import threading
import weakref

import pytest

from mistral.engine.timers import Timers

PATIENCE = 10

#: Seconds that no test lives to see.
NEVER = 3600.0


@pytest.fixture
def timers():
    timers = Timers()
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


@pytest.fixture
def let_time_pass(monkeypatch, timers):
    """Time stands still until this is called; then all timers of the test are due."""
    monkeypatch.setattr('mistral.engine.timers.time.monotonic', lambda: 0.0)

    def let_time_pass():
        monkeypatch.undo()
        timers.start()

    return let_time_pass


def collect(fired, count):
    return [fired.get(timeout=PATIENCE) for _ in range(count)]


def test_order_is_that_of_the_times(schedule, let_time_pass, fired):
    schedule('late', 3)
    schedule('early', 1)
    schedule('middle', 2)
    let_time_pass()
    assert collect(fired, 3) == ['early', 'middle', 'late']


def test_timers_of_one_time_fire_in_the_order_in_which_they_came(schedule, let_time_pass, fired):
    for n in range(20):
        schedule(f't{n}', 1)
    let_time_pass()
    assert collect(fired, 20) == [f't{n}' for n in range(20)]


def test_timer_waits_for_its_time(timers, schedule, fired):
    timers.start()
    schedule('far', NEVER)
    schedule('near', 0.01)
    assert fired.get(timeout=PATIENCE) == 'near'
    assert fired.empty()


@pytest.mark.parametrize('delay', [0, -5])
def test_timer_that_is_due_fires_at_once(timers, schedule, fired, delay):
    timers.start()
    schedule('waiting', NEVER)
    schedule('due', delay)
    assert fired.get(timeout=PATIENCE) == 'due'


def test_cancelled_timer_does_not_fire(timers, schedule, let_time_pass, fired):
    for name in 'abc':
        schedule(name, 1)
    timers.cancel('a')
    timers.cancel('b')
    timers.cancel('unknown')
    let_time_pass()
    assert fired.get(timeout=PATIENCE) == 'c'
    assert fired.empty()


def test_cancelled_timers_do_not_pile_up(timers, schedule, fired):
    """A time limit of a day must not stay in memory for a day after its task has ended."""
    functions = []
    for n in range(5000):
        functions.append(weakref.ref(function := lambda: None))
        timers.schedule(f't{n}', NEVER, function)
        timers.cancel(f't{n}')
    del function
    gc.collect()
    assert not any(function() for function in functions)
    assert len(timers._heap) < 2000
    timers.start()
    schedule('kept', 0)
    assert fired.get(timeout=PATIENCE) == 'kept'


def test_cancelled_timer_may_be_scheduled_again(timers, schedule, let_time_pass, fired):
    schedule('a', 1, 'cancelled')
    timers.cancel('a')
    schedule('a', 3, 'again')
    schedule('b', 2)
    let_time_pass()
    assert collect(fired, 2) == ['b', 'again']


def test_known_timer_is_not_scheduled_twice(schedule, let_time_pass, fired):
    """Recovery may find what this process has scheduled itself."""
    schedule('a', 1, 'first')
    schedule('a', 0, 'second')
    schedule('b', 2)
    let_time_pass()
    assert collect(fired, 2) == ['first', 'b']


def test_timer_that_has_fired_may_be_scheduled_again(timers, schedule, fired):
    timers.start()
    for _ in range(2):
        schedule('a', 0)
        assert fired.get(timeout=PATIENCE) == 'a'


def test_broken_function_stops_nobody(timers, schedule, fired):
    timers.start()
    timers.schedule('broken', 0, lambda: 1 / 0)
    schedule('next', 0)
    assert fired.get(timeout=PATIENCE) == 'next'


def test_stop_drops_what_waits(timers, schedule, fired):
    timers.start()
    schedule('waiting', NEVER)
    timers.stop()
    assert fired.empty()
    assert 'timers' not in {thread.name for thread in threading.enumerate()}
