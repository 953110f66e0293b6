"""YAQL expressions in texts: `<% $.name %>`."""

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final, Self, TypeAlias

from yaql.language import exceptions, utils

from mistral.exceptions import YaqlEvaluationException, YaqlGrammarException
from mistral.expressions.base import ConfiguredEvaluator, Evaluation, ExpressionFunction, Scope
from mistral.expressions.budget import Budget
from mistral.expressions.data import to_json
from mistral.expressions.options import DEFAULT_OPTIONS, ExpressionOptions
from mistral.expressions.views import freeze, view_of, workflow_variables
from mistral.expressions.yaql_contexts import WorkflowContext
from mistral.expressions.yaql_engine import YaqlEngine
from mistral.expressions.yaql_library import OrderedSet
from mistral.expressions.yaql_plain import PlainCompiler, PlainNode

#: Texts with expressions, and expressions, that are kept parsed.
_CACHE_SIZE: Final = 4096

#: Characters of the longest text that is kept.
_MAX_CACHED_LENGTH: Final = 10_000

#: Makes a result out of a syntax tree.
_Computation: TypeAlias = Callable[[Any, WorkflowContext], Any]


@dataclass(frozen=True, slots=True)
class _Template:
    """A text cut at its expressions: literals[0], expressions[0], literals[1], ..."""

    literals: tuple[str, ...]
    expressions: tuple[str, ...]

    @property
    def is_bare(self) -> bool:
        """Whether it is one expression and nothing else."""
        return self.literals == ('', '')


class InlineYAQLEvaluator(ConfiguredEvaluator):
    """Evaluates the YAQL expressions in a text. Safe to share between threads.

    With `plain_lookups` off, YAQL evaluates even the simplest expression node by node; the results
    are the same.
    """

    find_expression_pattern: ClassVar[re.Pattern[str]] = re.compile(r'<%.*?%>')

    def __init__(
        self,
        options: ExpressionOptions = DEFAULT_OPTIONS,
        functions: Mapping[str, ExpressionFunction] | None = None,
        plain_lookups: bool = True,
    ) -> None:
        self._options = options
        self._yaql = YaqlEngine(options, functions or {})
        # A mapping that can be iterated, or a quota that values are weighed against, would change
        # what the plain operations do.
        plain = plain_lookups and not options.iterable_dicts and options.memory_quota <= 0
        self._plain = PlainCompiler(functions or {}) if plain else None
        self._parse: Callable[[str], Any] = lru_cache(_CACHE_SIZE)(self._parse_new)
        self._split: Callable[[str], _Template] = lru_cache(_CACHE_SIZE)(self._split_new)

    @classmethod
    def configure(
        cls, options: ExpressionOptions, functions: Mapping[str, ExpressionFunction]
    ) -> Self:
        return cls(options, functions)

    def is_expression(self, text: str) -> bool:
        return self.find_expression_pattern.search(text) is not None

    def validate(self, expression: str) -> None:
        for inner in self._split_new(expression).expressions:
            try:
                self._yaql.parse(inner)
            except (exceptions.YaqlParsingException, ValueError) as error:
                raise YaqlGrammarException(str(error)) from error

    def evaluate(self, expression: str, context: Any, scope: Scope | None = None) -> Any:
        template = (
            self._split(expression)
            if len(expression) <= _MAX_CACHED_LENGTH
            else self._split_new(expression)
        )
        workflow_context = self._context(context, Evaluation(scope, Budget(self._options)))
        if template.is_bare:
            return self._evaluate(template.expressions[0], workflow_context, self._to_json)
        parts = [template.literals[0]]
        for inner, literal in zip(template.expressions, template.literals[1:], strict=True):
            parts.append(self._evaluate(inner, workflow_context, self._to_text))
            parts.append(literal)
        return ''.join(parts)

    def _context(self, context: Any, evaluation: Evaluation) -> WorkflowContext:
        view = view_of(context)
        root = freeze(view) if self._options.convert_input_data else view
        return WorkflowContext(self._yaql.library, workflow_variables(context), root, evaluation)

    def _evaluate(self, inner: str, context: WorkflowContext, compute: _Computation) -> Any:
        text = inner.strip()
        try:
            tree = self._parse(text) if len(text) <= _MAX_CACHED_LENGTH else self._parse_new(text)
            return compute(tree, context)
        except self._options.transparent_errors:
            raise
        except Exception as error:
            cause = error if str(error) or not isinstance(error, MemoryError) else 'out of memory'
            raise YaqlEvaluationException(
                f'Can not evaluate YAQL expression [expression={text}, error={cause}]'
            ) from error

    def _to_json(self, tree: Any, context: WorkflowContext) -> Any:
        if isinstance(tree, PlainNode):
            return to_json(tree.result(context, self._yaql.engine), context.budget)
        return to_json(tree(utils.NO_VALUE, context, self._yaql.engine), context.budget)

    def _to_text(self, tree: Any, context: WorkflowContext) -> str:
        value = tree(utils.NO_VALUE, context, self._yaql.engine)
        if self._options.convert_output_data:
            value = self._to_python(value, context.budget)
        return str(value)

    def _parse_new(self, text: str) -> Any:
        tree = self._yaql.parse(text)
        return tree if self._plain is None else self._plain.rewrite(tree)

    def _split_new(self, text: str) -> _Template:
        literals, expressions, end = [], [], 0
        for match in self.find_expression_pattern.finditer(text):
            literals.append(text[end : match.start()])
            expressions.append(match.group().strip('<%>'))
            end = match.end()
        return _Template((*literals, text[end:]), tuple(expressions))

    def _to_python(self, value: Any, budget: Budget) -> Any:
        """Lists, dicts and sets of Python for those of YAQL, as the options want them."""
        if isinstance(value, str | bytes):
            return value
        if isinstance(value, Mapping):
            budget.charge_result(len(value))
            return {key: self._to_python(item, budget) for key, item in value.items()}
        if not utils.is_iterable(value):
            return value
        items = [self._to_python(item, budget) for item in budget.bounded(value)]
        budget.charge_result(len(items))
        if isinstance(value, tuple) and not self._options.convert_tuples_to_lists:
            return tuple(items)
        if isinstance(value, Set) and not self._options.convert_sets_to_lists:
            return _as_set(items)
        return items


def _as_set(items: list[Any]) -> Set[Any] | list[Any]:
    try:
        return OrderedSet(items)
    except TypeError:  # lists and maps cannot be members
        return items
