"""Long lists of values in parts that every database takes in one statement."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

_T = TypeVar('_T')

CHUNK: Final = 500


def chunks(values: Sequence[_T], size: int = CHUNK) -> Iterator[Sequence[_T]]:
    """Cut a sequence into parts of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
