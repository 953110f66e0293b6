import queue

from mistral.executors.watchdog import Watchdog
from mistral.tests.unit.executors.doubles import PATIENCE


def test_items_expire_in_the_order_of_their_deadlines():
    expired = queue.Queue()
    watchdog = Watchdog(expired.put)
    watchdog.watch('late', 0.03)
    watchdog.watch('early', 0.01)
    assert [expired.get(timeout=PATIENCE) for _ in range(2)] == ['early', 'late']
    watchdog.stop()


def test_a_forgotten_item_does_not_expire():
    expired = queue.Queue()
    watchdog = Watchdog(expired.put)
    watchdog.watch('forgotten', 0.01)
    watchdog.forget('forgotten')
    watchdog.watch('kept', 0.02)
    assert expired.get(timeout=PATIENCE) == 'kept'
    watchdog.stop()


def test_an_earlier_deadline_is_noticed_while_waiting_for_a_later_one():
    expired = queue.Queue()
    watchdog = Watchdog(expired.put)
    watchdog.watch('an hour', 3600)
    watchdog.watch('now', 0)
    assert expired.get(timeout=PATIENCE) == 'now'
    watchdog.stop()


def test_nothing_expires_after_the_stop():
    watchdog = Watchdog(lambda item: None)
    watchdog.watch('an hour', 3600)
    thread = watchdog._thread
    watchdog.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_without_items_there_is_no_thread():
    watchdog = Watchdog(lambda item: None)
    watchdog.forget('unknown')
    watchdog.stop()
    assert watchdog._thread is None
