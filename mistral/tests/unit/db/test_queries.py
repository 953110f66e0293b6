"""What `tasks()` asks the database, and what it reads for that."""

from datetime import timedelta

import pytest

from mistral.db import types
from mistral.db.store import queries
from mistral.tests.unit.db.support import NOON, OTHER, OWNER

MINUTE = timedelta(minutes=1)


@pytest.fixture
def tree(store):
    """`top` with three tasks, one of which runs `sub`, and `late` beside it."""

    def task(id, execution, state='SUCCESS', minutes=0, **values):
        store.tasks.insert(
            id=id, name=id, workflow_execution_id=execution, state=state, type='ACTION',
            created_at=NOON + minutes * MINUTE, in_context={f'context of {id}': 1},
            runtime_context={f'runtime of {id}': 1}, published={f'published by {id}': 1}, **values,
        )  # fmt: skip
        store.action_executions.insert(
            id=f'action of {id}', task_execution_id=id, accepted=True, runtime_context={},
            output={'result': f'result of {id}'},
        )  # fmt: skip

    for execution in ('top', 'late'):
        store.executions.insert(id=execution, name='w', state='RUNNING', created_at=NOON)
    task('b', 'top', minutes=1, seq=3)
    task('a', 'top', 'ERROR', minutes=1, seq=2)
    task('calls', 'top', minutes=0, seq=1)
    task('z', 'late', 'ERROR', minutes=5)
    values = {'task_execution_id': 'calls', 'accepted': False, 'state': 'SUCCESS'}
    store.executions.insert(id='sub', name='sub', created_at=NOON, **values)
    task('s1', 'sub', 'ERROR', minutes=3)
    task('s2', 'sub', minutes=2)
    store.tasks.insert(OTHER, id='foreign', workflow_execution_id='top', state='ERROR')


@pytest.fixture
def ask(database, tree):
    def ask(execution_id=None, *, recursive=False, state=None, flat=False):
        with database.read() as connection:
            return queries.tasks(
                connection, OWNER.project_id, execution_id,
                recursive=recursive, state=state, flat=flat,
            )  # fmt: skip

    return ask


@pytest.mark.parametrize(
    ('execution_id', 'options', 'expected'),
    [
        (None, {}, ['calls', 'a', 'b', 's2', 's1', 'z']),
        (None, {'state': 'ERROR'}, ['a', 's1', 'z']),
        ('top', {}, ['calls', 'a', 'b']),
        ('top', {'state': 'SUCCESS'}, ['calls', 'b']),
        ('top', {'recursive': True}, ['calls', 'a', 'b', 's2', 's1']),
        ('top', {'recursive': True, 'state': 'ERROR'}, ['a', 's1']),
        ('nothing', {'recursive': True}, []),
    ],
)
def test_what_is_found_in_which_order(ask, execution_id, options, expected):
    assert [task['id'] for task in ask(execution_id, **options)] == expected


@pytest.mark.parametrize('execution_id', [None, 'top'])
def test_the_order_does_not_depend_on_portions(ask, execution_id, monkeypatch):
    whole = ask(execution_id, recursive=execution_id is not None)
    monkeypatch.setattr(queries, 'chunks', lambda values: ([each] for each in values))
    assert ask(execution_id, recursive=execution_id is not None) == whole


def test_what_is_shown(ask):
    (found,) = ask('top', state='ERROR')
    assert found == {
        'id': 'a',
        'name': 'a',
        'spec': {},
        'state': 'ERROR',
        'state_info': None,
        'result': 'result of a',
        'published': {'published by a': 1},
        'type': 'ACTION',
        'workflow_execution_id': 'top',
        'created_at': '2026-01-01 12:01:00',
        'updated_at': found['updated_at'],
    }


@pytest.mark.parametrize(
    ('execution_id', 'options'),
    [('top', {}), (None, {}), ('top', {'recursive': True}), ('top', {'flat': True})],
)
def test_only_what_is_shown_is_read(ask, execution_id, options, monkeypatch):
    """Large columns are JSON: what is decoded is what has been read."""
    decoded = []

    def load_json(text):
        decoded.append(text)
        return original(text)

    original = types.load_json
    monkeypatch.setattr(types, 'load_json', load_json)
    found = ask(execution_id, state='ERROR', **options)
    published = [text for text in decoded if 'published' in text]
    results = [text for text in decoded if 'result of' in text]
    assert len(published) == len(results) == len(found) > 0
    assert not [text for text in decoded if 'context of' in text or 'runtime of' in text]
