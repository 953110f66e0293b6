"""Workflow executions go with everything below them; action executions know their task."""

import functools

import pytest
from sqlalchemy import func, insert, select

from mistral.db import models
from mistral.db.chunks import chunks
from mistral.db.query import Filter, Sort
from mistral.exceptions import DBEntityNotFoundError
from mistral.tests.unit.db.support import NOON, OTHER, OWNER

TABLES = (
    models.workflow_executions,
    models.task_executions,
    models.action_executions,
    models.scheduled_jobs,
)


@pytest.fixture
def grow(store, database):
    """`grow(root, depth)` makes an execution with two tasks, one of which runs a sub-workflow."""

    def make_execution(id, depth, **values):
        store.executions.insert(id=id, **values)
        with database.transaction() as conn:
            job = {'id': f'{id}-job', 'key': id, 'execute_at': NOON}
            conn.execute(insert(models.scheduled_jobs).values(job))
        store.tasks.insert(id=f'{id}-a', name='acts', workflow_execution_id=id)
        store.action_executions.insert(id=f'{id}-x', task_execution_id=f'{id}-a')
        store.tasks.insert(id=f'{id}-b', name='calls', workflow_execution_id=id)
        if depth > 1:
            make_execution(f'{id}.', depth - 1, task_execution_id=f'{id}-b')

    return make_execution


@pytest.fixture
def count(database):
    def rows_of_all_tables():
        with database.read() as conn:
            return [conn.scalar(select(func.count()).select_from(table)) for table in TABLES]

    return rows_of_all_tables


def test_an_execution_goes_with_its_whole_tree_however_deep(store, grow, count):
    grow('tree', 20)
    grow('kept', 2)

    store.executions.delete('tree', OWNER)

    assert count() == [2, 4, 2, 2]
    assert store.executions.find(OWNER, id='kept.') is not None


def test_a_sub_workflow_can_go_alone(store, grow, count):
    grow('x', 3)

    store.executions.delete('x.', OWNER)

    assert count() == [1, 2, 1, 1]


def test_wide_trees_go_batch_by_batch(store, grow, count, monkeypatch):
    in_pairs = functools.partial(chunks, size=2)
    monkeypatch.setattr('mistral.db.store.trees.chunks', in_pairs)
    grow('x', 1)
    for number in range(5):
        grow(f'x{number}', 1, task_execution_id='x-b')

    store.executions.delete('x', OWNER)

    assert count() == [0, 0, 0, 0]


def test_executions_are_never_public(store, grow, count):
    grow('x', 2, scope='public')

    assert store.executions.list(caller=OTHER) == []
    with pytest.raises(DBEntityNotFoundError, match=r'WorkflowExecution not found .id=x.'):
        store.executions.delete('x', OTHER)

    assert count() == [2, 4, 2, 2]


def test_action_executions_show_the_name_of_their_task(store):
    store.tasks.insert(id='t', name='task')
    store.action_executions.insert(id='a', task_execution_id='t')
    store.action_executions.insert(id='b')

    assert store.action_executions.get('a', OWNER)['task_name'] == 'task'
    assert store.action_executions.list(columns=('task_name',), sort=(Sort('task_name'),)) == [
        {'id': 'b', 'task_name': None},
        {'id': 'a', 'task_name': 'task'},
    ]
    found = store.action_executions.list(Filter('task_name', 'has', 'as'), columns=('id',))
    assert found == [{'id': 'a'}]
