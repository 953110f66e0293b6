"""Lists: what filters mean, in which order rows come, and how pages follow each other."""

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert

from mistral.db import models
from mistral.db.query import Filter, Sort
from mistral.exceptions import DBEntityNotFoundError, InputException
from mistral.tests.unit.db.support import ADMIN, NOON, OTHER, OWNER

LATER = NOON + timedelta(seconds=1)

ROWS = [
    {
        'name': 'a',
        'state': 'SUCCESS',
        'created_at': NOON,
        'updated_at': LATER,
        'processed': True,
        'seq': 1,
        'tags': ['x', 'Y'],
        'published': {'k': 'v', 'n': {'p': 1, 'q': [True, None]}},
    },
    {
        'name': 'b_1',
        'state': 'ERROR',
        'created_at': NOON,
        'processed': False,
        'seq': 2,
        'tags': ['xy', 'ä "1"'],
        'published': {'k': 1},
    },
    {
        'name': 'b%1',
        'state': 'ERROR',
        'created_at': LATER,
        'updated_at': NOON,
        'seq': 3,
        'tags': [],
        'published': {},
    },
    {'name': 'd', 'created_at': LATER},
]


@pytest.fixture
def tasks(store):
    for row in ROWS:
        store.tasks.insert(**row)
    return store.tasks


def names(rows):
    return {row['name'] for row in rows}


# Filters


ON_PLAIN_COLUMNS: list[tuple[tuple[Any, ...], set[str]]] = [
    (('name', 'eq', 'a'), {'a'}),
    (('state', 'neq', 'SUCCESS'), {'b_1', 'b%1'}),
    (('name', 'gt', 'b_1'), {'d'}),
    (('name', 'gte', 'd'), {'d'}),
    (('seq', 'lt', 2), {'a'}),
    (('seq', 'lte', '2'), {'a', 'b_1'}),
    (('name', 'in', ('a', 'd', 'nope')), {'a', 'd'}),
    (('name', 'in', ()), set()),
    (('state', 'nin', ('ERROR',)), {'a'}),
    (('state', 'nin', ()), {'a', 'b_1', 'b%1'}),
    (('name', 'has', 'b'), {'b_1', 'b%1'}),
    (('name', 'has', '_'), {'b_1'}),
    (('name', 'has', '%'), {'b%1'}),
    (('name', 'has', '/'), set()),
    (('name', 'has', '\\'), set()),
    (('state', 'is_null', None), {'d'}),
    (('processed', 'eq', True), {'a'}),
    (('processed', 'neq', True), {'b_1'}),
    (('created_at', 'eq', NOON), {'a', 'b_1'}),
    (('created_at', 'gt', '2026-01-01 12:00:00'), {'b%1', 'd'}),
    (('created_at', 'gte', '2026-01-01T12:00:01+00:00'), {'b%1', 'd'}),
    (('created_at', 'lt', '2026-01-02'), {'a', 'b_1', 'b%1', 'd'}),
    (('updated_at', 'in', ('2026-01-01 12:00:00',)), {'b%1'}),
    (('updated_at', 'neq', NOON), {'a'}),
]


@pytest.mark.parametrize(('condition', 'expected'), ON_PLAIN_COLUMNS)
def test_operators_on_plain_columns(tasks, condition, expected):
    assert names(tasks.list(Filter(*condition))) == expected


ON_JSON_COLUMNS: list[tuple[tuple[Any, ...], set[str]]] = [
    (('tags', 'has_tags', ('x',)), {'a'}),
    (('tags', 'has_tags', ('x', 'Y')), {'a'}),
    (('tags', 'has_tags', ('x', 'y')), set()),
    (('tags', 'has_tags', ('y',)), set()),
    (('tags', 'has_tags', ('ä "1"',)), {'b_1'}),
    (('tags', 'has_tags', ('%',)), set()),
    (('tags', 'has_tags', ()), {'a', 'b_1', 'b%1'}),
    (('tags', 'eq', ['x', 'Y']), {'a'}),
    (('tags', 'eq', ['Y', 'x']), set()),
    (('tags', 'is_null', None), {'d'}),
    (('published', 'eq', {'n': {'q': [True, None], 'p': 1}, 'k': 'v'}), {'a'}),
    (('published', 'eq', {'n': {'q': [1, None], 'p': 1}, 'k': 'v'}), set()),
    (('published', 'eq', {'k': True}), set()),
    (('published', 'eq', {}), {'b%1'}),
    (('published', 'neq', {}), {'a', 'b_1'}),
    (('published', 'in', ({}, {'k': 1})), {'b_1', 'b%1'}),
    (('published', 'in', ()), set()),
    (('published', 'nin', ({},)), {'a', 'b_1'}),
]


