"""What a notifier does with the events that engines have stored."""

import itertools
import queue
import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from mistral.context import RequestContext
from mistral.db.models import notifications as table
from mistral.db.store import notifications
from mistral.db.times import utc_now
from mistral.exceptions import MistralException, UrlNotAllowedException
from mistral.notifiers import service as module
from mistral.notifiers.base import Notifier, UndeliverableError
from mistral.notifiers.publishing import by_notifier, by_publishers, load_publishers
from mistral.notifiers.service import NotifierService
from mistral.notifiers.targets import Limits
from mistral.tests.waiting import wait_for
from mistral.workflow.effects import Notify

PATIENCE = 10
TIME = datetime.fromisoformat('2026-01-01 12:00:00')
QUICK = Limits(threads=8, threads_per_target=2, first_wait=0.0, longest_wait=0.0)


class Publisher:
    """Remembers what it is given."""

    def __init__(self):
        self.published = queue.Queue()

    def publish(self, ctx, ex_id, data, event, timestamp, **kwargs):
        self.published.put((ctx, ex_id, data, event, timestamp, kwargs))

    def next(self):
        return self.published.get(timeout=PATIENCE)

    @property
    def ids(self):
        return [entry[1] for entry in list(self.published.queue)]


class Failing(Publisher):
    """Raises errors one after the other, before it works."""

    def __init__(self, *errors):
        super().__init__()
        self.errors = list(errors)
        self.attempts = []

    def publish(self, ctx, ex_id, *args, **kwargs):
        self.attempts.append(ex_id)
        if self.errors and (error := self.errors.pop(0)):
            raise error
        super().publish(ctx, ex_id, *args, **kwargs)


class Slow(Publisher):
    """Publishes when it is released."""

    def __init__(self):
        super().__init__()
        self.begun = queue.Queue()
        self.released = threading.Event()

    def publish(self, ctx, ex_id, *args, **kwargs):
        self.begun.put(ex_id)
        assert self.released.wait(PATIENCE)
        super().publish(ctx, ex_id, *args, **kwargs)


@pytest.fixture
def store(database):
    """Stores events as an engine does: store('t1', 't2', to=[entry], execution='e')."""

    def store(*ids, to=({'type': 'good'},), execution='e', event='TASK_SUCCEEDED', age=0):
        of = type('Execution', (), {'id': execution})()
        data = {'state': 'SUCCESS', 'project_id': 'p'}
        effects = [Notify(id_, event, {'id': id_, **data}, TIME, tuple(to)) for id_ in ids]
        rows = notifications.of_effects(of, effects, utc_now() - timedelta(seconds=age))
        with database.transaction() as connection:
            notifications.add(connection, rows)

    return store


@pytest.fixture
def stored(database):
    def stored():
        with database.read() as connection:
            return list(
                connection.execute(select(table.c.object_id).order_by(table.c.id)).scalars()
            )

    return stored


@pytest.fixture
def good():
    return Publisher()


@pytest.fixture
def start(database, good):
    services = []

    def start(limits=QUICK, **publishers):
        service = NotifierService(database, by_publishers({'good': good, **publishers}), limits)
        service.start()
        services.append(service)
        return service

    yield start
    for service in services:
        service.stop()


def test_a_publisher_gets_the_event_and_the_rest_of_its_entry(start, store, stored, good):
    store('t', to=[{'type': 'good', 'url': 'u', 'event_types': []}])
    start()
    assert good.next() == (
        RequestContext(project_id='p'),
        't',
        {'id': 't', 'state': 'SUCCESS', 'project_id': 'p', 'event': 'TASK_SUCCEEDED'},
        'TASK_SUCCEEDED',
        TIME,
        {'url': 'u', 'event_types': []},
    )
    wait_for(lambda: stored() == [], 'end of the event')


def test_new_events_are_published_when_it_is_told(start, store, good, monkeypatch):
    monkeypatch.setattr(module, '_INTERVAL', 1000)
    service = start()
    for n in range(3):
        store(f't{n}')
        service.notify()
        assert good.next()[1] == f't{n}'


def test_new_events_are_found_without_being_told(start, store, good):
    start()
    store('t')
    assert good.next()[1] == 't'


@pytest.mark.parametrize('count', [3, 50])
def test_order_is_kept(start, store, good, count):
    ids = [f't{n}' for n in range(count)]
    store(*ids)
    start()
    assert [good.next()[1] for _ in ids] == ids


@pytest.mark.parametrize(
    ('error', 'message', 'is_riddle'),
    [
        (MistralException('out of order'), 'attempt 1 failed: out of order', False),
        (ValueError('bug'), 'attempt 1 failed: bug', True),
    ],
)
def test_what_fails_comes_again_in_order(start, store, stored, caplog, error, message, is_riddle):
    failing = Failing(None, error, error)
    store('t1', 't2', 't3', to=[{'type': 'failing'}])
    start(failing=failing)
    wait_for(lambda: failing.published.qsize() == 3, 'all events')
    assert failing.attempts == ['t1', 't2', 't2', 't2', 't3']
    wait_for(lambda: stored() == [], 'end of the events')
    assert f'TASK_SUCCEEDED of t2 is tried again, {message}' in caplog.text
    assert 'attempt 2 failed' in caplog.text
    assert caplog.text.count('Traceback') == is_riddle


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        ({}, 'Notification publisher type is not specified.'),
        ({'type': 'unknown'}, 'There is no notification publisher "unknown"; installed: bad, '),
        ({'type': ['x']}, 'There is no notification publisher'),
        ({'type': 'bad'}, 'never'),
        ({'type': 'denied'}, 'not there'),
    ],
)
def test_what_cannot_work_is_given_up_at_once(start, store, stored, good, caplog, entry, message):
    bad, denied = Failing(UndeliverableError('never')), Failing(UrlNotAllowedException('not there'))
    store('t1', to=[entry, {'type': 'good'}])
    start(bad=bad, denied=denied)
    assert good.next()
    wait_for(lambda: stored() == [], 'end of the events')
    assert f't1 is given up: {message}' in caplog.text
    assert 'Unable to process event for publisher' in caplog.text
    assert 'Traceback' not in caplog.text


