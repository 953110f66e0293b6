"""What goes into the database comes out the same."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from mistral.db.types import Json, UtcDateTime, dump_json, load_json

NOON = datetime.fromisoformat('2026-01-01 12:00:00')
DIALECT = sqlite.dialect()

plain_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(plain_data)
def test_json_of_plain_data_is_exact(value):
    if _has_infinity(value):
        return
    assert load_json(dump_json(value)) == value


def _has_infinity(value):
    if isinstance(value, dict):
        return any(map(_has_infinity, value.values()))
    if isinstance(value, list):
        return any(map(_has_infinity, value))
    return isinstance(value, float) and math.isinf(value)


def test_keys_become_texts():
    assert load_json(dump_json({1: 'a', None: 'b'})) == {'1': 'a', 'null': 'b'}


def test_what_mistral_23_wrote_is_read():
    assert load_json('{"a": "\\u00e9", "b": [1, 2.5]}') == {'a': 'é', 'b': [1, 2.5]}
    assert math.isnan(load_json('NaN'))


def test_nothing_is_null():
    assert Json().process_bind_param(None, DIALECT) is None
    assert Json().process_result_value(None, DIALECT) is None


@pytest.mark.parametrize(
    'moment',
    [
        NOON.replace(microsecond=999_999),
        NOON.replace(tzinfo=UTC),
        (NOON + timedelta(hours=2)).replace(tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_moments_are_kept_in_utc_and_whole_seconds(moment):
    assert UtcDateTime().process_bind_param(moment, DIALECT) == NOON
