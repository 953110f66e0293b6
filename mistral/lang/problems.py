"""Collects everything that is wrong with a document and says where it is."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from mistral.exceptions import DSLParsingException, InvalidModelException, Problem
from mistral.lang.shapes import Shape, in_order
from mistral.lang.yaml_loader import Document, Path

_PLAIN_KEY: Final = re.compile(r'[\w-]+')

#: Problems in a message besides the first one.
_MAX_LISTED: Final = 20

_SCHEMA_PREFIX: Final = 'Invalid DSL: '


class ExpressionChecker(Protocol):
    """The expression languages, as far as a definition needs them (`mistral.expressions`)."""

    def is_expression(self, text: str) -> bool:
        """Tell whether the text holds an expression of any language."""

    def validate(self, text: str) -> None:
        """Raise ExpressionGrammarException if an expression in the text is not well formed."""


class Report:
    """The problems of one document, in the order in which they are found."""

    def __init__(
        self, document: Document, expressions: ExpressionChecker, *, is_strict: bool = False
    ) -> None:
        self.expressions = expressions
        self.is_strict = is_strict
        self._document = document
        self._problems: list[Problem] = []
        self._errors: list[type[DSLParsingException]] = []

    def add(
        self, path: Path, message: str, hint: str | None, error: type[DSLParsingException]
    ) -> None:
        span = self._document.span(path)
        line, column = (span.start.line + 1, span.start.column + 1) if span else (None, None)
        self._problems.append(Problem(message, path_text(path), line, column, hint))
        self._errors.append(error)

    def raise_if_any(self) -> None:
        """Raise one DSLParsingException with all problems.

        It is of the class that fits the problems (YaqlGrammarException, InvalidModelException
        ...) if they are all of a kind.
        """
        if self._problems:
            kinds = set(self._errors)
            error = kinds.pop() if len(kinds) == 1 else DSLParsingException
            raise error(summary(self._problems), self._problems)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the document that is being checked."""

    report: Report
    path: Path = ()

    def at(self, *keys: Any) -> 'Place':
        return Place(self.report, (*self.path, *keys))

    def problem(
        self,
        message: str,
        hint: str | None = None,
        error: type[DSLParsingException] = DSLParsingException,
    ) -> None:
        self.report.add(self.path, message, hint, error)

    def mismatch(self, reason: str, hint: str | None = None) -> None:
        self.problem(f'{_SCHEMA_PREFIX}{reason}', hint, InvalidModelException)

    def check_extensions(self, raw: Mapping[str, Any], keys: Iterable[str]) -> None:
        """Report these keys of a mapping where only the language of Mistral 23 is allowed."""
        if not self.report.is_strict:
            return
        for key in keys:
            if key in raw:
                self.at(key).problem(
                    f"'{key}' is an extension of the workflow language, and strict_language"
                    ' is set.',
                    'Leave it out, or set [engine] strict_language = False.',
                    InvalidModelException,
                )

    def fits(self, value: Any, shape: Shape) -> bool:
        """Report every way in which the value does not have the shape."""
        mismatches = in_order(list(shape(value)))
        for mismatch in mismatches:
            key = () if mismatch.key is None else (mismatch.key,)
            self.at(*mismatch.path, *key).mismatch(mismatch.reason, mismatch.hint)
        return not mismatches

    def check_expressions(self, value: Any) -> None:
        """Report the malformed expressions in all texts of the value (keys are never evaluated)."""
        for path, text in _texts(value):
            expressions = self.report.expressions
            try:
                if expressions.is_expression(text):
                    expressions.validate(text)
            except DSLParsingException as error:
                self.at(*path).problem(str(error), error=type(error))


def _texts(value: Any) -> Iterable[tuple[Path, str]]:
    """The texts inside of the value, in the order of the document, without recursion."""
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            waiting += [((*path, key), entry) for key, entry in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, i), value[i]) for i in reversed(range(len(value)))]


def path_text(path: Path) -> str:
    """A path as people write it: wf.tasks.t1.on-success[0]."""
    parts = []
    for key in path:
        if isinstance(key, str) and _PLAIN_KEY.fullmatch(key):
            parts.append(f'.{key}')
        else:
            parts.append(f'[{key!r}]')
    return ''.join(parts).removeprefix('.')


def summary(problems: list[Problem]) -> str:
    """The message of an error with these problems.

    It begins with the text of the first one, which clients may match on. A single problem that is
    not about the shape of the document is that text alone.
    """
    first, *others = problems
    if not others and not first.message.startswith(_SCHEMA_PREFIX):
        return first.message
    where = place_text(first)
    lines = [first.message, '', ' '.join(filter(None, [where and f'At {where}.', first.hint]))]
    if others:
        lines += ['', 'Other problems:']
        lines += [_listed(problem) for problem in others[:_MAX_LISTED]]
    if len(others) > _MAX_LISTED:
        lines.append(f'... and {len(others) - _MAX_LISTED} more')
    return '\n'.join(lines).rstrip()


def _listed(problem: Problem) -> str:
    text = f'{place_text(problem)}: {problem.message}'.removeprefix(': ')
    return f'{text.removesuffix(".")}. {problem.hint}' if problem.hint else text


def place_text(problem: Problem) -> str:
    position = f'line {problem.line}, column {problem.column}' if problem.line else ''
    if not problem.path:
        return position
    return f'{position} ({problem.path})' if position else problem.path
