"""The repositories behave alike on all databases, and get through when servers refuse them.

Every test makes a database, so cases that are tests of their own on SQLite are gathered here.
"""

# Imported tests and fixtures run here, too.
# ruff: noqa: F401, F811

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from mistral.db import models
from mistral.db.database import Database
from mistral.db.query import Filter
from mistral.db.retry import is_transient, run
from mistral.exceptions import DBDuplicateEntryError
from mistral.tests.unit.db.repositories import test_listing as listing
from mistral.tests.unit.db.repositories import test_repository as single_rows
from mistral.tests.unit.db.repositories.test_definitions import (
    add_trigger,
    membership,
    test_a_workflow_with_triggers_cannot_be_deleted,
    test_the_member_decides_and_the_owner_revokes,
    workflow,
)
from mistral.tests.unit.db.repositories.test_executions import (
    count,
    grow,
    test_action_executions_show_the_name_of_their_task,
    test_an_execution_goes_with_its_whole_tree_however_deep,
)
from mistral.tests.unit.db.repositories.test_listing import (
    many_tasks,
    tasks,
    test_json_is_found_however_it_was_written,
)
from mistral.tests.unit.db.repositories.test_repository import (
    test_a_change_to_a_taken_name_is_refused,
    test_a_new_row_is_returned_as_it_is_stored,
    test_a_reference_to_nothing_is_refused,
    test_booleans_and_times_come_back_as_such,
    test_dynamic_actions_go_with_their_code,
    test_the_own_row_goes_before_public_ones_and_those_before_private_ones,
)
from mistral.tests.unit.db.support import OWNER, Store


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    models.metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture
def store(database):
    return Store(database)


def test_filters_mean_the_same(tasks):
    for condition, expected in (*listing.ON_PLAIN_COLUMNS, *listing.ON_JSON_COLUMNS):
        assert listing.names(tasks.list(Filter(*condition))) == expected, condition


def test_lists_have_the_same_order_and_pages(many_tasks):
    everything = many_tasks.list()
    for sort in listing.SORTS:
        ids = listing.read_in_pages(many_tasks, sort=sort, limit=7)
        assert ids == listing.in_order(everything, sort), sort


def test_tags_are_told_apart_by_case(store):
    store.workflows.insert(name='wf', tags=['Tag'])

    assert store.workflows.list(Filter('tags', 'has_tags', ('tag',))) == []
    assert len(store.workflows.list(Filter('tags', 'has_tags', ('Tag',)))) == 1


def test_conflicts_are_recognised(store):
    store.workflows.insert(id='w', name='w')
    store.code_sources.insert(id='s', name='s', content='c', version=1)
    for kind, values, what in single_rows.CONFLICTS:
        repository = getattr(store, kind)
        repository.insert(**values)
        with pytest.raises(DBDuplicateEntryError) as raised:
            repository.insert(**values)
        assert str(raised.value) == f'Duplicate entry for {what}'


def test_values_at_the_limits_fit(store):
    for kind, values in single_rows.AT_THE_LIMIT:
        repository = getattr(store, kind)
        row = repository.insert(**values)
        assert repository.get(row['id'], OWNER, values) == {'id': row['id'], **values}


def test_a_deadlock_is_resolved_by_trying_again(store, database):
    if database.dialect == 'sqlite':
        pytest.skip('SQLite has one writer at a time')
    rows = [store.environments.insert(name=name)['id'] for name in ('a', 'b')]
    each_has_a_lock = threading.Barrier(2)
    refusals = []

    def change_both(order):
        attempts = iter(range(100))

        def unit():
            first_attempt = next(attempts) == 0
            with database.transaction() as conn:
                _touch(conn, order[0])
                if first_attempt:
                    each_has_a_lock.wait(timeout=30)
                _touch(conn, order[1])

        run(unit, doing='changing both environments', sleep=refusals.append)

    with ThreadPoolExecutor(2) as threads:
        for change in [threads.submit(change_both, order) for order in (rows, rows[::-1])]:
            change.result()

    assert len(refusals) == 1
    assert [store.environments.get(row, OWNER)['description'] for row in rows] == ['touched'] * 2


def test_waiting_too_long_for_a_lock_is_transient(store, database):
    impatience = {
        'sqlite': 'PRAGMA busy_timeout = 10',
        'postgresql': "SET LOCAL lock_timeout = '10ms'",
        'mysql': 'SET innodb_lock_wait_timeout = 1',
    }
    row = store.environments.insert(name='env')
    with database.transaction() as patient, database.engine.connect() as impatient:
        _touch(patient, row['id'])
        impatient.exec_driver_sql(impatience[database.dialect])
        with pytest.raises(DBAPIError) as raised:
            _touch(impatient, row['id'])

    assert is_transient(raised.value)


def test_a_killed_connection_is_transient(database):
    if database.dialect == 'sqlite':
        pytest.skip('SQLite has no connections to kill')
    own_number, kill = {
        'postgresql': ('SELECT pg_backend_pid()', 'SELECT pg_terminate_backend({})'),
        'mysql': ('SELECT connection_id()', 'KILL {}'),
    }[database.dialect]
    with database.engine.connect() as victim, database.engine.connect() as killer:
        number = victim.exec_driver_sql(own_number).scalar()
        killer.exec_driver_sql(kill.format(number))
        with pytest.raises(DBAPIError) as raised:
            victim.execute(select(models.environments.c.id))

    assert is_transient(raised.value)


def _touch(conn, id):
    table = models.environments
    conn.execute(update(table).where(table.c.id == id).values(description='touched'))
