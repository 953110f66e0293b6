"""Searching columns of JSON by value.

Equal values may be stored as different texts (the order of keys, blanks, escapes), so a search is a
condition that narrows down the candidates in SQL, and a test of the decoded value.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import ColumnElement, and_, false, func, or_

from mistral.db.types import dump_json

Search: TypeAlias = tuple[ColumnElement[bool], Callable[[Any], bool]]

#: So many pairs of an object are looked for in SQL.
_MAX_PAIRS: Final = 10


def one_of(text: ColumnElement[Any], values: Iterable[Any]) -> Search:
    """The value equals one of these; truth values differ from numbers, as 1 does from 1.0."""
    values = list(values)
    wanted = frozenset(map(canonical, values))
    candidates = or_(false(), *(_may_be(text, value) for value in values))
    return candidates, lambda stored: canonical(stored) in wanted


def none_of(text: ColumnElement[Any], values: Iterable[Any]) -> Search:
    """There is a value, and it equals none of these."""
    unwanted = frozenset(map(canonical, values))
    return text.is_not(None), lambda stored: canonical(stored) not in unwanted


def list_with(text: ColumnElement[Any], tags: Iterable[str]) -> Search:
    """The value is a list that has all these texts among its items."""
    tags = list(tags)
    contains_all = (_contains(text, _forms(tag)) for tag in tags)
    return (
        and_(text.is_not(None), *contains_all),
        lambda stored: isinstance(stored, list) and all(tag in stored for tag in tags),
    )


def canonical(value: Any) -> bytes:
    """The same for equal values, whatever the order of their keys."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return json.dumps(value, sort_keys=True).encode()


def _may_be(text: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    """The text has a length that the value can have, and some of the value's parts.

    MySQL counts bytes, of which raw text never takes more than escaped text takes characters.
    """
    lengths = [len(form) for form in _forms(value)]
    fits = func.length(text).between(min(lengths), max(lengths))
    pairs = itertools.islice(_pairs(value), _MAX_PAIRS)
    return and_(fits, *(_contains(text, pair) for pair in pairs))


def _contains(text: ColumnElement[Any], forms: Iterable[str]) -> ColumnElement[bool]:
    return or_(*(text.contains(form, autoescape=True) for form in forms))


def _forms(value: Any) -> set[str]:
    """How we write a value and how Mistral 23 did, escaped and with blanks."""
    return {dump_json(value), json.dumps(value)}


def _pairs(value: Any) -> Iterator[set[str]]:
    """The keys of objects at any depth with their plain values, in all forms."""
    if isinstance(value, list):
        for item in value:
            yield from _pairs(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, list | dict):
                yield from _pairs(item)
            else:
                yield {form[1:-1] for form in _forms({key: item})}
