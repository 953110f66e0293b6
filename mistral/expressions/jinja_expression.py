"""Jinja expressions in texts: `{{ _.name }}` and whole templates."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final, Self

from jinja2 import Template, TemplateSyntaxError
from jinja2.utils import consume

from mistral.exceptions import JinjaEvaluationException, JinjaGrammarException
from mistral.expressions import limits
from mistral.expressions.base import (
    EVALUATION,
    ConfiguredEvaluator,
    Evaluation,
    ExpressionFunction,
    Scope,
)
from mistral.expressions.budget import Budget
from mistral.expressions.data import to_json
from mistral.expressions.jinja_environment import RESULT, WorkflowEnvironment
from mistral.expressions.options import DEFAULT_OPTIONS, ExpressionOptions
from mistral.expressions.views import view_of, workflow_variables

_BLOCK_PATTERN: Final = re.compile(r'({%(.*?)%})')

#: Texts that are kept compiled.
_CACHE_SIZE: Final = 1024

#: Characters of the longest text that is kept.
_MAX_CACHED_LENGTH: Final = 10_000

#: Computes the value of a text from its variables and the budget.
_Program = Callable[[dict[str, Any], Budget], Any]


class InlineJinjaEvaluator(ConfiguredEvaluator):
    """Evaluates texts that are Jinja. Safe to share between threads.

    A text that is one `{{ }}` and nothing else keeps the type of its value; others are rendered.
    """

    find_expression_pattern: ClassVar[re.Pattern[str]] = re.compile(r'({{(.*?)}})')

    def __init__(
        self,
        options: ExpressionOptions = DEFAULT_OPTIONS,
        functions: Mapping[str, ExpressionFunction] | None = None,
    ) -> None:
        self._options = options
        self._environment = WorkflowEnvironment(functions or {})
        self._compile: Callable[[str], _Program] = lru_cache(_CACHE_SIZE)(self._compile_new)

    @classmethod
    def configure(
        cls, options: ExpressionOptions, functions: Mapping[str, ExpressionFunction]
    ) -> Self:
        return cls(options, functions)

    def is_expression(self, text: str) -> bool:
        patterns = (self.find_expression_pattern, _BLOCK_PATTERN)
        return any(pattern.search(text) for pattern in patterns)

    def validate(self, expression: str) -> None:
        try:
            self._environment.parse(expression)
        except TemplateSyntaxError as error:
            raise JinjaGrammarException(f"Syntax error '{error.message}'.") from error

    def evaluate(self, expression: str, context: Any, scope: Scope | None = None) -> Any:
        budget = Budget(self._options)
        known = workflow_variables(context)
        environment = known.get('__env')
        variables = {
            **self._environment.globals,
            '_': view_of(context),
            '__env': {} if environment is None else environment,
            '__execution': known.get('__execution'),
            '__task_execution': known.get('__task_execution'),
            EVALUATION: Evaluation(scope, budget),
        }
        try:
            is_short = len(expression) <= _MAX_CACHED_LENGTH
            program = self._compile(expression) if is_short else self._compile_new(expression)
            return program(variables, budget)
        except self._options.transparent_errors:
            raise
        except MemoryError as error:
            raise JinjaEvaluationException(
                'Expression evaluation exceeded the available memory '
                f'[expression={self._inner_text(expression) or expression}]'
            ) from error
        except Exception as error:
            cause = error.message if isinstance(error, TemplateSyntaxError) else error
            raise JinjaEvaluationException(
                f'Can not evaluate Jinja expression [expression={expression}, error={cause}]'
            ) from error

    def _inner_text(self, text: str) -> str | None:
        """What stands between the delimiters of a text that is one expression."""
        match = self.find_expression_pattern.match(text)
        return match.group(2).strip() if match and match.end() == len(text) else None

    def _compile_new(self, text: str) -> _Program:
        inner = self._inner_text(text)
        if inner is not None:
            return self._value_program(self._environment.from_expression(inner))
        return self._text_program(self._environment.from_string(text))

    def _value_program(self, template: Template) -> _Program:
        def run(variables: dict[str, Any], budget: Budget) -> Any:
            context = template.new_context(variables, shared=True)
            consume(template.root_render_func(context))
            return to_json(context.vars[RESULT], budget)

        return run

    def _text_program(self, template: Template) -> _Program:
        def run(variables: dict[str, Any], budget: Budget) -> str:
            context = template.new_context(variables, shared=True)
            return limits.join('', template.root_render_func(context), budget)

        return run
