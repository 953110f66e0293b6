"""Revision 048 on every kind of database: which rows it changes, and which it leaves alone."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, insert, select, text

from mistral.db import migrations, models
from mistral.db.database import Database
from mistral.exceptions import DBError
from mistral.tests.unit.db.support import NOON

LATER = NOON + timedelta(minutes=5)

Rows = Callable[[Table], dict[str, dict[str, Any]]]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database as it is before the revision."""
    database = Database(database_url)
    migrations.upgrade(database.engine, '047')
    yield database
    database.dispose()


def put(database: Database, table: Table, *rows: dict[str, Any]) -> None:
    with database.transaction() as connection:
        for row in rows:
            connection.execute(insert(table), {'created_at': NOON, **row})


def put_execution(database: Database, id_: str, state: str, *tasks: dict[str, Any]) -> None:
    """An execution with tasks, each of which has an action."""
    put(database, models.workflow_executions, {'id': id_, 'state': state, 'revision': 0})
    for number, task in enumerate(tasks):
        task_id = f'{id_}{number}'
        row = {'id': task_id, 'name': task_id, 'workflow_execution_id': id_, 'processed': True}
        put(database, models.task_executions, row | task)
        action = {'id': f'{task_id}a', 'task_execution_id': task_id, 'state': 'SUCCESS'}
        put(database, models.action_executions, {'accepted': True, **action})


def rows(database: Database, table: Table) -> dict[str, dict[str, Any]]:
    with database.read() as connection:
        found = connection.execute(select(table)).mappings().all()
    return {row['id']: dict(row) for row in found}


def taken_over(database: Database) -> set[str]:
    """The executions whose tasks have numbers after the upgrade."""
    migrations.upgrade(database.engine)
    return {
        task['workflow_execution_id']
        for task in rows(database, models.task_executions).values()
        if task['seq'] is not None
    }


def test_executions_that_may_go_on_are_taken_over(database: Database) -> None:
    done = {'state': 'SUCCESS'}
    for id_, state, task in (
        ('running', 'RUNNING', done),
        ('paused', 'PAUSED', done),
        ('succeeded', 'SUCCESS', done),
        ('failed', 'ERROR', {'state': 'ERROR'}),
        ('cancelled', 'CANCELLED', {'state': 'CANCELLED'}),
        ('failed midway', 'ERROR', {'state': 'ERROR', 'processed': False}),
        ('failed join', 'ERROR', {'state': 'ERROR', 'unique_key': 'join'}),
        ('cancelled midway', 'CANCELLED', {'state': 'RUNNING', 'processed': False}),
    ):
        put_execution(database, id_, state, task)
    put(database, models.workflow_executions, {'id': 'new', 'state': 'RUNNING'})
    assert taken_over(database) == {
        'running', 'paused', 'failed midway', 'failed join', 'cancelled midway',
    }  # fmt: skip
    executions = rows(database, models.workflow_executions).values()
    assert {execution['revision'] for execution in executions} == {1}
    jobs = rows(database, models.scheduled_jobs).values()
    assert sorted((job['key'], job['func_args']['type']) for job in jobs) == [
        # Its only task has ended, but Mistral 23 has not got the message.
        ('cancelled midway', 'TimerFired'),
        ('new', 'Recover'),
        ('paused', 'Recover'),
        ('running', 'Recover'),
    ]


def test_what_is_written(database: Database) -> None:
    definition = {'id': 'd', 'name': 'wb.wf', 'workbook_name': 'wb'}
    put(database, models.workflow_definitions, definition)
    execution = {'id': 'e', 'state': 'PAUSED', 'workflow_id': 'd', 'runtime_context': {'index': 0}}
    put(database, models.workflow_executions, execution)
    of_e = {'workflow_execution_id': 'e', 'processed': False}
    first = {'id': 'a', 'name': 'a', 'state': 'RUNNING', 'runtime_context': {'x': 1}}
    second = {'id': 'b', 'name': 'b', 'state': 'IDLE'}
    put(database, models.task_executions, first | of_e, second | of_e)
    child = {'id': 's', 'state': 'RUNNING', 'task_execution_id': 'a', 'params': {'index': 0}}
    put(database, models.workflow_executions, child)
    migrations.upgrade(database.engine)

    executions = rows(database, models.workflow_executions)
    assert executions['e']['runtime_context'] == {
        'index': 0,
        '_workbook': 'wb',
        '_backlog': [{'task': 'b', 'source_id': None, 'event': None}],
    }
    assert executions['s']['runtime_context'] == {'_seq': 2}
    (task,) = rows(database, models.task_executions).values()
    assert (task['id'], task['seq'], task['runtime_context']) == ('a', 0, {'x': 1})
    # Lists are sorted by the time of an update, so executions always have one.
    assert (task['updated_at'], executions['e']['updated_at']) == (None, NOON)


