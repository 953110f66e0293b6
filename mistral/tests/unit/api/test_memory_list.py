"""Lists of rows that are not in the database behave like those that are."""

from typing import Any

import pytest

from mistral.api.memory_list import select
from mistral.db.query import Filter, ListQuery, Sort
from mistral.exceptions import DBEntityNotFoundError

ROWS: list[dict[str, Any]] = [
    {'id': '1', 'name': 'a', 'n': 2, 'tags': ['x', 'y']},
    {'id': '2', 'name': 'b', 'n': None, 'tags': None},
    {'id': '3', 'name': 'c', 'n': 1, 'tags': ['x']},
]


def ids(query=None, *conditions):
    rows = select(ROWS, query or ListQuery(sort=()), conditions, not_found='gone: {}')
    return ''.join(row['id'] for row in rows)


@pytest.mark.parametrize(
    ('condition', 'expected'),
    [
        (Filter('name', 'eq', 'a'), '1'),
        (Filter('n', 'neq', 2), '3'),
        (Filter('n', 'gt', 1), '1'),
        (Filter('n', 'lte', 2), '13'),
        (Filter('name', 'in', ('a', 'c')), '13'),
        (Filter('name', 'in', ()), ''),
        (Filter('n', 'nin', (1,)), '1'),
        (Filter('name', 'has', 'b'), '2'),
        (Filter('tags', 'has_tags', ('x', 'y')), '1'),
        (Filter('n', 'is_null'), '2'),
    ],
)
def test_filters(condition, expected):
    assert ids(None, condition) == expected


@pytest.mark.parametrize(
    ('sort', 'expected'),
    [
        ((Sort('name', descending=True),), '321'),
        ((Sort('n'),), '231'),
        ((), '123'),
    ],
)
def test_order(sort, expected):
    assert ids(ListQuery(sort=sort)) == expected


def test_pages():
    sort = (Sort('name'),)

    assert ids(ListQuery(sort=sort, limit=2)) == '12'
    assert ids(ListQuery(sort=sort, limit=2, marker='2')) == '3'


def test_marker_that_is_gone():
    with pytest.raises(DBEntityNotFoundError, match='gone: 9'):
        ids(ListQuery(sort=(), marker='9'))