@pytest.mark.parametrize(('condition', 'expected'), ON_JSON_COLUMNS)
def test_operators_on_json_columns_compare_decoded_values(tasks, condition, expected):
    assert names(tasks.list(Filter(*condition))) == expected


@pytest.mark.parametrize(
    'text',
    ['{"a": "\\u00e9", "b": [1, 2.5]}', '{"b":[1,2.5],"a":"é"}'],
    ids=['as Mistral 23 writes it', 'as we write it'],
)
def test_json_is_found_however_it_was_written(store, database, text):
    row = {'id': 'x', 'project_id': 'owner', 'name': 'found', 'published': json.loads(text)}
    with database.transaction() as conn:
        conn.execute(insert(models.task_executions).values(row))
        conn.exec_driver_sql(f"UPDATE task_executions_v2 SET published = '{_literal(conn, text)}'")

    assert names(store.tasks.list(Filter('published', 'eq', {'a': 'é', 'b': [1, 2.5]}))) == {
        'found'
    }


def _literal(conn, text):
    return text.replace('\\', '\\\\') if conn.dialect.name in {'mysql', 'mariadb'} else text


def test_filters_are_combined(tasks):
    conditions = (Filter('state', 'eq', 'ERROR'), Filter('created_at', 'eq', NOON))

    assert names(tasks.list(*conditions)) == {'b_1'}


@pytest.mark.parametrize(
    ('condition', 'message'),
    [
        (('nome', 'eq', 'a'), "TaskExecution has no column 'nome', only: id, "),
        (('nome', 'is_null', None), "TaskExecution has no column 'nome'"),
        (('created_at', 'eq', 'noon'), "Cannot filter 'created_at' by 'noon'"),
        (('created_at', 'in', ['noon']), "Cannot filter 'created_at' by 'noon'"),
        (('seq', 'eq', 'two'), "Cannot filter 'seq' by 'two'"),
        (('seq', 'eq', 2**70), "Cannot filter 'seq' by .* too large"),
        (('processed', 'eq', 'yes'), "Cannot filter 'processed' by 'yes': it is not a truth"),
        (('name', 'eq', 5), "Cannot filter 'name' by 5: it is not a text"),
        (('name', 'eq', 'a\x00'), "Cannot filter 'name' by .* NUL"),
        (('name', 'has_tags', ('a',)), "The operator 'has_tags' cannot be used on 'name'"),
        (('tags', 'has', 'a'), "The operator 'has' cannot be used on 'tags'"),
        (('published', 'gt', {}), "The operator 'gt' cannot be used on 'published'"),
    ],
)
def test_filters_that_make_no_sense_are_refused(tasks, condition, message):
    with pytest.raises(InputException, match=message):
        tasks.list(Filter(*condition))


# Columns


def test_only_the_columns_asked_for_come_back(tasks):
    rows = tasks.list(
        Filter('published', 'eq', {'k': 1}), columns=('name',), sort=(Sort('seq'),), limit=1
    )

    assert rows == [{'id': rows[0]['id'], 'name': 'b_1'}]


def test_unknown_columns_are_refused(tasks):
    with pytest.raises(InputException, match="has no column 'nome'"):
        tasks.list(columns=('nome',))
    with pytest.raises(InputException, match="has no column 'nome'"):
        tasks.list(sort=(Sort('nome'),))
    with pytest.raises(InputException, match="cannot order or look up by 'published'"):
        tasks.list(sort=(Sort('published'),))


# Whose rows


@pytest.mark.parametrize(
    ('caller', 'all_projects', 'expected'),
    [
        (OWNER, False, {'own', 'public'}),
        (OTHER, False, {'private', 'public'}),
        (ADMIN, False, {'public'}),
        (ADMIN, True, {'own', 'private', 'public'}),
    ],
)
def test_lists_span_all_projects_on_request_only(store, caller, all_projects, expected):
    store.environments.insert(OWNER, name='own')
    store.environments.insert(OTHER, name='private')
    store.environments.insert(OTHER, name='public', scope='public')

    rows = store.environments.list(caller=caller, all_projects=all_projects)

    assert names(rows) == expected


# Pages

SORTS = [
    (Sort('created_at'),),
    (Sort('created_at', descending=True),),
    (Sort('updated_at'),),
    (Sort('updated_at', descending=True),),
    (Sort('state'), Sort('updated_at', descending=True)),
    (Sort('updated_at', descending=True), Sort('state'), Sort('name', descending=True)),
    (Sort('processed'), Sort('seq', descending=True)),
    (Sort('state', descending=True), Sort('id', descending=True)),
]


