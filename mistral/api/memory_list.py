"""Carries out a list query on rows that are not in the database."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mistral.db.query import Filter, ListQuery
from mistral.db.repositories import Row
from mistral.exceptions import DBEntityNotFoundError

_Test = Callable[[Any, Any], bool]

#: As in SQL, what is not there fulfils no comparison.
_TESTS: Final[Mapping[str, _Test]] = {
    'eq': operator.eq,
    'neq': operator.ne,
    'gt': operator.gt,
    'gte': operator.ge,
    'lt': operator.lt,
    'lte': operator.le,
    'in': lambda value, wanted: value in wanted,
    'nin': lambda value, unwanted: value not in unwanted,
    'has': lambda value, part: part in value,
    'has_tags': lambda value, tags: set(tags) <= set(value),
}


def select(
    rows: Sequence[Row], query: ListQuery, conditions: Sequence[Filter], *, not_found: str
) -> list[Row]:
    """The rows of a page; `not_found` is the message, with a place for its id, of a marker that
    is gone (raised as DBEntityNotFoundError)."""
    selected = [row for row in rows if all(_fulfils(row, each) for each in conditions)]
    selected.sort(key=_key('id'))
    for sort in reversed(query.sort):
        selected.sort(key=_key(sort.column), reverse=sort.descending)
    if query.marker is not None:
        ids = [row['id'] for row in selected]
        if query.marker not in ids:
            raise DBEntityNotFoundError(not_found.format(query.marker))
        selected = selected[ids.index(query.marker) + 1 :]
    return selected[: query.limit]


def _fulfils(row: Row, condition: Filter) -> bool:
    value = row[condition.column]
    if condition.operator == 'is_null':
        return value is None
    return value is not None and _TESTS[condition.operator](value, condition.value)


def _key(column: str) -> Callable[[Row], tuple[bool, Any]]:
    """Sorts by a column; empty values come first, whatever the others are."""
    return lambda row: (row[column] is not None, '' if row[column] is None else row[column])