@pytest.mark.parametrize('scheduler', ['legacy', 'default'])
def test_delayed_calls_become_jobs(database: Database, scheduler: str) -> None:
    put_execution(database, 'e', 'RUNNING', {'state': 'RUNNING'})
    arguments = {'task_ex_id': 'e0', 'timeout': 60}
    path = 'mistral.engine.policies._fail_task_if_incomplete'
    if scheduler == 'legacy':
        call: dict[str, Any] = {'target_method_name': path, 'method_arguments': arguments}
        call |= {'execution_time': LATER, 'processing': True, 'auth_context': {'auth_token': 'x'}}
        put(database, models.delayed_calls, {'id': 'c', **call})
    else:
        call = {'func_name': path, 'func_args': arguments, 'execute_at': LATER}
        put(database, models.scheduled_jobs, {'id': 'c', **call})
    migrations.upgrade(database.engine)
    assert rows(database, models.delayed_calls) == {}
    jobs = rows(database, models.scheduled_jobs)
    assert 'c' not in jobs
    (limit,) = (job for job in jobs.values() if job['func_args'].get('kind') == 'timeout')
    assert (limit['key'], limit['execute_at']) == ('e', LATER)
    task = rows(database, models.task_executions)['e0']
    assert task['runtime_context']['_timers']['timeout'] == limit['id']


def test_nobody_waits_for_a_sign_of_life_of_actions(database: Database) -> None:
    running = {'state': 'RUNNING', 'last_heartbeat': LATER}
    put(
        database,
        models.action_executions,
        {'id': 'sync', 'is_sync': True, **running},
        {'id': 'old', 'is_sync': None, **running},
        {'id': 'async', 'is_sync': False, **running},
        {'id': 'done', 'is_sync': True, 'state': 'SUCCESS', 'last_heartbeat': LATER},
    )
    migrations.upgrade(database.engine)

    def heartbeat(id_: str) -> tuple[bool, datetime]:
        action = rows(database, models.action_executions)[id_]
        return action['is_sync'], action['last_heartbeat']

    assert heartbeat('sync') == heartbeat('old') == (True, NOON)
    assert heartbeat('async') == (False, LATER)
    assert heartbeat('done') == (True, LATER)


def test_old_members_of_workbooks_get_their_workbook(database: Database) -> None:
    def put_definitions(table: Table) -> None:
        names = {
            'a': ('wb.member', 'member'),
            'b': ('w.b.member', 'member'),
            'c': ('no.member',) * 2,
        }
        for id_, (name, short_name) in names.items():
            put(database, table, {'id': id_, 'name': name, 'spec': {'name': short_name}})
        known = {'id': 'd', 'name': 'wb.x', 'spec': {'name': 'x'}, 'workbook_name': 'noted'}
        put(database, table, known, {'id': 'e', 'name': 'plain', 'spec': {'name': 'plain'}})

    tables = (models.workflow_definitions, models.action_definitions)
    for table in tables:
        put_definitions(table)
    migrations.upgrade(database.engine)
    for table in tables:
        workbooks = {id_: row['workbook_name'] for id_, row in rows(database, table).items()}
        assert workbooks == {'a': 'wb', 'b': 'w.b', 'c': None, 'd': 'noted', 'e': None}


def test_an_upgrade_that_fails_changes_no_rows(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_execution(database, 'a', 'RUNNING', {'state': 'IDLE'})
    put_execution(database, 'b', 'RUNNING', {'state': 'RUNNING'})
    with database.transaction() as connection:
        broken = "UPDATE task_executions_v2 SET runtime_context = '{' WHERE id = 'b0'"
        connection.execute(text(broken))
    with pytest.raises(DBError, match='Workflow execution b cannot be taken over'):
        migrations.upgrade(database.engine)
    assert migrations.current(database.engine) == '047'
    with database.transaction() as connection:
        assert connection.scalar(text('SELECT count(*) FROM scheduled_jobs_v2')) == 0
        connection.execute(text("UPDATE task_executions_v2 SET runtime_context = '{}'"))
    assert taken_over(database) == {'a', 'b'}
