"""Finds the expression languages that are installed, and gives each text to the right one."""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, Final, Self

from stevedore.extension import ExtensionManager

from mistral.exceptions import (
    ConfigurationError,
    EvaluationException,
    ExpressionGrammarException,
)
from mistral.expressions.base import ConfiguredEvaluator, Evaluator, Scope
from mistral.expressions.options import DEFAULT_OPTIONS, ExpressionOptions

_EVALUATORS: Final = 'mistral.expression.evaluators'
_FUNCTIONS: Final = 'mistral.expression.functions'

#: Texts whose language is remembered, and characters of the longest of them.
_CACHE_SIZE: Final = 8192
_MAX_CACHED_LENGTH: Final = 2000


class Expressions:
    """The expression languages of the service. Safe to share between threads.

    Evaluators are asked in the order of their names; the first that recognises a text evaluates it.
    Raises ConfigurationError when a language is allowed for which there is no evaluator.
    """

    def __init__(
        self, evaluators: Mapping[str, Evaluator], allowed_languages: Collection[str]
    ) -> None:
        missing = sorted(set(allowed_languages) - set(evaluators))
        if missing:
            raise ConfigurationError(
                f'No evaluator is installed for the expression languages {", ".join(missing)} of '
                f'[expressions] allowed_languages. Installed: {", ".join(sorted(evaluators))}. '
                f'Install the package with the entry point in {_EVALUATORS}, or remove the name.'
            )
        self._evaluators = dict(sorted(evaluators.items()))
        self._allowed = frozenset(allowed_languages)
        self._language: Callable[[str], str | None] = lru_cache(_CACHE_SIZE)(self._find_language)

    @classmethod
    def load(cls, options: ExpressionOptions = DEFAULT_OPTIONS) -> Self:
        """Build the evaluators and functions of all installed packages."""
        functions = _load(_FUNCTIONS)
        evaluators = {
            name: evaluator.configure(options, functions)
            if isinstance(evaluator, type) and issubclass(evaluator, ConfiguredEvaluator)
            else evaluator
            for name, evaluator in _load(_EVALUATORS).items()
        }
        return cls(evaluators, options.allowed_languages)

    def is_expression(self, text: str) -> bool:
        """Tell whether a text holds an expression, of an allowed language or not."""
        return self._language_of(text) is not None

    def validate(self, text: str) -> None:
        """Check the syntax of a text's expressions; texts without any are fine.

        Raises ExpressionGrammarException, for one language its subclass.
        """
        languages = [
            name for name in self._evaluators if self._evaluators[name].is_expression(text)
        ]
        if len(languages) > 1:
            raise ExpressionGrammarException(
                f"The line already contains an expression of type '{languages[0]}'. "
                'Mixing expression types in a single line is not allowed.'
            )
        for language in languages:
            if language not in self._allowed:
                raise ExpressionGrammarException(_disabled(language))
            self._evaluators[language].validate(text)

    def evaluate(self, data: Any, context: Any, scope: Scope | None = None) -> Any:
        """The data with every text that is an expression evaluated, in lists and mappings too.

        Keys and other values stay as they are, and `data` is not changed. What expressions yield
        can be stored as JSON. `context` may hold `__env`, `__execution` and `__task_execution`; for
        the output of an ad-hoc action it is the result of the base, which can be any value.
        Raises EvaluationException.
        """
        if isinstance(data, str):
            language = self._language_of(data)
            return data if language is None else self._evaluate(language, data, context, scope)
        if isinstance(data, Mapping):
            return {key: self.evaluate(item, context, scope) for key, item in data.items()}
        if isinstance(data, list | tuple):
            return [self.evaluate(item, context, scope) for item in data]
        return data

    def _evaluate(self, language: str, text: str, context: Any, scope: Scope | None) -> Any:
        if language not in self._allowed:
            raise EvaluationException(_disabled(language))
        evaluator = self._evaluators[language]
        if isinstance(evaluator, ConfiguredEvaluator):
            return evaluator.evaluate(text, context, scope)
        return evaluator.evaluate(text, context)

    def _language_of(self, text: str) -> str | None:
        if len(text) > _MAX_CACHED_LENGTH:
            return self._find_language(text)
        return self._language(text)

    def _find_language(self, text: str) -> str | None:
        for name, evaluator in self._evaluators.items():
            if evaluator.is_expression(text):
                return name
        return None


def _load(namespace: str) -> dict[str, Any]:
    """The objects of all entry points in a namespace, by name."""
    manager: ExtensionManager[Any] = ExtensionManager(namespace)
    return {entry.name: entry.plugin for entry in manager}


def _disabled(language: str) -> str:
    return f"The '{language}' expression language is disabled by the operator."
