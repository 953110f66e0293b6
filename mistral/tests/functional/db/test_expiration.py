"""Which ended executions are deleted, and what goes with them, on each kind of database."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from mistral.db.database import Database
from mistral.db.models import (
    action_executions,
    scheduled_jobs,
    task_executions,
    workflow_executions,
)
from mistral.services import expiration as module
from mistral.services.expiration import Expiration, ExpirationPolicy

NOON = datetime.fromisoformat('2026-01-01 12:00:00')
MINUTE = timedelta(minutes=1)

Add = Callable[..., str]


@pytest.fixture
def add(database: Database) -> Add:
    """Stores an execution that ended so many minutes ago, with a task, an action and a timer."""

    def add(id_: str, age: float, state: str = 'SUCCESS', parent: str | None = None) -> str:
        times = {'created_at': NOON - age * MINUTE, 'updated_at': NOON - age * MINUTE}
        root = None
        if parent is not None:
            root = parent.partition('/')[0]
        execution = {
            'id': id_, 'state': state, 'task_execution_id': parent and f'{parent}-t',
            'root_execution_id': root, **times,
        }  # fmt: skip
        task = {'id': f'{id_}-t', 'workflow_execution_id': id_, 'state': state, **times}
        action = {'id': f'{id_}-a', 'task_execution_id': f'{id_}-t', 'state': state, **times}
        job = {'id': f'{id_}-j', 'key': id_, 'execute_at': NOON}
        with database.transaction() as connection:
            connection.execute(insert(workflow_executions), execution)
            connection.execute(insert(task_executions), task)
            connection.execute(insert(action_executions), action)
            connection.execute(insert(scheduled_jobs), job)
        return id_

    return add


def left(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(select(workflow_executions.c.id)).scalars())


def policy(**values: Any) -> ExpirationPolicy:
    return ExpirationPolicy(interval=MINUTE, **values)


def perform(database: Database, **values: Any) -> list[str]:
    """What is left after a look at noon."""
    Expiration(database, policy(**values), now=lambda: NOON).perform()
    return left(database)


def test_by_age(database: Database, add: Add) -> None:
    add('old', 11)
    add('error', 20, 'ERROR')
    add('cancelled', 20, 'CANCELLED')
    add('just', 10)
    add('new', 1)
    for state in ('RUNNING', 'PAUSED', 'IDLE'):
        add(state, 100, state)
    expected = ['IDLE', 'PAUSED', 'RUNNING', 'just', 'new']
    assert perform(database, older_than=10 * MINUTE) == sorted(expected)


@pytest.mark.parametrize(
    ('keep', 'expected'),
    [(1, ['n1']), (2, ['n1', 'n2']), (4, ['n1', 'n2', 'n3', 'n4']), (9, ['n1', 'n2', 'n3', 'n4'])],
)
def test_by_number(database: Database, add: Add, keep: int, expected: list[str]) -> None:
    """Those that changed last stay, whatever still runs does not count."""
    for n in (3, 1, 4, 2):
        add(f'n{n}', n)
    add('running', 100, 'RUNNING')
    assert perform(database, keep=keep) == sorted([*expected, 'running'])


def test_by_number_within_one_second(database: Database, add: Add) -> None:
    for n in range(5):
        add(f'n{n}', 1)
    assert perform(database, keep=2) == ['n3', 'n4']


def test_by_age_and_number(database: Database, add: Add) -> None:
    for n in (1, 2, 3, 50):
        add(f'n{n}', n)
    assert perform(database, keep=2, older_than=10 * MINUTE) == ['n1', 'n2']


def test_some_states_stay(database: Database, add: Add) -> None:
    add('bad', 20, 'ERROR')
    add('good', 20)
    assert perform(database, older_than=MINUTE, states=('SUCCESS',)) == ['bad']


@pytest.mark.parametrize('batch_size', [1, 2, 100])
def test_batches(
    database: Database, add: Add, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn is bounded; the next one goes on, before it is time to look again."""
    monkeypatch.setattr(module, '_PER_TURN', 4)
    for n in range(10):
        add(f'n{n}', n + 20)
    expiring = Expiration(database, policy(older_than=MINUTE, batch_size=batch_size))
    expiring.perform()
    if batch_size < 10:
        assert len(left(database)) == 6
    for _ in range(5):
        expiring.perform()
    assert left(database) == []
    add('late', 30)
    expiring.perform()
    assert left(database) == ['late']


def test_whole_trees_go_with_their_root(database: Database, add: Add) -> None:
    """Deeper than foreign keys are followed by MariaDB, and whatever the age of its parts."""
    parent = add('r', 20)
    for depth in range(20):
        parent = add(f'r/{depth}', 0, 'RUNNING', parent)
    add('s', 20, 'RUNNING')
    add('s/0', 20, 'SUCCESS', 's')
    assert perform(database, older_than=MINUTE) == ['s', 's/0']
    with database.read() as connection:
        for table in (task_executions, action_executions, scheduled_jobs):
            assert len(connection.execute(select(table.c.id)).all()) == 2


def test_one_that_cannot_be_deleted_holds_up_no_other(
    database: Database, add: Add, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(3):
        add(f'n{n}', 20)
    with database.transaction() as connection:
        _guard(connection, 'n1')
    try:
        assert perform(database, older_than=MINUTE) == ['n1']
    finally:
        with database.transaction() as connection:
            connection.exec_driver_sql('DROP TABLE guards')
    assert 'Workflow execution n1 cannot be deleted' in caplog.text


def _guard(connection: Any, id_: str) -> None:
    """Have a foreign key forbid the deletion."""
    connection.exec_driver_sql(
        'CREATE TABLE guards (id VARCHAR(36), FOREIGN KEY (id) '
        'REFERENCES workflow_executions_v2 (id))'
    )
    connection.exec_driver_sql(f"INSERT INTO guards VALUES ('{id_}')")


@pytest.mark.parametrize('database', ['postgresql', 'mariadb'], indirect=True)
def test_what_an_engine_is_changing_is_left_alone(database: Database, add: Add) -> None:
    add('n1', 20)
    add('n2', 20)
    with database.transaction() as connection:
        columns = workflow_executions.c
        connection.execute(
            update(workflow_executions).where(columns.id == 'n1').values(state='RUNNING')
        )
        assert perform(database, older_than=MINUTE) == ['n1']
    assert perform(database, older_than=MINUTE) == ['n1']


def test_schedulers_side_by_side(database: Database, add: Add) -> None:
    for n in range(60):
        add(f'n{n:02}', n)
    values = policy(keep=20, batch_size=3)
    threads = [
        threading.Thread(target=Expiration(database, values, now=lambda: NOON).perform)
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert left(database) == [f'n{n:02}' for n in range(20)]
