import contextlib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mistral.exceptions import DSLParsingException
from mistral.lang import yaml_loader
from mistral.lang.yaml_loader import MAX_DEPTH, load


@pytest.fixture(params=['libyaml', 'python'])
def any_parser(request, monkeypatch):
    if request.param == 'python':
        monkeypatch.setattr(yaml_loader, 'CSafeLoader', None)


@pytest.mark.parametrize(
    ('text', 'data'),
    [
        ('', None),
        ('~', None),
        ('a: &x 1\nb: *x\nc: @z\nd: * * *', {'a': '&x 1', 'b': '*x', 'c': '@z', 'd': '* * *'}),
        ('[&a, *b]', ['&a', '*b']),
        ('&x a: 1', {'&x a': 1}),
        ('&x !!str 5: 1', {'&x !!str 5': 1}),
        ('[yes, no, on, off, true, False]', [True, False, True, False, True, False]),
        ('[\'yes\', "on", y, n]', ['yes', 'on', 'y', 'n']),
        ('on: 1', {True: 1}),
        ('[017, 0x1F, 1_000, 12:30:45, -5, 0b11]', [15, 31, 1000, 45045, -5, 3]),
        ('[.5, 1.0e+3, 1e3, 0o17]', [0.5, 1000.0, '1e3', '0o17']),
        ('[2020-01-01, 2001-12-14t21:59:43Z]', ['2020-01-01', '2001-12-14t21:59:43Z']),
        ('!!timestamp 2020-01-01', '2020-01-01'),
        ('{a: 1, a: 2}', {'a': 2}),
        ('[null, ~, Null, ]', [None, None, None]),
        ('[=, <<, ! 5, !!str 5, !!int "5"]', ['=', '<<', 5, '5', 5]),
        ('!!set {a, b}', ['a', 'b']),
        ('!!omap [a: 1, b: 2]', [['a', 1], ['b', 2]]),
        ('\ufeffa: é', {'a': 'é'}),
        ('a: |\n  x\n   y\n', {'a': 'x\n y\n'}),
    ],
)
@pytest.mark.usefixtures('any_parser')
def test_values(text, data):
    assert load(text).data == data


@pytest.mark.parametrize(
    ('text', 'data'),
    [
        ('{<<: {a: 1, b: 1}, b: 2}', {'a': 1, 'b': 2}),
        ('{b: 2, <<: {a: 1, b: 1}}', {'a': 1, 'b': 2}),
        ('<<: [{a: 1}, {a: 2, b: 2}]', {'a': 1, 'b': 2}),
        ('{"<<": {a: 1}}', {'<<': {'a': 1}}),
        ('<<: {<<: {a: 1}, b: 2}', {'a': 1, 'b': 2}),
    ],
)
@pytest.mark.usefixtures('any_parser')
def test_merge_keys(text, data):
    assert load(text).data == data


@pytest.mark.parametrize(
    ('text', 'message', 'line', 'column'),
    [
        ('a: [1\n', 'while parsing a flow sequence', 2, 1),
        ('a\n---\nb', 'expected a single document in the stream', 2, 1),
        ('a: !!python/name:os.system x', 'could not determine a constructor for the tag', 1, 4),
        ('a: !!binary YQ==', 'could not determine a constructor for the tag', 1, 4),
        ('a:\n  b: !!map x', 'could not determine a constructor for the tag', 2, 6),
        ('a: !!seq {}', 'could not determine a constructor for the tag', 1, 4),
        ('a: !!map []', 'could not determine a constructor for the tag', 1, 4),
        ('? [a]\n: 1', 'found unhashable key', 1, 3),
        ('<<: 5', 'expected a mapping or list of mappings for merging', 1, 5),
        ('!!omap [1]', 'expected a list of mappings with one entry each', 1, 1),
        ('a: 0x_', "found '0x_', which is no int", 1, 4),
        ('a: !!bool x', "found 'x', which is no bool", 1, 4),
        (f'a: {"9" * 5000}', 'found a value of more than 1000 characters', 1, 4),
        (f'a: {"1:" * 5000}1', 'found a value of more than 1000 characters', 1, 4),
        ('a: "\\ud800"', 'found half of a surrogate pair', 1, 4),
        ('a: \n b: \x07', 'unacceptable character #x0007', 2, 5),
        ('a: "\\UFFFFFFFF"', '', None, None),
        ('a: \ud800', 'unacceptable character #xd800', 1, 4),
    ],
)
@pytest.mark.usefixtures('any_parser')
def test_what_is_no_yaml_is_refused_with_its_place(text, message, line, column):
    with pytest.raises(DSLParsingException, match=r'^Definition could not be parsed: ') as caught:
        load(text)
    [problem] = caught.value.problems
    assert message in problem.message
    assert problem.message.endswith('\n')
    assert (problem.line, problem.column) == (line, column)


@pytest.mark.parametrize('unit', ['[', '{a: ', '- ', '? '])
@pytest.mark.usefixtures('any_parser')
def test_deep_nesting_is_refused(unit):
    with pytest.raises(DSLParsingException, match=f'nested deeper than {MAX_DEPTH} levels'):
        load(unit * 5000)


@pytest.mark.usefixtures('any_parser')
def test_nesting_up_to_the_limit_is_read():
    value = load('[' * MAX_DEPTH + ']' * MAX_DEPTH).data
    for _ in range(MAX_DEPTH - 1):
        [value] = value
    assert value == []


@pytest.mark.usefixtures('any_parser')
def test_places_of_entries():
    document = load("a: 'é'\nb:\n  - x\n  - {c: 1}\nd: {<<: {e: 1}}\n")

    def place(*path):
        span = document.span(path)
        return (span.start.line, span.start.column)

    assert place('b') == (1, 0)
    assert place('b', 0) == (2, 4)
    assert place('b', 1, 'c') == (3, 5)
    assert place('d', 'e') == (4, 9)
    assert place('b', 5) == (1, 0), 'the closest place on the way'
    assert document.span(('zz',)) is None


def test_keys_that_are_no_texts_become_json_keys():
    document = load('{1: {true: [{~: a}]}, 1.5: b}')
    assert document.has_other_keys
    assert document.with_text_keys().data == {'1': {'true': [{'null': 'a'}]}, '1.5': 'b'}


def test_texts_without_other_keys_stay_as_they_are():
    document = load('{a: {b: 1}}')
    assert document.with_text_keys() is document


_plain = st.text(st.characters(codec='utf-8', exclude_categories=['Cc', 'Cs']), max_size=20)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _plain,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_plain, inner, max_size=4),
    max_leaves=20,
)


@given(_values)
def test_reads_what_pyyaml_writes(value):
    assert load(yaml.safe_dump(value, allow_unicode=True)).data == value


@given(st.text(st.sampled_from('ab:-?[]{},&*!|>\'"%@`#<= \n\t01\x85\u2028'), max_size=30))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(DSLParsingException):
        load(text)
