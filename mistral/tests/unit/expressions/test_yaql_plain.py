"""The short cut for plain expressions gives what YAQL gives, values and error texts alike."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral.exceptions import YaqlEvaluationException
from mistral.expressions.yaql_expression import InlineYAQLEvaluator
from mistral.tests.unit.expressions.conftest import FUNCTIONS, FakeScope

PLAIN = InlineYAQLEvaluator(functions=FUNCTIONS)
FULL = InlineYAQLEvaluator(functions=FUNCTIONS, plain_lookups=False)

KEYS = st.sampled_from(['a', 'b', 'c', 'len', 'name'])

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([2**53, -(2**60), 10**30, 0.0, -1.5, 2.0, 1e308])
    | st.sampled_from(['', 'a', 'b', '1', 'é'])
)

DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)

CONTEXTS = st.dictionaries(KEYS, DATA, max_size=4).map(
    lambda variables: {**variables, '__env': {'a': 1}, '__versions': {}}
)

LEAVES = st.sampled_from(
    [
        *('$', '$.a', '$.b', '$.c', '$.a.b', '$.a.b.c', '$.missing', '$__env', '$__env.a', '$nope'),
        *('null', 'true', 'false', '0', '1', '2', '-1', '1.5', "''", "'a'", 'a', 'b'),
        *('[]', '[1, $.a]', '{}', '{a => $.b}', '(1)', 'range(2)'),
        *(
            'env()',
            'env().a',
            'task()',
            'task().result',
            'task(b).state',
            'task(nope)',
            'task($.a)',
        ),
        *('global(v)', 'global(nope)', 'execution().id', 'uuid().len()'),
    ]
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = ['+', '-', '*', '/', 'mod', '=', '!=', '<', '>', '<=', '>=', 'and', 'or', 'in', '.']
    calls = ['get({})', 'get(zz, {})', 'len()', 'a', 'name', 'keys()', 'select($.a)', 'any($ = {})']
    return st.one_of(
        st.builds('({} {} {})'.format, inner, st.sampled_from(operators), inner),
        st.builds(
            '{}({})'.format, st.sampled_from(['not ', '-', '+', 'str', 'len', 'bool']), inner
        ),
        st.builds('{}[{}]'.format, inner, inner),
        st.builds('{}[{}, {}]'.format, inner, inner, inner),
        st.builds(
            lambda receiver, dot, call, argument: f'{receiver}{dot}{call.format(argument)}',
            inner,
            st.sampled_from(['.', '?.']),
            st.sampled_from(calls),
            inner,
        ),
        st.builds('let(x => {}) -> ({} = $x)'.format, inner, inner),
    )


EXPRESSIONS = st.recursive(LEAVES, _larger, max_leaves=5)


def outcome(evaluator: InlineYAQLEvaluator, text: str, context: Mapping[str, Any]) -> str:
    """The value with its types, or the error text. Addresses of objects may differ."""
    try:
        return repr(evaluator.evaluate(text, context, FakeScope()))
    except YaqlEvaluationException as error:
        return str(error)


@settings(max_examples=200, deadline=None)
@given(expression=EXPRESSIONS, context=CONTEXTS)
def test_short_cut_and_yaql_agree(expression: str, context: dict[str, Any]) -> None:
    text = f'<% {expression} %>'
    mixed = f'{expression}: <% {expression} %>'
    if ' at 0x' not in outcome(FULL, text, context):
        assert outcome(PLAIN, text, context) == outcome(FULL, text, context)
        assert outcome(PLAIN, mixed, context) == outcome(FULL, mixed, context)


@pytest.mark.parametrize(
    ('expression', 'value'),
    [
        ('def(env, 5) -> env()', 5),
        ('def(task, {result => 1}) -> task().result', 1),
        ('$.items.where($.v > 1 and $.v < 3).select($.v + 1)', [3]),
        ('let(a => 1) -> $.items[$a].v', 2),
        ('[$.items, 1].first()', [{'v': 1}, {'v': 2}]),
        ('str($.items[0])', "{'v': 1}"),
        ('str([$.list])', '((1, 2),)'),
        ('$.list + [3]', [1, 2, 3]),
        ('$.list = [1, 2]', True),
        ('[$.list].contains([1, 2])', True),
    ],
)
def test_plain_parts_within_larger_expressions(expression: str, value: Any) -> None:
    context = {'items': [{'v': 1}, {'v': 2}], 'list': [1, 2]}
    for evaluator in (PLAIN, FULL):
        assert evaluator.evaluate(f'<% {expression} %>', context, FakeScope()) == value


def test_replaced_functions_are_called() -> None:
    def env(context: Mapping[str, Any]) -> str:
        return 'other'

    evaluator = InlineYAQLEvaluator(functions={'env': env})
    assert evaluator.evaluate('<% env() %>', {}) == 'other'


class Recorded(Mapping[str, Any]):
    """A mapping that tells which keys were read."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.read: list[str] = []

    def __getitem__(self, key: str) -> Any:
        self.read.append(key)
        return self.data[key]

    def __iter__(self) -> Any:
        raise AssertionError('the whole mapping was read')

    def __len__(self) -> int:
        return len(self.data)

    def __contains__(self, key: object) -> bool:
        return key in self.data


@pytest.mark.parametrize('evaluator', [PLAIN, FULL])
@pytest.mark.parametrize(
    ('expression', 'read'),
    [
        ('$.a.x + 1', {'a', 'x'}),
        ('$.get(a).x', {'a', 'x'}),
        ('$.a.len()', {'a'}),
        ('$.len()', set()),
        ('[1, 2].select($ * 2)', set()),
    ],
)
def test_only_what_is_touched_is_read(
    evaluator: InlineYAQLEvaluator, expression: str, read: set[str]
) -> None:
    inner = Recorded({'x': 1, 'y': 2})
    context = Recorded({'a': inner, 'b': {}})
    evaluator.evaluate(f'<% {expression} %>', context)
    assert set(context.read) | set(inner.read) == read
