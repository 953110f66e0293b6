"""Duties are done again and again, whatever becomes of them."""

import queue
import threading

import pytest

from mistral.scheduler.service import Duty, SchedulerService

PATIENCE = 10
SOON = 0.001

#: Seconds that no test lives to see.
NEVER = 3600


@pytest.fixture
def done():
    return queue.Queue()


@pytest.fixture
def start():
    services = []

    def start(*duties):
        service = SchedulerService(duties)
        service.start()
        services.append(service)
        return service

    yield start
    for service in services:
        service.stop()


def test_duty_is_performed_repeatedly(start, done):
    start(Duty('often', SOON, lambda: done.put('often')))
    assert [done.get(timeout=PATIENCE) for _ in range(3)] == ['often'] * 3


def test_first_turn_comes_after_the_interval(start, done):
    service = start(Duty('seldom', NEVER, lambda: done.put('seldom')))
    service.stop()
    assert done.empty()


def test_failure_is_logged_and_the_next_turn_comes(start, done, caplog):
    def perform():
        done.put('turn')
        raise ValueError('broken')

    service = start(Duty('fragile', SOON, perform))
    assert [done.get(timeout=PATIENCE) for _ in range(2)] == ['turn'] * 2
    service.stop()
    assert 'Duty fragile has failed' in caplog.text


def test_slow_duty_delays_no_other(start, done):
    released = threading.Event()
    service = start(
        Duty('slow', SOON, lambda: released.wait(PATIENCE)),
        Duty('quick', SOON, lambda: done.put('quick')),
    )
    assert [done.get(timeout=PATIENCE) for _ in range(3)] == ['quick'] * 3
    released.set()
    service.stop()


def test_stop_finishes_the_turn_in_progress(start, done):
    started = threading.Event()
    released = threading.Event()

    def perform():
        started.set()
        released.wait(PATIENCE)
        done.put('finished')

    service = start(Duty('long', SOON, perform))
    assert started.wait(PATIENCE)
    released.set()
    service.stop()
    assert done.get_nowait() == 'finished'


def test_stop_before_start():
    SchedulerService([Duty('any', SOON, lambda: None)]).stop()


def test_a_duty_that_does_not_end_does_not_keep_the_service(done, caplog):
    released = threading.Event()

    def perform():
        done.put('begun')
        released.wait(PATIENCE)

    service = SchedulerService([Duty('stuck', SOON, perform)], stop_within=0.01)
    service.start()
    done.get(timeout=PATIENCE)
    service.stop()
    assert 'The scheduler stops in the midst of duty-stuck' in caplog.text
    released.set()
