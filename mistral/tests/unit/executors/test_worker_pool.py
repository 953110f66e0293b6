import queue
import threading

import pytest
from mistral_lib.actions import Result

from mistral.actions.std_actions import EchoAction
from mistral.executors.worker_pool import PoolSettings, WorkerPool
from mistral.tests.unit.executors.doubles import PATIENCE, Blocking, Calling, request

TIMEOUT = (
    "The action raised an exception [action=my.action, action_ex_id=a1, msg='Timeout after "
    "0.01 seconds']"
)


class Results(queue.Queue):
    """Results in the order of their delivery; None stands for an interruption."""

    def next(self):
        return self.get(timeout=PATIENCE)


@pytest.fixture
def results():
    return Results()


@pytest.fixture
def make_pool():
    pools = []

    def make(**settings):
        pools.append(WorkerPool(PoolSettings(**settings)))
        return pools[-1]

    yield make
    for pool in pools:
        pool.stop(0)


@pytest.fixture
def submit(results):
    def submit(pool, action, **fields):
        pool.submit(request(action, **fields), results.put, lambda: results.put(None))

    return submit


def test_results_are_delivered(make_pool, submit, results):
    pool = make_pool(size=2)
    for number in range(10):
        submit(pool, EchoAction(number))
    assert sorted(results.next().data for _ in range(10)) == list(range(10))


def test_actions_run_side_by_side(make_pool, submit, results):
    pool = make_pool(size=3)
    barrier = threading.Barrier(3)
    for _ in range(3):
        submit(pool, Calling(lambda context: barrier.wait(PATIENCE)))
    assert sorted(results.next().data for _ in range(3)) == [0, 1, 2]


def test_but_no_more_than_the_size(make_pool, submit, results):
    pool = make_pool(size=1)
    first, second = Blocking(), Blocking()
    submit(pool, first)
    submit(pool, second)
    assert first.started.wait(PATIENCE)
    assert not second.started.is_set()
    first.released.set()
    assert second.started.wait(PATIENCE)
    second.released.set()


def test_threads_are_used_again(make_pool, submit, results):
    pool = make_pool(size=8)
    threads = set()
    for _ in range(5):
        submit(pool, Calling(lambda context: threads.add(threading.get_ident())))
        results.next()
    assert len(threads) <= 2


def test_a_failing_delivery_costs_no_worker(make_pool, submit, results, caplog):
    pool = make_pool(size=1)

    def refuse(result):
        raise OSError('no connection')

    pool.submit(request(EchoAction('x')), refuse, lambda: None)
    submit(pool, EchoAction('y'))
    assert results.next() == Result('y')
    assert 'Result of an action is lost [name=my.action, action_ex_id=a1]' in caplog.text


def test_a_slow_delivery_keeps_no_other_action_waiting(make_pool, submit, results):
    pool, released = make_pool(size=2), threading.Event()
    delivering = threading.Event()

    def deliver(result):
        delivering.set()
        assert released.wait(PATIENCE)

    pool.submit(request(EchoAction('slow')), deliver, lambda: None)
    assert delivering.wait(PATIENCE)
    submit(pool, EchoAction('other'))
    assert results.next() == Result('other')
    released.set()


