"""Settings of the expression languages."""

from dataclasses import dataclass
from typing import Final

from mistral.exceptions import DBError

#: Items of one collection, when `limit_iterators` sets no limit.
DEFAULT_MAX_ITEMS: Final = 1_000_000

#: Bytes of one value, when `memory_quota` sets no limit.
DEFAULT_MAX_BYTES: Final = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ExpressionOptions:
    """Options of the groups [expressions] and [yaql], with the same names and defaults.

    An expression that would run away is stopped even where the options set no limit (-1). The
    ceilings are far above what a workflow can store: a million items in a collection, 100 MiB in a
    value, `time_limit` for an evaluation. All of them are checked at the places where an evaluation
    can grow (function calls, loops, repetition of text, powers, searches, the result), so it takes
    neither threads nor signals.

    Results are data that JSON can hold, whatever the options; `convert_output_data` and its two
    companions show where a YAQL value becomes part of a larger text.
    """

    allowed_languages: tuple[str, ...] = ('yaql', 'jinja')
    limit_iterators: int = -1
    memory_quota: int = -1
    convert_input_data: bool = True
    convert_output_data: bool = True
    convert_tuples_to_lists: bool = True
    convert_sets_to_lists: bool = False
    iterable_dicts: bool = False
    keyword_operator: str = '=>'
    allow_delegates: bool = False
    time_limit: float = 10.0
    """Seconds of processor time for one evaluation."""
    transparent_errors: tuple[type[Exception], ...] = (DBError,)
    """Errors that say nothing about the expression, such as a lost database connection while
    `task()` reads: they pass through evaluators as they are, so that the caller can try again."""

    @property
    def max_items(self) -> int:
        return self.limit_iterators if self.limit_iterators >= 0 else DEFAULT_MAX_ITEMS

    @property
    def max_bytes(self) -> int:
        return self.memory_quota if self.memory_quota > 0 else DEFAULT_MAX_BYTES


DEFAULT_OPTIONS: Final = ExpressionOptions()
