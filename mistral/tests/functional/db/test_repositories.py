"""The repositories behave alike on all databases, and get through when servers refuse them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from mistral.db import models
from mistral.db.database import Database
from mistral.db.query import Filter
from mistral.db.retry import is_transient, run
from mistral.tests.unit.db.repositories.test_definitions import *  # noqa: F403
from mistral.tests.unit.db.repositories.test_executions import *  # noqa: F403
from mistral.tests.unit.db.repositories.test_listing import *  # noqa: F403
from mistral.tests.unit.db.repositories.test_repository import *  # noqa: F403
from mistral.tests.unit.db.support import OWNER, Store


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    models.metadata.drop_all(database.engine)
    models.metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture
def store(database):
    return Store(database)


def test_tags_are_told_apart_by_case(store):
    store.workflows.insert(name='wf', tags=['Tag'])

    assert store.workflows.list(Filter('tags', 'has_tags', ('tag',))) == []
    assert len(store.workflows.list(Filter('tags', 'has_tags', ('Tag',)))) == 1


def test_a_deadlock_is_resolved_by_trying_again(store, database):
    if database.dialect == 'sqlite':
        pytest.skip('SQLite has one writer at a time')
    rows = [store.environments.insert(name=name)['id'] for name in ('a', 'b')]
    both_have_a_lock = threading.Barrier(2)
    table = models.environments
    refusals = []

    def change(order, description):
        attempts = 0

        def unit():
            nonlocal attempts
            attempts += 1
            with database.transaction() as conn:
                for place, id in enumerate(order):
                    statement = update(table).where(table.c.id == id)
                    conn.execute(statement.values(description=description))
                    if place == 0 and attempts == 1:
                        both_have_a_lock.wait(timeout=30)

        run(unit, doing='changing both environments', sleep=refusals.append)

    with ThreadPoolExecutor(2) as threads:
        changes = [
            threads.submit(change, rows, 'forwards'),
            threads.submit(change, rows[::-1], 'backwards'),
        ]
    for done in changes:
        done.result()

    assert len(refusals) == 1
    descriptions = {store.environments.get(id, OWNER)['description'] for id in rows}
    assert len(descriptions) == 1


def test_waiting_too_long_for_a_lock_is_transient(store, database):
    impatience = {
        'postgresql': "SET LOCAL lock_timeout = '10ms'",
        'mysql': 'SET innodb_lock_wait_timeout = 1',
        'sqlite': 'PRAGMA busy_timeout = 10',
    }
    row = store.environments.insert(name='env')
    table = models.environments
    statement = update(table).where(table.c.id == row['id']).values(description='x')
    with database.transaction() as first:
        first.execute(statement)
        with database.engine.connect() as second:
            second.exec_driver_sql(impatience[database.dialect])
            with pytest.raises(Exception, match='') as raised:
                second.execute(statement)

    assert is_transient(raised.value)


def test_a_killed_connection_is_transient(store, database):
    if database.dialect == 'sqlite':
        pytest.skip('SQLite has no connections to lose')
    kill, own = {
        'postgresql': ('SELECT pg_terminate_backend({})', 'SELECT pg_backend_pid()'),
        'mysql': ('KILL {}', 'SELECT connection_id()'),
    }[database.dialect]
    with database.engine.connect() as victim:
        number = victim.exec_driver_sql(own).scalar()
        with database.engine.connect() as killer:
            killer.exec_driver_sql(kill.format(number))
        with pytest.raises(Exception, match='') as raised:
            victim.execute(select(models.environments))

    assert is_transient(raised.value)
