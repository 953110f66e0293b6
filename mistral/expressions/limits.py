"""Operations of both languages that could build a value much larger than their operands.

They are refused before they start, with EvaluationMemoryError or OverflowError.
"""

from collections.abc import Iterable, Mapping, Set
from typing import Any, Final

from mistral.expressions.budget import Budget

#: Bits of an integer; far more than can be stored.
_MAX_INTEGER_BITS: Final = 1_000_000

#: Bytes that a list takes for each item.
_POINTER_SIZE: Final = 8


def check_integer_bits(bits: int) -> None:
    if bits > _MAX_INTEGER_BITS:
        raise OverflowError(f'the result is an integer of more than {_MAX_INTEGER_BITS} bits')


def check_product(left: Any, right: Any, budget: Budget) -> None:
    if isinstance(left, int):
        left, right = right, left
    if isinstance(left, str | list | tuple) and isinstance(right, int):
        item_size = 1 if isinstance(left, str) else _POINTER_SIZE
        budget.check_bytes(len(left) * right * item_size)
    elif isinstance(left, int) and isinstance(right, int):
        check_integer_bits(left.bit_length() + right.bit_length())


def check_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0:
        check_integer_bits(base.bit_length() * exponent)


def check_extent(value: Any, budget: Budget) -> None:
    """Count the items of a collection and of the collections in it."""
    if isinstance(value, Mapping):
        budget.charge_result(len(value))
        for item in value.values():
            check_extent(item, budget)
    elif isinstance(value, list | tuple | Set):
        budget.charge_result(len(value))
        for item in value:
            check_extent(item, budget)


def join(separator: str, texts: Iterable[str], budget: Budget) -> str:
    parts = []
    length = 0
    for text in texts:
        length += len(text) + len(separator)
        budget.check_bytes(length)
        parts.append(text)
    return separator.join(parts)


def replace(text: str, old: str, new: str, count: int, budget: Budget) -> str:
    check_replace(text, old, new, count, budget)
    return text.replace(old, new, count)


def check_replace(text: str, old: str, new: str, count: int, budget: Budget) -> None:
    found = text.count(old) if count < 0 else min(count, text.count(old))
    budget.check_bytes(len(text) + found * (len(new) - len(old)))
