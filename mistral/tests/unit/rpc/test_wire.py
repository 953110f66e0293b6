"""What travels between processes arrives as it was."""

import json
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral.context import RequestContext
from mistral.rpc import wire

TIME = datetime(2026, 1, 2, 3, 4, 5, 6)  # noqa: DTZ001

KEYS = st.sampled_from(['__datetime__', '__data__', 'a'])
DATA = st.recursive(
    st.sampled_from([None, 1, '2026-01-02', '__datetime__', '"__datetime__"', TIME]),
    lambda items: st.lists(items) | st.dictionaries(KEYS, items),
    max_leaves=8,
)


def nested(depth):
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    'value',
    [
        None,
        {'a': [1, 2.5, 'x', None, True], 'é\U0001f600': {}},
        {'created_at': TIME, 'updated_at': None},
        [10**40, -1],
    ],
)
def test_round_trip(value):
    assert wire.load(wire.dump(value)) == value


@given(DATA)
def test_data_of_users_may_look_like_that_of_the_wire(value):
    assert wire.load(wire.dump({'created_at': TIME, 'data': value})) == {
        'created_at': TIME, 'data': value,
    }  # fmt: skip


def test_data_that_looks_like_a_time_is_in_the_message_itself():
    """For processes of the previous release."""
    assert json.loads(wire.dump({'__datetime__': 'x'}))['__datetime__'] == 'x'


@pytest.mark.parametrize(
    'data',
    [{'__datetime__': 'x'}, {'__datetime__': None}, {'__datetime__': 'x', '__data__': 'y'}],
)
def test_data_of_the_previous_release_that_looks_like_a_time(data):
    assert wire.load(json.dumps(data)) == data


def test_views_of_mappings_become_mappings():
    assert wire.load(wire.dump({'a': MappingProxyType({'b': 1})})) == {'a': {'b': 1}}
    odd = {'__datetime__': 'x'}
    assert wire.load(wire.dump({'a': MappingProxyType(odd)})) == {'a': odd}


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    ('value', 'message'),
    [
        (object(), 'object cannot be sent'),
        (ENDLESS, 'cannot be sent: Circular'),
        (10**5000, 'cannot be sent: Exceeds the limit'),
        (nested(100_000), 'cannot be sent: maximum recursion'),
    ],
    ids=['object', 'circle', 'number', 'depth'],
)
def test_what_is_not_data_is_refused(value, message):
    with pytest.raises(TypeError, match=message):
        wire.dump({'a': value})


def test_text_that_is_nested_too_deeply():
    with pytest.raises(ValueError, match='maximum recursion'):
        wire.load('[' * 100_000 + ']' * 100_000)


def test_caller():
    caller = RequestContext(
        project_id='p', user_name='me', roles=('admin', 'member'), is_admin=True,
        security={'auth_token': 't'},
    )  # fmt: skip
    assert wire.load_caller(wire.dump_caller(caller)) == caller
