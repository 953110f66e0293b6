"""How texts find their language, and data is walked through."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from mistral.exceptions import (
    ConfigurationError,
    DBError,
    EvaluationException,
    ExpressionGrammarException,
    YaqlEvaluationException,
)
from mistral.expressions import ExpressionOptions, Expressions, evaluation
from mistral.expressions.base import Evaluator
from mistral.expressions.jinja_expression import InlineJinjaEvaluator
from mistral.expressions.yaql_expression import InlineYAQLEvaluator
from mistral.tests.unit.expressions.conftest import FUNCTIONS, FakeScope, build_expressions


class ShoutEvaluator(Evaluator):
    """A language as a plugin brings it: class methods, and no scope."""

    find_expression_pattern = re.compile(r'!!.*?!!')

    @classmethod
    def validate(cls, expression: str) -> None:
        if '?' in expression:
            raise ExpressionGrammarException('no questions')

    @classmethod
    def evaluate(cls, expression: str, context: Mapping[str, Any]) -> Any:
        return context[expression.strip('!')].upper()

    @classmethod
    def is_expression(cls, text: str) -> bool:
        return cls.find_expression_pattern.search(text) is not None


def test_lists_and_mappings_are_copied_with_their_texts_evaluated(
    expressions: Expressions, context: dict[str, Any]
) -> None:
    data = {
        '<% $.x %>': ['<% $.x %>', {'deep': ('{{ _.s }}', 'plain')}],
        'other': [None, True, 1.5, 7],
        'view': MappingProxyType({'k': '<% 1 %>'}),
    }
    assert expressions.evaluate(data, context) == {
        '<% $.x %>': [5, {'deep': ['str', 'plain']}],
        'other': [None, True, 1.5, 7],
        'view': {'k': 1},
    }
    assert data['<% $.x %>'] == ['<% $.x %>', {'deep': ('{{ _.s }}', 'plain')}]


def test_expressions_are_evaluated_in_an_empty_context(expressions: Expressions) -> None:
    assert expressions.evaluate(['<% 1 + 2 %>', '{{ 1 + 2 }}'], {}) == [3, 3]


def test_results_are_not_evaluated_again(expressions: Expressions, context: dict[str, Any]) -> None:
    assert expressions.evaluate('<% $.a %>', context) == '<% $.x %>'


def test_languages_must_not_be_mixed(expressions: Expressions) -> None:
    with pytest.raises(ExpressionGrammarException) as error:
        expressions.validate('<% $.x %> {{ _.x }}')
    assert str(error.value) == (
        "The line already contains an expression of type 'jinja'. "
        'Mixing expression types in a single line is not allowed.'
    )


def test_plain_text_is_valid(expressions: Expressions) -> None:
    expressions.validate('no expression, 100 % plain {text}')


def test_disabled_language() -> None:
    expressions = build_expressions(ExpressionOptions(allowed_languages=('yaql',)))
    message = "The 'jinja' expression language is disabled by the operator."
    assert expressions.is_expression('{{ 1 }}')
    with pytest.raises(ExpressionGrammarException) as invalid:
        expressions.validate('{{ 1 }}')
    with pytest.raises(EvaluationException) as failed:
        expressions.evaluate(['{{ 1 }}'], {})
    assert (str(invalid.value), str(failed.value)) == (message, message)
    assert expressions.evaluate('<% 1 %>', {}) == 1


def test_allowed_language_without_evaluator() -> None:
    with pytest.raises(ConfigurationError, match=r'languages lua, tcl of .* Installed: yaql'):
        Expressions({'yaql': InlineYAQLEvaluator()}, ['yaql', 'tcl', 'lua'])


def test_long_texts_are_evaluated_too(expressions: Expressions, context: dict[str, Any]) -> None:
    padding = '.' * 20_000
    assert expressions.evaluate(f'<% $.x %>{padding}', context) == f'5{padding}'
    assert expressions.evaluate(f'<% {"1 + " * 10}{" " * 20_000}1 %>', context) == 11
    assert expressions.evaluate(f'{{{{ _.x }}}}{padding}', context) == f'5{padding}'
    assert expressions.evaluate(padding, context) == padding


def test_languages_and_functions_are_found_by_entry_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def double(context: Mapping[str, Any], number: int) -> int:
        return 2 * number

    installed = {
        'mistral.expression.evaluators': {
            'yaql': InlineYAQLEvaluator,
            'jinja': InlineJinjaEvaluator,
            'shout': ShoutEvaluator,
        },
        'mistral.expression.functions': {'double': double, **FUNCTIONS},
    }
    monkeypatch.setattr(
        evaluation,
        'ExtensionManager',
        lambda namespace: [
            SimpleNamespace(name=name, plugin=plugin)
            for name, plugin in installed[namespace].items()
        ],
    )
    options = ExpressionOptions(allowed_languages=('yaql', 'jinja', 'shout'), limit_iterators=3)
    expressions = Expressions.load(options)

    texts = ['<% double($.n) %>', '{{ double(_.n) }}', '{{ _.n | double }}', '!!name!!']
    assert expressions.evaluate(texts, {'n': 2, 'name': 'ann'}) == [4, 4, 4, 'ANN']
    with pytest.raises(YaqlEvaluationException, match='Collection length exceeds 3 elements'):
        expressions.evaluate('<% range(4) %>', {})
    with pytest.raises(ExpressionGrammarException, match='no questions'):
        expressions.validate('!!what?!!')


def test_evaluators_are_shared_between_threads() -> None:
    expressions = build_expressions()
    texts = [f'<% $.n + {n}{" " * spaces} %>' for n in range(50) for spaces in range(3)]
    with ThreadPoolExecutor(4) as pool:
        values = list(pool.map(lambda text: expressions.evaluate(text, {'n': 1}), texts * 2))
    assert values == [1 + n for n in range(50) for _ in range(3)] * 2


@pytest.mark.parametrize('text', ['<% task().id %>', '<% str(task()) %>', '{{ task().id }}'])
def test_errors_of_the_database_pass_through(text: str, expressions: Expressions) -> None:
    class BrokenScope(FakeScope):
        def task(self, name: str | None = None) -> Mapping[str, Any] | None:
            raise DBError('connection lost')

    with pytest.raises(DBError, match=r'^connection lost$'):
        expressions.evaluate(text, {}, BrokenScope())


@pytest.mark.parametrize('text', ['<% task().id %>', '{{ task().id }}'])
def test_functions_about_executions_need_one(text: str, expressions: Expressions) -> None:
    with pytest.raises(
        EvaluationException, match=r'error=task\(\) can be used only within a workflow execution\]'
    ):
        expressions.evaluate(text, {})
