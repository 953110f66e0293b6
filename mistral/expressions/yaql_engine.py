"""YAQL as the service uses it: one parser and one library of functions for all evaluations."""

# yaql itself expects that somebody has imported this module.
import collections.abc  # noqa: F401
from collections.abc import Mapping
from threading import Lock
from typing import Any

import yaql
from yaql.language import contexts, conventions

from mistral.expressions import yaql_library, yaql_patterns
from mistral.expressions.base import ExpressionFunction
from mistral.expressions.options import ExpressionOptions


class YaqlEngine:
    """Parses expressions and holds the library context, the parent of all evaluation contexts.

    Safe to share between threads.
    """

    def __init__(
        self, options: ExpressionOptions, functions: Mapping[str, ExpressionFunction]
    ) -> None:
        factory = yaql.YaqlFactory(
            keyword_operator=options.keyword_operator, allow_delegates=options.allow_delegates
        )
        self.engine = factory.create(
            {
                'yaql.limitIterators': options.max_items,
                'yaql.memoryQuota': options.max_bytes,
                'yaql.convertInputData': options.convert_input_data,
                'yaql.iterableDicts': options.iterable_dicts,
            }
        )
        self.library = _library(options, functions)
        self._parser_lock = Lock()

    def parse(self, text: str) -> Any:
        """The syntax tree of an expression; raises yaql's YaqlParsingException among others."""
        with self._parser_lock:
            return self.engine(text).expression


def _library(
    options: ExpressionOptions, functions: Mapping[str, ExpressionFunction]
) -> contexts.ContextBase:
    """YAQL's functions, then ours with parameters in snake_case, then the same in camelCase.

    A call takes the overload of the last layer that its arguments fit.
    """
    standard = yaql.create_context(delegates=options.allow_delegates)
    snake_case = contexts.Context(standard, convention=conventions.PythonConvention())
    camel_case = contexts.Context(snake_case, convention=conventions.CamelCaseConvention())
    yaql_library.register(camel_case, options)
    yaql_patterns.register(camel_case)
    for name, function in functions.items():
        snake_case.register_function(function, name=name)
        camel_case.register_function(function, name=name)
    return camel_case
