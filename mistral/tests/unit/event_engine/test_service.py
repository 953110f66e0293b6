"""How an event engine follows the triggers, and what it does while nothing can be started."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from mistral.context import RequestContext
from mistral.db.models import event_triggers as table
from mistral.db.repositories import Repositories
from mistral.db.store import event_triggers
from mistral.db.times import utc_now
from mistral.event_engine import service as module
from mistral.event_engine.listeners import read
from mistral.event_engine.service import EventEngineService, Triggers
from mistral.exceptions import RpcTimeoutError
from mistral.services.event_firing import Notification
from mistral.tests.waiting import wait_for

NOTIFICATION = Notification(exchange='nova', topic='notifications', event_type='go')


class Listeners:
    def __init__(self):
        self.groups = None
        self.is_closed = False

    def listen_to(self, groups):
        self.groups = set(groups)

    def close(self):
        self.is_closed = True


class Firing:
    """Starts nothing as long as there is an error."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.fired = []

    def fire(self, triggers, notification):
        if self.errors:
            raise self.errors[0] if len(self.errors) == 1 else self.errors.pop(0)
        self.fired.append(notification)


@pytest.fixture
def add(database):
    """Stores a trigger."""
    repository = Repositories().event_triggers

    def add(event, topic='notifications', **values):
        row = {'exchange': 'nova', 'topic': topic, 'event': event, 'name': '', **values}
        with database.transaction() as connection:
            return repository.insert(connection, row, RequestContext())['id']

    return add


@pytest.fixture
def known(database):
    """The events that are known after a look at the database."""
    triggers = Triggers(database)

    def known(*events):
        triggers.refresh()
        found = (triggers.table.find(replace(NOTIFICATION, event_type=e)) for e in events)
        return [event for event, hits in zip(events, found, strict=True) if hits]

    return known


def test_triggers_are_followed(database, add, known):
    assert known('one', 'two') == []
    one = add('one')
    assert known('one', 'two') == ['one']
    # Within the same second: its time says nothing about it.
    add('two')
    with database.transaction() as connection:
        Repositories().event_triggers.delete(connection, one, RequestContext())
    assert known('one', 'two') == ['two']


def test_unchanged_triggers_are_not_read_again(database, add, monkeypatch):
    long_ago = utc_now() - timedelta(hours=1)
    add('one')
    reads = []
    load_all = event_triggers.load_all
    monkeypatch.setattr(event_triggers, 'load_all', lambda c: reads.append(1) or load_all(c))
    triggers = Triggers(database)
    with database.transaction() as connection:
        connection.execute(update(table).values(created_at=long_ago))
    for _ in range(3):
        triggers.refresh()
    assert len(reads) == 1
    monkeypatch.setattr(module, '_READ_AGAIN', timedelta(0))
    triggers.refresh()
    assert len(reads) == 2


def test_listeners_follow(database, add):
    listeners = Listeners()
    service = EventEngineService(Triggers(database), Firing(), interval=0.01)
    service.connect(listeners)
    service.start()
    assert listeners.groups == set()
    add('one')
    add('two', topic='other')
    wait_for(
        lambda: listeners.groups == {('nova', 'notifications'), ('nova', 'other')}, 'listeners'
    )
    service.stop()
    assert listeners.is_closed


@pytest.fixture
def make(database, add):
    add('go')

    def make(*errors):
        triggers = Triggers(database)
        triggers.refresh()
        firing = Firing(*errors)
        return EventEngineService(triggers, firing, interval=1), firing

    return make


LOST = OperationalError('SELECT', {}, Exception('gone'), connection_invalidated=True)


@pytest.mark.parametrize('error', [RpcTimeoutError('away'), LOST])
def test_a_notification_waits_until_it_can_be_started(make, monkeypatch, error):
    monkeypatch.setattr(module, 'waits', lambda: iter([0, 0]))
    monkeypatch.setattr(module, '_LONGEST_WAIT', 0.01)
    service, firing = make(error, error, error)

    def recover():
        wait_for(lambda: len(firing.errors) == 1, 'attempts')
        firing.errors.clear()

    mending = threading.Thread(target=recover)
    mending.start()
    assert service.handle(NOTIFICATION)
    mending.join()
    assert firing.fired == [NOTIFICATION]


def test_a_notification_goes_to_others_when_the_process_stops(make):
    service, firing = make(RpcTimeoutError('away'))
    service.stop()
    assert not service.handle(NOTIFICATION)
    assert firing.fired == []


def test_what_nobody_waits_for_is_done_at_once(make):
    service, firing = make(RpcTimeoutError('away'))
    assert service.handle(replace(NOTIFICATION, event_type='other'))
    assert service.handle(replace(NOTIFICATION, topic='other'))
    assert firing.fired == []


class Message(dict):
    """As the driver for RabbitMQ gives them."""

    def __init__(self, routing_key, **values):
        super().__init__(values)
        self._raw_message = type('Raw', (), {'delivery_info': {'routing_key': routing_key}})()


@pytest.mark.parametrize(
    ('message', 'context', 'expected'),
    [
        (
            Message('a.b.info', event_type='e', publisher_id='p', message_id='m', timestamp='t',
                    payload={'n': 1}),
            {'user': 'u', 'tenant': 'p'},
            Notification('x', 'a.b', 'e', 'p', 't', 'm', {'n': 1},
                         {'user': 'u', 'tenant': 'p', 'user_id': 'u', 'project_id': 'p'}),
        ),
        (
            {'event_type': 'e'},
            None,
            Notification('x', None, 'e', context={'user_id': None, 'project_id': None}),
        ),
        ({'event_type': None}, {}, None),
        ({}, {}, None),
    ],
)  # fmt: skip
def test_messages(message, context, expected):
    assert read('x', context, message) == expected
