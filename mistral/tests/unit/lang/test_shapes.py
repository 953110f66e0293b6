"""The reasons, and which of several is reported, follow what JSON schema validators say."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral.lang import shapes

_STR = {'type': 'string', 'minLength': 1}
_INT = {'type': 'integer', 'minimum': 0}
_NUM = {'type': 'number', 'minimum': 0}
_BOOL = {'type': 'boolean'}
_STRS = {'type': 'array', 'items': _STR, 'minItems': 1, 'uniqueItems': True}
_MAP = {'type': 'object', 'minProperties': 1}
_ONE = {'type': 'object', 'minProperties': 1, 'maxProperties': 1}
_RECORD = {
    'type': 'object',
    'properties': {'a': _INT, 'b': {'oneOf': [_STR, _STRS]}, 'c': _MAP},
    'required': ['a'],
    'additionalProperties': False,
}
_record = shapes.record(
    {
        'a': shapes.natural,
        'b': shapes.one_of(shapes.text, shapes.list_of(shapes.text)),
        'c': shapes.mapping,
    },
    required=('a',),
)

PAIRS = {
    'text': (shapes.text, _STR),
    'natural': (shapes.natural, _INT),
    'non_negative': (shapes.non_negative, _NUM),
    'boolean': (shapes.boolean, _BOOL),
    'list_of': (shapes.list_of(shapes.text), _STRS),
    'mapping': (shapes.mapping, _MAP),
    'single_entry': (shapes.single_entry, _ONE),
    'choice': (shapes.choice('all', 2.0), {'enum': ['all', 2.0]}),
    'record': (_record, _RECORD),
    'numbers': (
        shapes.one_of(shapes.text, shapes.natural, shapes.non_negative),
        {'anyOf': [_STR, _INT, _NUM]},
    ),
    'choice or natural': (
        shapes.one_of(shapes.choice('all', 'one'), shapes.natural),
        {'anyOf': [{'enum': ['all', 'one']}, _INT]},
    ),
    'record or text': (shapes.one_of(_record, shapes.text), {'anyOf': [_RECORD, _STR]}),
    'parameters': (
        shapes.list_of(shapes.one_of(shapes.text, shapes.single_entry)),
        {
            'type': 'array',
            'items': {'anyOf': [_STR, _ONE]},
            'minItems': 1,
            'uniqueItems': True,
        },
    ),
}

_scalars = st.sampled_from([None, True, False, 0, 1, -1, 1.0, 1.5, -0.5, '', 'x', 'all', 2])
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from('abcd'), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(('shape', 'schema'), PAIRS.values(), ids=PAIRS)
@settings(max_examples=40)
@given(value=_values)
def test_reasons_are_those_of_json_schema(shape, schema, value):
    expected = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(schema).iter_errors(value)
    )
    found = shapes.in_order(list(shape(value)))
    assert (expected is None) == (not found)
    if expected is not None:
        assert found[0].reason == expected.message
        assert found[0].path == tuple(expected.absolute_path)


def _hint(shape, value):
    return shapes.in_order(list(shape(value)))[0].hint


def test_a_union_lends_its_hint_to_its_branches():
    shape = shapes.one_of(shapes.natural, shapes.text, hint='a number or a text')
    assert _hint(shape, -1) == 'a number or a text'
    assert _hint(shape, None) == 'a number or a text'


def test_the_hint_of_a_branch_goes_first():
    shape = shapes.one_of(shapes.record({'count': shapes.natural}), shapes.text, hint='general')
    assert _hint(shape, {'coutn': 1}) == "Did you mean 'count'?"


def test_the_hint_of_a_union_says_nothing_about_what_is_deeper():
    shape = shapes.one_of(shapes.record({'count': shapes.natural}), shapes.text, hint='general')
    assert _hint(shape, {'count': -1}) is None


def test_keys_must_be_texts():
    [mismatch] = shapes.mapping({True: 1})
    assert mismatch.reason == "True is not of type 'string'"
    assert mismatch.key is True
    assert 'quotes' in mismatch.hint


def test_long_values_are_cut():
    [mismatch] = shapes.boolean('x' * 100_000)
    assert len(mismatch.reason) < 1100


def test_equality_is_that_of_json():
    shape = shapes.list_of(shapes.anything)
    assert not list(shape([1, True, '1', {'a': 1}, {'a': True}, [1]]))
    assert list(shape([{'a': [1]}, {'a': [1.0]}]))


def test_keys_of_any_type_can_be_compared():
    keys: list[Any] = [None, 1, 'a', True, 1.5, float('nan')]
    mismatches = [shapes.Mismatch('x', path=(key,)) for key in keys]
    assert len(shapes.in_order(mismatches)) == len(mismatches)
