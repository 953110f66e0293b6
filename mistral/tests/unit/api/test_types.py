"""Values of attributes and arguments, and resources made of them."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral.api import types
from mistral.api.types import Resource, Text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


class Thing(Resource):
    name = Text(5)
    data = types.json_object
    made_at = types.time
    flags = types.tags


@given(st.dictionaries(st.text(), JSON))
def test_json_objects_survive_the_way_there_and_back(value):
    text = types.json_object.tobasetype(value)

    assert text.isascii()
    assert types.json_object.frombasetype(text) == value
    assert types.json_object.frombasetype(value) == value


@pytest.mark.parametrize('text', ['null', '[]', '{}', '0', 'false', '""'])
def test_empty_json_values_stand_for_no_object(text):
    assert not types.json_object.frombasetype(text)


@pytest.mark.parametrize(
    ('given', 'value'),
    [('{"a": 1}', {'a': 1}), ('plain', 'plain'), ('[1]', [1]), (5, 5), ([1], [1]), (None, None)],
)
def test_json_values(given, value):
    assert types.json_value.frombasetype(given) == value


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('true', True),
        ('True', True),
        ('1', True),
        ('on', True),
        ('yes', True),
        ('false', False),
        ('0', False),
        ('NO', False),
        ('off', False),
        ('', False),
    ],
)
def test_flags(text, value):
    assert types.flag.frombasetype(text) is value


def test_names_are_lower_case_and_come_once():
    assert types.names.frombasetype('b,A, b') == ('b', 'a')
    assert types.repeating_names.frombasetype('asc,asc') == ('asc', 'asc')
    assert types.names.frombasetype(',a, ') == ('a',)
    assert types.names.frombasetype('') == ()


@pytest.mark.parametrize(
    'text', ['2026-11-21 16:22:25', '2026-11-21T16:22:25', '2026-11-21T17:22:25+01:00']
)
def test_times_are_utc(text):
    moment = types.time.frombasetype(text)

    assert moment == datetime.datetime.fromisoformat('2026-11-21 16:22:25')
    assert types.time.tobasetype(moment) == '2026-11-21 16:22:25'


@pytest.mark.parametrize('value', [5, 'too long', '\x00'])
def test_texts_that_are_refused(value):
    with pytest.raises(ValueError, match=r'.'):
        Thing.name.datatype.validate(value)


def test_resource_shows_what_a_row_has_in_its_own_order():
    row = {
        'other': 1,
        'made_at': datetime.datetime.fromisoformat('2026-11-21 16:22:25.5'),
        'data': {'a': [1]},
        'name': None,
    }

    assert list(Thing.render(row).items()) == [
        ('name', None),
        ('data', '{"a": [1]}'),
        ('made_at', '2026-11-21 16:22:25'),
    ]


def test_resource_tells_what_was_given():
    assert Thing(name='x', flags=['a']).given() == {'name': 'x', 'flags': ['a']}
    assert Thing(name=None).given() == {'name': None}


@pytest.mark.parametrize('document', ['{', 'NaN', '"\\ud800"', b'\xff', '[' * 100_000])
def test_documents_that_are_no_strict_json(document):
    with pytest.raises(ValueError, match=r'.'):
        types.parse_json(document)