@pytest.fixture
def many_tasks(store):
    """Tasks with every combination of values and empty values, many of them alike."""
    values = itertools.product(
        (NOON, LATER), (None, NOON, LATER), (None, 'ERROR', 'SUCCESS'), (None, True)
    )
    for number, (created, updated, state, processed) in enumerate(values):
        store.tasks.insert(
            name=f't{number % 5}', created_at=created, updated_at=updated, state=state,
            processed=processed, seq=number % 3 or None, published={'half': number % 2},
        )  # fmt: skip
    return store.tasks


def in_order(rows, sort):
    """The rows as the database must order them: empty values are smaller than all others."""
    ids = sorted(row['id'] for row in rows)
    for key in reversed(sort):
        # A tuple without a value is smaller than those with one.
        values = {row['id']: () if row[key.column] is None else (row[key.column],) for row in rows}
        ids.sort(key=values.__getitem__, reverse=key.descending)
    return ids


def read_in_pages(repository, *filters, limit, **query):
    marker, ids = None, []
    while page := repository.list(*filters, limit=limit, marker=marker, **query):
        assert len(page) <= limit
        ids += [row['id'] for row in page]
        marker = ids[-1]
    return ids


@pytest.mark.parametrize('limit', [1, 7])
@pytest.mark.parametrize('sort', SORTS, ids=str)
def test_pages_make_up_the_list_whatever_is_empty_or_alike(many_tasks, sort, limit):
    everything = many_tasks.list()

    assert read_in_pages(many_tasks, sort=sort, limit=limit) == in_order(everything, sort)


@pytest.mark.parametrize('limit', [1, 7])
def test_pages_of_rows_chosen_by_json(many_tasks, limit):
    chosen = Filter('published', 'eq', {'half': 1})
    rows = [row for row in many_tasks.list() if row['published'] == {'half': 1}]
    sort = (Sort('updated_at', descending=True),)

    assert read_in_pages(many_tasks, chosen, sort=sort, limit=limit) == in_order(rows, sort)


def test_json_is_decided_batch_by_batch(store, monkeypatch):
    monkeypatch.setattr('mistral.db.repositories.listing._BATCH', 3)
    for number in range(20):
        store.tasks.insert(name=f't{number:02}', seq=number, published={'n': number % 7})

    rows = store.tasks.list(Filter('published', 'eq', {'n': 6}), sort=(Sort('seq'),), limit=2)

    assert [row['name'] for row in rows] == ['t06', 't13']


def test_a_page_goes_on_where_the_last_one_ended_though_its_row_has_changed(tasks):
    sort = (Sort('name'),)
    first = tasks.list(Filter('state', 'eq', 'ERROR'), sort=sort, limit=1)[0]
    tasks.update(first['id'], {'state': 'RUNNING'}, OWNER)

    second = tasks.list(Filter('state', 'eq', 'ERROR'), sort=sort, limit=1, marker=first['id'])

    assert {first['name'], second[0]['name']} == {'b_1', 'b%1'}


@pytest.mark.parametrize(
    ('kind', 'all_projects', 'index'),
    [
        ('executions', True, 'workflow_executions_v2_created_at_id'),
        ('executions', False, 'workflow_executions_v2_project_id_created_at_id'),
        ('tasks', False, 'task_executions_v2_project_id_created_at_id'),
        ('action_executions', False, 'action_executions_v2_project_id_created_at_id'),
    ],
)
def test_long_lists_are_read_from_an_index(store, database, kind, all_projects, index):
    repository = getattr(store, kind)
    row = repository.insert(name='x')
    statements = []

    def note(conn, cursor, statement, parameters, *_):
        statements.append((statement, parameters))

    event.listen(database.engine, 'before_cursor_execute', note)
    for query in ({}, {'marker': row['id']}):
        repository.list(caller=OWNER, all_projects=all_projects, limit=10, **query)
        statement, parameters = statements[-1]
        with database.read() as conn:
            plan = conn.exec_driver_sql(f'EXPLAIN QUERY PLAN {statement}', parameters).all()
        steps = [step.detail for step in plan]
        assert any(f'INDEX {index}' in step for step in steps)
        # What is sorted is the page alone.
        assert sum('TEMP B-TREE' in step for step in steps) <= 1


def test_an_unknown_marker_is_an_error(store):
    foreign = store.workflows.insert(OTHER, name='wf')

    for marker in ('x', foreign['id']):
        with pytest.raises(DBEntityNotFoundError) as raised:
            store.workflows.list(marker=marker)
        assert str(raised.value) == f'Workflow not found [workflow_id={marker}]'
