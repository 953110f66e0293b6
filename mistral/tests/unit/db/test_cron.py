"""What schedulers find of cron triggers."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from mistral.db.models import mistral_metrics
from mistral.db.store import cron
from mistral.db.store.cron import Occurrence
from mistral.tests.unit.db.support import NOON

SECOND = timedelta(seconds=1)


@pytest.fixture
def add(store):
    def add(name, time):
        return store.cron_triggers.insert(name=name, next_execution_time=time)['id']

    return add


@pytest.fixture
def due(database):
    def due(limit=10):
        with database.read() as connection:
            return cron.due(connection, NOON, limit)

    return due


def test_the_oldest_come_first(add, due):
    ids = {late: add(f'{late} s late', NOON - late * SECOND) for late in (0, 2, 1, -1)}

    assert due() == [Occurrence(ids[late], NOON - late * SECOND) for late in (2, 1, 0)]
    assert due(limit=2) == due()[:2]


@pytest.mark.parametrize(('status', 'found'), [('RUNNING', 1), ('PAUSING', 0), ('PAUSED', 0)])
def test_none_are_due_while_there_is_maintenance(database, add, due, status, found):
    add('t', NOON)
    with database.transaction() as connection:
        row = {'id': 1, 'name': 'maintenance_status', 'value': status}
        connection.execute(insert(mistral_metrics).values(row))

    assert len(due()) == found


def test_looking_takes_an_index(database):
    query = cron.due_query(NOON, 10).compile(
        database.engine, compile_kwargs={'literal_binds': True}
    )
    with database.read() as connection:
        plan = connection.execute(text(f'EXPLAIN QUERY PLAN {query}')).all()

    assert 'INDEX cron_triggers_v2_next_execution_time' in str(plan[0])


def test_an_occurrence_counts_as_long_as_it_is_to_come(database, add):
    occurrence = Occurrence(add('t', NOON), NOON)
    with database.transaction() as connection:
        trigger = cron.load(connection, occurrence)
        assert trigger is not None
        assert cron.move_on(connection, trigger, NOON + SECOND, NOON)
        assert not cron.move_on(connection, trigger, NOON + SECOND, NOON)
        assert not cron.remove(connection, trigger)
        assert cron.load(connection, occurrence) is None

        trigger = cron.load(connection, Occurrence(occurrence.trigger_id, NOON + SECOND))
        assert trigger is not None
        assert cron.remove(connection, trigger)
        assert not cron.remove(connection, trigger)