def test_what_fails_for_too_long_is_given_up(start, store, stored, caplog):
    failing = Failing(*[MistralException('out of order')] * 2)
    store('old', to=[{'type': 'failing'}], age=100)
    store('new', to=[{'type': 'failing'}], age=10)
    start(Limits(first_wait=0.0, longest_wait=0.0, give_up_after=50), failing=failing)
    wait_for(lambda: stored() == [], 'end of the events')
    assert failing.attempts == ['old', 'new', 'new']
    assert failing.ids == ['new']
    assert 'old is given up: out of order' in caplog.text


def test_a_slow_publisher_holds_up_no_other(start, store, good):
    slow = Slow()
    for n in range(30):
        store(f's{n}', to=[{'type': 'slow'}], execution=f'e{n}')
    start(slow=slow)
    # As many as may run for one target.
    begun = {slow.begun.get(timeout=PATIENCE) for _ in range(2)}
    store('t')
    assert good.next()[1] == 't'
    assert slow.begun.empty()
    slow.released.set()
    wait_for(lambda: slow.published.qsize() == 30, 'all slow events')
    assert begun <= set(slow.ids)
    assert len(set(slow.ids)) == 30


def test_two_notifiers_share_the_work(start, store, stored):
    """Each event is published once, those of one execution in order."""
    shared = Publisher()
    for n, e in itertools.product(range(25), range(8)):
        store(f'{e}-{n}', to=[{'type': 'shared'}], execution=f'e{e}')
    for _ in range(2):
        start(shared=shared)
    wait_for(lambda: stored() == [], 'end of the events')
    for e in range(8):
        found = [id_ for id_ in shared.ids if id_.startswith(f'{e}-')]
        assert found == [f'{e}-{n}' for n in range(25)]


def test_events_of_a_notifier_that_died_go_to_another(database, start, store, good):
    store('t1', 't2')
    with database.transaction() as connection:
        long_ago = utc_now() - timedelta(seconds=1)
        taken, _ = notifications.claim(connection, utc_now(), long_ago, 10)
    assert len(taken) == 1
    start()
    assert [good.next()[1] for _ in range(2)] == ['t1', 't2']


def test_what_is_in_hand_stays_in_hand(database, start, store, monkeypatch):
    monkeypatch.setattr(module, '_LEASE', timedelta(seconds=2))
    monkeypatch.setattr(module, '_RENEWAL', 0.1)
    slow = Slow()
    store('t', to=[{'type': 'slow'}])
    start(slow=slow)
    slow.begun.get(timeout=PATIENCE)

    def due_at():
        with database.read() as connection:
            return connection.execute(select(table.c.due_at)).scalar()

    first = due_at()
    wait_for(lambda: due_at() > first, 'renewal')
    slow.released.set()


def test_stop_ends_what_is_being_published_and_gives_back_the_rest(
    database, start, store, stored, good
):
    slow = Slow()
    store(*(f't{n}' for n in range(30)), to=[{'type': 'slow'}])
    service = start(slow=slow)
    slow.begun.get(timeout=PATIENCE)
    stopping = threading.Thread(target=service.stop)
    stopping.start()
    wait_for(service._stopping.is_set, 'stop')
    slow.released.set()
    stopping.join()
    assert slow.ids == ['t0']
    assert stored() == [f't{n}' for n in range(1, 30)]
    with database.transaction() as connection:
        taken, _ = notifications.claim(connection, utc_now(), utc_now(), 100)
    assert len(taken) == 1


def test_stop_does_not_wait_for_ever(start, store, caplog):
    slow = Slow()
    store('t', to=[{'type': 'slow'}])
    service = start(slow=slow)
    slow.begun.get(timeout=PATIENCE)
    service.stop(timeout=0)
    assert 'The notifier stops while publishers are at work' in caplog.text
    slow.released.set()


def test_stop_before_start(database):
    NotifierService(database, by_publishers({})).stop()


def test_a_notifier_of_a_plugin(database, store):
    told = queue.Queue()

    class Plugin(Notifier):
        def notify(self, ex_id, data, event, timestamp, **kwargs):
            told.put((ex_id, data['event'], event, timestamp, kwargs['publishers']))

    store('t', to=[{'type': 'any', 'x': 1}])
    service = NotifierService(database, by_notifier(Plugin()))
    service.start()
    expected = ('t', 'TASK_SUCCEEDED', 'TASK_SUCCEEDED', TIME, [{'type': 'any', 'x': 1}])
    assert told.get(timeout=PATIENCE) == expected
    service.stop()


def test_publishers_of_this_package_are_installed():
    assert {'log', 'noop', 'webhook'} <= load_publishers().keys()
