"""What JSON can hold of the values that evaluations yield."""

import re
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import IntEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined, UndefinedError
from markupsafe import Markup

from mistral.expressions import ExpressionOptions
from mistral.expressions.budget import Budget, EvaluationLimitError
from mistral.expressions.data import to_json, type_name
from mistral.expressions.views import ContextView, FrozenMap


class Level(IntEnum):
    HIGH = 3


def budget(**options: Any) -> Budget:
    return Budget(ExpressionOptions(**options))


JSON_DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=['Cs'])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab'), inner, max_size=3),
)


@given(JSON_DATA)
def test_json_data_stays_what_it_is(data: Any) -> None:
    assert to_json(data, budget()) == data


@pytest.mark.parametrize(
    ('value', 'stored'),
    [
        (datetime(2026, 1, 31, 16, 28, 52, 722620, UTC), '2026-01-31T16:28:52.722620'),
        (datetime(2026, 1, 31), '2026-01-31T00:00:00.000000'),  # noqa: DTZ001 - as YAML gives it
        (
            datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=2))),
            '2026-01-31T00:00:00.000000+02:00',
        ),
        (date(2026, 1, 31), '2026-01-31'),
        (time(1, 2), '01:02:00'),
        (timedelta(minutes=1, milliseconds=500), 60.5),
        (UUID(int=1), '00000000-0000-0000-0000-000000000001'),
        (b'bytes \xc3\xa9', 'bytes é'),
        (Markup('<b>'), '<b>'),
        (Level.HIGH, 3),
        ((1, (2,)), [1, [2]]),
        (range(2), [0, 1]),
        ((item for item in 'ab'), ['a', 'b']),
        ({'b': 1, 'a': 2}.keys(), ['b', 'a']),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({'b', 1}), ['b', 1]),
        (OrderedDict(a=(1,)), {'a': [1]}),
        (FrozenMap({'a': [{'b': [1]}]}), {'a': [{'b': [1]}]}),
        (ContextView({'a': 1, '__versions': {}}), {'a': 1}),
        (
            {2: 'a', 1.5: 'b', None: 'c', True: 'd', date(2026, 1, 1): 'e'},
            {'2': 'a', 'true': 'd', '1.5': 'b', 'null': 'c', '2026-01-01': 'e'},
        ),
    ],
)
def test_other_data_takes_a_form_of_json(value: Any, stored: Any) -> None:
    result = to_json(value, budget())
    assert result == stored
    assert type(result) is type(stored)


@pytest.mark.parametrize(
    ('value', 'error'),
    [
        (object(), 'a value of type object cannot be stored as JSON'),
        ([re.compile('a')], 'a value of type regex cannot be stored as JSON'),
        ({(1,): 2}, 'a map with a key of type list cannot be stored as JSON'),
        (float('inf'), 'the number inf cannot be stored as JSON'),
        pytest.param(10**5000, 'an integer of more than 4300 digits cannot', id='integer'),
        ('\udc00', 'text with half of a surrogate pair cannot be stored as JSON'),
    ],
)
def test_what_has_no_form_of_json(value: Any, error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        to_json(value, budget())


def test_undefined_values_say_what_is_missing() -> None:
    with pytest.raises(UndefinedError, match="'x' is undefined"):
        to_json({'k': [StrictUndefined(name='x')]}, budget())


@pytest.mark.parametrize('value', [[1, 2, 3], {'a': 1, 'b': 2, 'c': 3}, iter('abc'), {1, 2, 3}])
def test_collections_are_limited(value: Any) -> None:
    with pytest.raises(EvaluationLimitError, match='Collection length exceeds 2 elements'):
        to_json([value], budget(limit_iterators=2))


@pytest.mark.parametrize(
    ('value', 'name'),
    [
        (None, 'null'),
        (True, 'boolean'),
        (1, 'integer'),
        (1.5, 'number'),
        ('', 'string'),
        ({}, 'map'),
        (FrozenMap({}), 'map'),
        ((), 'list'),
        (frozenset(), 'set'),
        (timedelta(), 'timespan'),
        (iter(()), 'tuple_iterator'),
    ],
)
def test_type_names(value: Any, name: str) -> None:
    assert type_name(value) == name
