"""Regular expressions that stop in time.

`re` holds the interpreter until a search ends, and some searches would take years. So patterns are
made and checked by `re`, but searched for by the package `regex`, which can be stopped and lets
other threads go on.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final, TypeVar

import regex

from mistral.expressions.budget import Budget, EvaluationMemoryError
from mistral.expressions.pattern_translation import Translation, translate

_T = TypeVar('_T')

#: Nodes of the largest pattern, about 300 bytes each, and of those that are kept.
_MAX_NODES: Final = 100_000
_MAX_KEPT_NODES: Final = 1000

#: Seconds of a search that does not let other threads go on: to stop for them takes longer.
_GLANCE: Final = 0.005

#: Seconds of a search at least: `regex` counts the time of all threads together.
_SHORTEST: Final = 0.05


class BoundedPattern:
    """A pattern of `re` with those of its methods that YAQL uses, bounded by a budget."""

    def __init__(self, pattern: re.Pattern[str], budget: Budget) -> None:
        self._source = pattern
        self._budget = budget
        self._pattern = _compile(pattern)

    def search(self, text: str) -> Any:
        return self._bounded(lambda **limits: self._pattern.search(text, **limits))

    def finditer(self, text: str) -> Iterator[Any]:
        found = 0
        matches: Iterator[Any] = iter(())

        def restart(**limits: Any) -> Any:
            nonlocal matches
            matches = islice(self._pattern.finditer(text, **limits), found, None)
            return next(matches, None)

        match = self._bounded(restart)
        while match is not None:
            yield match
            found += 1
            try:
                match = next(matches, None)
            except TimeoutError:
                match = self._bounded(restart)

    def split(self, text: str, max_split: int = 0) -> list[Any]:
        parts: list[Any] = self._bounded(
            lambda **limits: self._pattern.split(text, max_split, **limits)
        )
        return parts

    def sub(self, replacement: str | Callable[[Any], str], text: str, count: int = 0) -> str:
        if isinstance(replacement, str):
            self._source.sub(replacement, '')  # raises an error for what only `regex` would take
        result: str = self._bounded(
            lambda **limits: self._pattern.sub(replacement, text, count, **limits)
        )
        return result

    def _bounded(self, search: Callable[..., _T]) -> _T:
        self._budget.check_time()
        try:
            return search(timeout=_GLANCE, concurrent=False)
        except TimeoutError:
            pass
        while True:
            timeout = max(self._budget.time_left(), _SHORTEST)
            try:
                return search(timeout=timeout, concurrent=True)
            except TimeoutError:
                self._budget.check_time()


def _compile(pattern: re.Pattern[str]) -> Any:
    translation = _translation(pattern)
    if translation.size > _MAX_NODES:
        raise EvaluationMemoryError
    if translation.size > _MAX_KEPT_NODES:
        return _build(translation.text)
    return _build_cached(translation.text)


@lru_cache(512)
def _translation(pattern: re.Pattern[str]) -> Translation:
    return translate(pattern)


def _build(text: str) -> Any:
    # Its own cache would keep patterns of any size.
    return regex.compile(text, cache_pattern=False)


_build_cached: Final = lru_cache(512)(_build)
