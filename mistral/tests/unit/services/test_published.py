"""What tasks have published for the whole workflow, also those that Mistral 23 has left."""

import pytest

from mistral.services.published import published_global, published_global_of_task
from mistral.tests.unit.db.support import OWNER, Store


@pytest.fixture
def store(database):
    return Store(database)


def shown(store, state='SUCCESS', spec=None, **columns):
    """What is shown of a task in an execution whose context has a, b and c."""
    execution = store.executions.insert(state='SUCCESS', context={'a': 1, 'b': 2, 'c': 3})
    id_ = store.tasks.insert(
        workflow_execution_id=execution['id'], state=state, spec=spec, **columns
    )['id']
    with store.database.read() as conn:
        repositories = store._repositories
        task = repositories.tasks.get(conn, id_, OWNER)
        return published_global_of_task(conn, repositories, task, OWNER)


def clauses(**names):
    """A task's definition with clauses that publish these names globally."""
    return {
        clause.replace('_', '-'): {'publish': {'global': dict.fromkeys(each, 0)}}
        for clause, each in names.items()
    }


def test_a_workflow_shows_neither_internals_nor_vars():
    context = {'__execution': {'id': 'e'}, 'openstack': {}, 'v': 1, 'g': 2}
    assert published_global(context, {'vars': {'v': 0}}) == {'g': 2}
    assert published_global(None, None) == {}


@pytest.mark.parametrize('value', [{'a': 'then'}, {}])
def test_what_is_stored_is_shown(store, value):
    spec = clauses(on_success='b')
    assert shown(store, spec=spec, published_global=value) == value


def test_tasks_of_this_service_that_have_published_nothing(store):
    assert shown(store, action_spec=clauses(on_success='a')) is None


@pytest.mark.parametrize(
    ('state', 'expected'),
    [
        ('SUCCESS', {'a': 1, 'c': 3}),
        ('ERROR', {'b': 2, 'c': 3}),
        ('SKIPPED', {'c': 3}),
        ('CANCELLED', None),
        ('RUNNING', None),
    ],
)
def test_tasks_of_mistral_23_show_what_their_variables_are_now(store, state, expected):
    spec = clauses(on_success='a', on_error='b', on_complete='c')
    assert shown(store, state, spec) == expected


@pytest.mark.parametrize(
    'spec',
    [
        {'on-success': 'next'},
        {'on-success': ['next']},
        {'on-success': {'next': 'next'}},
        {'on-success': {'publish': {'branch': {'a': 1}}}},
        {'publish': {'a': 1}},
        clauses(on_success='z') | {'on-complete': {'publish': {'global': {}}}},
    ],
)
def test_tasks_of_mistral_23_that_have_published_nothing(store, spec):
    assert not shown(store, spec=spec)