class TestTimeouts:
    def test_are_reported_at_once(self, make_pool, submit, results):
        stuck = Blocking()
        submit(make_pool(), stuck, timeout=0.01)
        assert results.next() == Result(error=TIMEOUT)
        assert not stuck.ended.is_set()
        stuck.released.set()

    def test_give_the_slot_back(self, make_pool, submit, results):
        pool, stuck = make_pool(size=1), Blocking()
        submit(pool, stuck, timeout=0.01)
        submit(pool, EchoAction('next'))
        # The slot is free before the timeout is told: either may come first.
        both = [results.next(), results.next()]
        assert Result(error=TIMEOUT) in both
        assert Result('next') in both
        stuck.released.set()

    def test_late_results_are_dropped(self, make_pool, submit, results):
        pool, stuck = make_pool(size=1), Blocking()
        submit(pool, stuck, timeout=0.01)
        assert results.next() == Result(error=TIMEOUT)
        stuck.released.set()
        assert stuck.ended.wait(PATIENCE)
        submit(pool, EchoAction('next'))
        assert results.next() == Result('next')
        assert results.empty()

    def test_do_not_touch_what_ends_in_time(self, make_pool, submit, results):
        pool = make_pool(size=1)
        submit(pool, EchoAction('x'), timeout=PATIENCE)
        submit(pool, EchoAction('y'))
        assert [results.next(), results.next()] == [Result('x'), Result('y')]

    def test_count_from_the_start_of_the_action(self, make_pool, submit, results):
        pool, first = make_pool(size=1), Blocking()
        submit(pool, first)
        submit(pool, Calling(lambda context: 'in time'), timeout=PATIENCE)
        assert first.started.wait(PATIENCE)
        first.released.set()
        assert [results.next(), results.next()] == [Result('done'), Result('in time')]

    def test_stuck_threads_beyond_the_limit_keep_their_slot(self, make_pool, submit, results):
        pool, stuck = make_pool(size=1, max_abandoned=1), [Blocking(), Blocking()]
        for action in stuck:
            submit(pool, action, timeout=0.01)
        assert [results.next(), results.next()] == [Result(error=TIMEOUT)] * 2
        waiting = Blocking()
        submit(pool, waiting)
        assert not waiting.started.is_set()
        stuck[0].released.set()
        assert waiting.started.wait(PATIENCE)
        waiting.released.set()
        stuck[1].released.set()

    def test_are_logged(self, make_pool, submit, results, caplog):
        stuck = Blocking()
        submit(make_pool(), stuck, timeout=0.01)
        results.next()
        assert 'its thread is left behind [name=my.action, action_ex_id=a1' in caplog.text
        stuck.released.set()


class TestStop:
    def test_finishes_what_is_in_hand(self, make_pool, submit, results):
        pool, running = make_pool(size=1), Blocking()
        submit(pool, running)
        submit(pool, EchoAction('waiting'))
        assert running.started.wait(PATIENCE)
        stopper = threading.Thread(target=pool.stop, args=(PATIENCE,))
        stopper.start()
        running.released.set()
        stopper.join(PATIENCE)
        assert [results.next(), results.next()] == [Result('done'), Result('waiting')]

    def test_waits_for_deliveries(self, make_pool):
        pool, delivering, released = make_pool(), threading.Event(), threading.Event()

        def deliver(result):
            delivering.set()
            assert released.wait(PATIENCE)

        pool.submit(request(EchoAction('x')), deliver, lambda: None)
        assert delivering.wait(PATIENCE)
        stopper = threading.Thread(target=pool.stop, args=(PATIENCE,))
        stopper.start()
        assert stopper.is_alive()
        released.set()
        stopper.join(PATIENCE)
        assert not stopper.is_alive()

    def test_interrupts_what_does_not_end(self, make_pool, submit, results):
        pool, running, waiting = make_pool(size=1), Blocking(), Blocking()
        submit(pool, running)
        submit(pool, waiting)
        assert running.started.wait(PATIENCE)
        pool.stop(0)
        assert [results.next(), results.next()] == [None, None]
        running.released.set()
        assert running.ended.wait(PATIENCE)
        assert not waiting.started.is_set()
        assert results.empty()

    def test_takes_no_more(self, make_pool, submit):
        pool = make_pool()
        pool.stop(0)
        with pytest.raises(RuntimeError, match='has been stopped'):
            submit(pool, EchoAction('x'))

    def test_may_be_called_twice(self, make_pool):
        pool = make_pool()
        pool.stop(0)
        pool.stop(0)

    def test_ends_the_threads(self, make_pool, submit, results):
        pool = make_pool(size=1)
        workers = []
        submit(pool, Calling(lambda context: workers.append(threading.current_thread())))
        results.next()
        pool.stop(PATIENCE)
        workers[0].join(PATIENCE)
        assert not workers[0].is_alive()
