"""Which publisher gets which event."""

import queue
import threading
from datetime import datetime

import pytest

from mistral.exceptions import MistralException
from mistral.notifiers.service import NotifierService, load_publishers
from mistral.workflow.effects import Notify

PATIENCE = 10
TIME = datetime.fromisoformat('2026-01-01 12:00:00')


class Publisher:
    def __init__(self):
        self.published = queue.Queue()

    def publish(self, ctx, ex_id, data, event, timestamp, **kwargs):
        self.published.put((ex_id, data, event, timestamp, kwargs))

    def next(self):
        return self.published.get(timeout=PATIENCE)


class Broken(Publisher):
    def __init__(self, error):
        self._error = error

    def publish(self, *args, **kwargs):
        raise self._error


def notification(*publishers, event='TASK_SUCCEEDED', id_='t'):
    """What a notifier is told at a time: one event here."""
    return [Notify(id_, event, {'id': id_, 'state': 'SUCCESS'}, TIME, publishers)]


@pytest.fixture
def good():
    return Publisher()


@pytest.fixture
def make(good):
    made = []

    def make(**publishers):
        service = NotifierService({'good': good, **publishers})
        service.start()
        made.append(service)
        return service

    yield make
    for service in made:
        service.stop()


def test_publisher_gets_the_event_and_the_rest_of_its_entry(make, good):
    make().notify(notification({'type': 'good', 'url': 'u', 'event_types': []}))
    assert good.next() == (
        't',
        {'id': 't', 'state': 'SUCCESS', 'event': 'TASK_SUCCEEDED'},
        'TASK_SUCCEEDED',
        TIME,
        {'url': 'u', 'event_types': []},
    )


@pytest.mark.parametrize(
    ('wanted', 'events'),
    [
        (None, ['TASK_LAUNCHED', None, 'TASK_SUCCEEDED']),
        ([], ['TASK_LAUNCHED', None, 'TASK_SUCCEEDED']),
        (['TASK_SUCCEEDED'], ['TASK_SUCCEEDED']),
        (['TASK_LAUNCHED', 'TASK_SUCCEEDED'], ['TASK_LAUNCHED', 'TASK_SUCCEEDED']),
        (['WORKFLOW_FAILED'], []),
    ],
)
def test_filter(make, good, wanted, events):
    service = make()
    entry = {'type': 'good', **({} if wanted is None else {'event_types': wanted})}
    for event in ('TASK_LAUNCHED', None, 'TASK_SUCCEEDED'):
        service.notify(notification(entry, event=event))
    service.stop()
    received = [good.next()[2] for _ in range(good.published.qsize())]
    assert received == events


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        ({}, 'Notification publisher type is not specified.'),
        ({'type': 'unknown'}, 'There is no notification publisher "unknown"; installed: broken, '),
        ({'type': 'broken'}, 'Unable to process event for publisher "broken"'),
        ({'type': 'refusing'}, 'Unable to process event for publisher "refusing": refused'),
        ('text', ''),
        (None, ''),
    ],
)
def test_entry_that_cannot_work_is_logged_and_holds_up_nobody(make, good, caplog, entry, message):
    service = make(broken=Broken(ValueError('bug')), refusing=Broken(MistralException('refused')))
    service.notify(notification(entry, {'type': 'good'}))
    assert good.next()
    assert message in caplog.text
    assert ('Traceback' in caplog.text) == (entry == {'type': 'broken'})


def test_order_is_kept(make, good):
    service = make()
    for n in range(50):
        service.notify(notification({'type': 'good'}, id_=str(n)))
    assert [good.next()[0] for _ in range(50)] == [str(n) for n in range(50)]


def test_stop_publishes_what_waits(make, good):
    service = make()
    for n in range(50):
        service.notify(notification({'type': 'good'}, id_=str(n)))
    service.stop()
    assert good.published.qsize() == 50


class TestSlowPublisher:
    @pytest.fixture
    def released(self):
        event = threading.Event()
        yield event
        event.set()

    @pytest.fixture
    def slow(self, released):
        class Slow(Publisher):
            def publish(self, *args, **kwargs):
                super().publish(*args, **kwargs)
                assert released.wait(PATIENCE)

        return Slow()

    def test_stop_does_not_wait_for_ever(self, slow, caplog):
        service = NotifierService({'slow': slow})
        service.start()
        for _ in range(3):
            service.notify(notification({'type': 'slow'}))
        slow.next()
        service.stop(timeout=0)
        assert 'The notifier stops with ' in caplog.text

    def test_events_beyond_the_limit_are_dropped(self, slow, caplog, released):
        service = NotifierService({'slow': slow}, max_waiting=2)
        service.start()
        service.notify(notification({'type': 'slow'}, id_='first'))
        slow.next()
        for n in range(4):
            service.notify(notification({'type': 'slow'}, id_=f'n{n}'))
        dropped = [message for message in caplog.messages if message.startswith('Too many events')]
        assert ['n2' in dropped[0], 'n3' in dropped[1]] == [True, True]
        released.set()
        assert [slow.next()[0] for _ in range(2)] == ['n0', 'n1']
        service.stop()


def test_stop_before_start():
    NotifierService({}).stop()


def test_publishers_of_this_package_are_installed():
    assert {'noop', 'webhook'} <= load_publishers().keys()
