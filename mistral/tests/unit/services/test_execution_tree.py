"""Trees of executions are read as far as they are asked for."""

import functools

import pytest

from mistral.db.chunks import chunks
from mistral.db.repositories import Repositories
from mistral.services import execution_tree
from mistral.services.execution_tree import ExecutionTreeReader
from mistral.tests.unit.db.support import NOON, OTHER, OWNER, Store


@pytest.fixture
def store(database):
    return Store(database)


@pytest.fixture
def tree(store):
    """`r` with tasks that have failed and that have not; those with `*` have started executions."""

    def grow(id, depth, **values):
        store.executions.insert(OTHER, id=id, name=id, created_at=NOON, output=id, **values)
        for name, state in (('b*', 'ERROR'), ('a', 'SUCCESS'), ('c*', 'SUCCESS')):
            task = f'{id}{name}'
            times = {'created_at': NOON, 'seq': 'bac'.index(name[0])}
            store.tasks.insert(id=task, state=state, workflow_execution_id=id, **times)
            store.action_executions.insert(id=f'{task}!', task_execution_id=task, **times)
            if depth and '*' in name:
                for number in '12':
                    grow(f'{task}{number}', depth - 1, task_execution_id=task)

    grow('r', 2)


@pytest.fixture
def read(database, tree, monkeypatch):
    """The ids of the walk from an execution, and those of all rows that were read for it."""

    def read(start='r', actions=None, **options):
        rows = []
        repositories = Repositories()
        for repository in (
            repositories.executions,
            repositories.tasks,
            repositories.action_executions,
        ):
            noting_list = functools.partial(noting, rows, repository.list)
            monkeypatch.setattr(repository, 'list', noting_list)
        columns = {'execution_columns': ('output',), 'action_columns': actions}
        with database.read() as connection:
            reader = ExecutionTreeReader(connection, repositories, OWNER, **columns)
            tree = reader.read([start], **options)
        return [row['id'] for row in tree.walk({'id': start})], sorted(rows)

    def noting(rows, list_, *args):
        found = list_(*args)
        rows += [row['id'] for row in found]
        return found

    return read


def test_the_walk_goes_depth_first_in_the_order_of_tasks(read):
    walked, _ = read(levels=None)
    assert walked == [
        'r',
        'rb*1', 'rb*1b*1', 'rb*1b*2', 'rb*1c*1', 'rb*1c*2',
        'rb*2', 'rb*2b*1', 'rb*2b*2', 'rb*2c*1', 'rb*2c*2',
        'rc*1', 'rc*1b*1', 'rc*1b*2', 'rc*1c*1', 'rc*1c*2',
        'rc*2', 'rc*2b*1', 'rc*2b*2', 'rc*2c*1', 'rc*2c*2',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ('options', 'walked', 'rows'),
    [
        ({'levels': 0}, ['r'], []),
        ({'levels': 1, 'errors_only': True}, ['r', 'rb*1', 'rb*2'], ['rb*', 'rb*1', 'rb*2']),
        (
            {'start': 'rb*1', 'errors_only': True, 'levels': 1},
            ['rb*1', 'rb*1b*1', 'rb*1b*2'],
            ['rb*1b*', 'rb*1b*1', 'rb*1b*2'],
        ),
        ({'start': 'rb*1b*1'}, ['rb*1b*1'], ['rb*1b*1a', 'rb*1b*1b*', 'rb*1b*1c*']),
        (
            {'start': 'rb*1b*1', 'errors_only': True, 'actions': ()},
            ['rb*1b*1'],
            ['rb*1b*1b*', 'rb*1b*1b*!'],
        ),
    ],
)
def test_nothing_else_is_read(read, options, walked, rows):
    assert read(**options) == (walked, sorted(rows))


def test_wide_levels_are_read_in_portions(read, monkeypatch):
    whole = read()
    monkeypatch.setattr(execution_tree, 'chunks', functools.partial(chunks, size=3))
    assert read() == whole
