"""How much one evaluation may use before it is stopped."""

from collections.abc import Iterable, Iterator
from time import thread_time
from typing import Any, Final

from mistral.expressions.options import ExpressionOptions

#: Items of all collections in the result of an evaluation together.
_MAX_RESULT_ITEMS: Final = 5_000_000

_STEPS_PER_CLOCK_READING: Final = 8


class EvaluationLimitError(Exception):
    """An evaluation took too long or met too large a collection."""


class EvaluationMemoryError(MemoryError):
    """An evaluation was about to build too large a value."""

    def __init__(self) -> None:
        super().__init__('Expression consumed too much memory')


class Budget:
    """Counts what one evaluation does. Steps are calls of functions and rounds of loops.

    Raises EvaluationLimitError or EvaluationMemoryError when a limit of the options is passed.
    """

    __slots__ = ('_deadline', '_result_items', '_steps', '_time_limit', 'max_bytes', 'max_items')

    def __init__(self, options: ExpressionOptions) -> None:
        self.max_items = options.max_items
        self.max_bytes = options.max_bytes
        self._time_limit = options.time_limit
        self._deadline: float | None = None
        self._steps = 0
        self._result_items = 0

    def step(self) -> None:
        """Count a step; the clock is read at the first one and then at every few."""
        if self._steps % _STEPS_PER_CLOCK_READING == 0:
            self.check_time()
        self._steps += 1

    def check_time(self) -> None:
        now = thread_time()
        if self._deadline is None:
            self._deadline = now + self._time_limit
        elif now > self._deadline:
            raise EvaluationLimitError(
                f'the evaluation took more than {self._time_limit:g} seconds of processor time'
            )

    def time_left(self) -> float:
        """Seconds of processor time of this thread."""
        return self._time_limit if self._deadline is None else self._deadline - thread_time()

    def check_items(self, count: int) -> None:
        """Refuse a collection of that many items."""
        if count > self.max_items:
            raise EvaluationLimitError(f'Collection length exceeds {self.max_items} elements')

    def check_bytes(self, count: int) -> None:
        """Refuse a value of about that many bytes; call it before the value is built."""
        if count > self.max_bytes:
            raise EvaluationMemoryError

    def charge_result(self, items: int) -> None:
        """Count a collection of the result with that many items; it is a step, too."""
        self.step()
        self.check_items(items)
        self._result_items += items + 1
        if self._result_items > _MAX_RESULT_ITEMS:
            raise EvaluationLimitError(f'The result exceeds {_MAX_RESULT_ITEMS} elements')

    def bounded(self, iterable: Iterable[Any]) -> Iterator[Any]:
        """Pass on the items, each as a step, up to the limit of a collection."""
        for count, item in enumerate(iterable, 1):
            self.check_items(count)
            self.step()
            yield item
