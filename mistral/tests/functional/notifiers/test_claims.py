"""Events that wait for publishers, on each kind of database."""

import threading
from collections import Counter
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from mistral.db.database import Database
from mistral.db.models import notifications as table
from mistral.db.store import notifications
from mistral.db.times import utc_now
from mistral.notifiers.publishing import Deliver
from mistral.notifiers.service import NotifierService
from mistral.services.sweeps import HeartbeatRules, Sweeps
from mistral.tests.waiting import wait_for
from mistral.workflow.effects import Notify

NOW = datetime.fromisoformat('2026-01-01 12:00:00')
MINUTE = timedelta(minutes=1)
TO: Any = ({'type': 'x', 'headers': {'a': 'ü'}},)


def add(database: Database, *ids: str, execution: str = 'e', now: datetime = NOW) -> None:
    of: Any = SimpleNamespace(id=execution)
    effects = [Notify(id_, 'TASK_SUCCEEDED', {'id': id_}, None, TO) for id_ in ids]
    with database.transaction() as connection:
        notifications.add(connection, notifications.of_effects(of, effects, now))


def claim(database: Database, now: datetime = NOW, limit: int = 100) -> list[list[str]]:
    """The ids of what is taken for a minute, lane by lane."""
    with database.transaction() as connection:
        taken, _ = notifications.claim(connection, now, now + MINUTE, limit)
    return sorted([event.object_id for event in events] for events in taken.values())


def settle(database: Database, *done: str, until: datetime = NOW + MINUTE) -> list[list[str]]:
    """End events; returns what follows in their lanes."""
    with database.transaction() as connection:
        query = select(table.c.id, table.c.lane).where(table.c.object_id.in_(done))
        rows = connection.execute(query).all()
        ids, lanes = [row.id for row in rows], {row.lane for row in rows}
        taken = notifications.settle(connection, ids, lanes, until)
    return sorted([event.object_id for event in events] for events in taken.values())


def test_a_lane_is_taken_as_a_whole_and_by_one(database: Database) -> None:
    add(database, 'a1', 'a2', execution='a')
    add(database, 'b1', execution='b')
    assert claim(database) == [['a1', 'a2'], ['b1']]
    add(database, 'a3', execution='a')
    assert claim(database) == []
    assert settle(database, 'a1', 'a2') == [['a3']]
    assert settle(database, 'a3', 'b1') == []
    with database.read() as connection:
        assert connection.execute(select(table)).all() == []


def test_what_is_read_is_what_was_stored(database: Database) -> None:
    add(database, 'a1')
    with database.transaction() as connection:
        ((event,),) = notifications.claim(connection, NOW, NOW + MINUTE, 10)[0].values()
    assert (event.entry, event.data) == (TO[0], {'id': 'a1'})
    assert (event.event, event.timestamp, event.attempts) == ('TASK_SUCCEEDED', None, 0)
    assert event.created_at == NOW


def test_a_lane_comes_again_when_its_notifier_is_silent(database: Database) -> None:
    add(database, 'a1', 'a2')
    assert claim(database) == [['a1', 'a2']]
    assert claim(database, NOW + timedelta(seconds=59)) == []
    assert claim(database, NOW + MINUTE) == [['a1', 'a2']]


def test_a_failed_lane_waits_with_all_that_comes_after(database: Database) -> None:
    add(database, 'a1', 'a2')
    claim(database)
    with database.transaction() as connection:
        first = connection.execute(select(table).order_by(table.c.id)).first()
        again = NOW + 10 * MINUTE
        notifications.put_off(connection, {first.lane: again}, [first.id])
    add(database, 'a3')
    assert claim(database, NOW + MINUTE) == []
    with database.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.id)).all()
    assert [(row.due_at, row.attempts) for row in rows] == [(again, 1), (again, 0), (again, 0)]
    assert claim(database, again) == [['a1', 'a2', 'a3']]


def test_long_lanes_are_taken_in_portions(database: Database) -> None:
    ids = [f'{n:03}' for n in range(45)]
    add(database, *ids)
    (taken,) = claim(database)
    assert taken == ids[:20]
    (taken,) = settle(database, *taken)
    assert taken == ids[20:40]
    assert settle(database, *taken) == [ids[40:]]


def test_what_no_notifier_takes_is_given_up(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    week = timedelta(days=7)
    add(database, 'old', now=utc_now() - week - MINUTE)
    add(database, 'new', execution='f', now=utc_now() - week + MINUTE)
    add(database, 'taken', execution='g', now=utc_now() - 2 * week)
    claim(database, utc_now() - week - 2 * MINUTE)
    with database.transaction() as connection:
        lane = select(table.c.lane).where(table.c.object_id == 'taken')
        notifications.put_off(connection, {connection.execute(lane).scalar_one(): utc_now()})
    nobody: Any = None
    sweeps = Sweeps(
        database, nobody, HeartbeatRules(), patience=timedelta(0), taken_for=timedelta(0)
    )
    for _ in range(2):
        sweeps.unclaimed_notifications()
    with database.read() as connection:
        left = connection.execute(select(table.c.object_id).order_by(table.c.id)).scalars().all()
    assert left == ['new', 'taken']
    assert caplog.text.count('1 events for publishers are given up') == 1


@pytest.mark.parametrize('count', [2])
def test_notifiers_side_by_side(database: Database, count: int) -> None:
    """While engines store more, every event is published once and in order."""
    published: list[str] = []
    lock = threading.Lock()

    def deliver(event: notifications.Pending) -> None:
        with lock:
            published.append(event.object_id)

    running: Deliver = deliver
    services = [NotifierService(database, running) for _ in range(count)]
    for service in services:
        service.start()
    expected = []
    for n in range(20):
        for lane in 'abcdefgh':
            expected.append(f'{lane}{n:02}')
            add(database, expected[-1], execution=lane, now=utc_now())
        for service in services:
            service.notify()
    wait_for(lambda: len(published) >= len(expected), 'all events')
    for service in services:
        service.stop()
    assert max(Counter(published).values()) == 1
    assert sorted(published) == sorted(expected)
    for lane in 'abcdefgh':
        own = [id_ for id_ in published if id_.startswith(lane)]
        assert own == sorted(own)
