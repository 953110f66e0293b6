"""Functions of YAQL's standard library that search for regular expressions, with a limit of time.

`regex()` makes a pattern of `re`, as ever; the functions get it as a `BoundedPattern`.
"""

import re
from typing import Any, Final

from yaql.language import contexts, conventions, specs, yaqltypes
from yaql.standard_library import regex as yaql_regex

from mistral.expressions.patterns import BoundedPattern
from mistral.expressions.yaql_library import budget_of, yaql_function


class _Pattern(yaqltypes.PythonType):  # type: ignore[misc]  # yaql has no type hints
    """The type of a parameter that takes a pattern."""

    def __init__(self) -> None:
        super().__init__(re.Pattern, nullable=False)

    def convert(
        self,
        value: Any,
        receiver: Any,
        context: contexts.ContextBase,
        *arguments: Any,
        **named: Any,
    ) -> Any:
        pattern = super().convert(value, receiver, context, *arguments, **named)
        return BoundedPattern(pattern, budget_of(context))


#: Functions that are as they were but for what they search with.
_UNCHANGED: Final = (
    yaql_regex.matches,
    yaql_regex.matches_operator_regex,
    yaql_regex.not_matches_operator_regex,
    yaql_regex.search,
    yaql_regex.search_all,
    yaql_regex.split,
    yaql_regex.split_string,
    yaql_regex.replace_by,
    yaql_regex.replace_by_string,
)


@yaql_function('matches', is_method=True, string=yaqltypes.String(), regexp=yaqltypes.String())
def _matches(string: str, regexp: str, context: contexts.ContextBase) -> bool:
    return BoundedPattern(re.compile(regexp), budget_of(context)).search(string) is not None


@yaql_function('#operator_=~', string=yaqltypes.String(), pattern=yaqltypes.String())
def _matches_operator(string: str, pattern: str, context: contexts.ContextBase) -> bool:
    return _matches(string, pattern, context)


@yaql_function('#operator_!~', string=yaqltypes.String(), pattern=yaqltypes.String())
def _not_matches_operator(string: str, pattern: str, context: contexts.ContextBase) -> bool:
    return not _matches(string, pattern, context)


@yaql_function(
    'replace',
    is_method=True,
    regexp=_Pattern(),
    string=yaqltypes.String(),
    repl=yaqltypes.String(),
    count=int,
)
def _replace_matches(
    regexp: BoundedPattern,
    string: str,
    repl: str,
    context: contexts.ContextBase,
    count: int = 0,
) -> str:
    budget = budget_of(context)
    length = len(string)
    longest_match = len(repl) + length * repl.count('\\')
    if (length + 1) * longest_match <= budget.max_bytes:
        return regexp.sub(repl, string, count)

    def expand(match: Any) -> str:
        nonlocal length
        expanded: str = match.expand(repl)
        length += len(expanded)
        budget.check_bytes(length)
        return expanded

    return regexp.sub(expand, string, count)


@yaql_function(
    'replace',
    is_method=True,
    string=yaqltypes.String(),
    regexp=_Pattern(),
    repl=yaqltypes.String(),
    count=int,
)
def _replace_matches_in(
    string: str,
    regexp: BoundedPattern,
    repl: str,
    context: contexts.ContextBase,
    count: int = 0,
) -> str:
    return _replace_matches(regexp, string, repl, context, count)


_REPLACED: Final = (
    _matches,
    _matches_operator,
    _not_matches_operator,
    _replace_matches,
    _replace_matches_in,
)


def register(context: contexts.ContextBase) -> None:
    """Put the functions in front of those of the parent context."""
    for function in _REPLACED:
        context.register_function(function)
    for function in _UNCHANGED:
        definition = specs.get_function_definition(
            function, convention=conventions.CamelCaseConvention()
        )
        definition.parameters['regexp'].value_type = _Pattern()
        context.register_function(definition)
