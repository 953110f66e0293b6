"""The operations that `yaql_plain` computes itself, on the types where their outcome is known.

Every operation takes values and returns what YAQL would, or raises GiveUp.
"""

from collections.abc import Callable, Mapping
from operator import add, eq, ge, gt, le, lt, mod, mul, ne, neg, not_, pos, sub
from typing import Any, Final, TypeAlias

from mistral.expressions.views import FrozenMap, freeze

Operation: TypeAlias = Callable[..., Any]

SCALARS: Final = frozenset({str, int, float, bool, type(None)})

_NUMBERS: Final = frozenset({int, float})

#: Larger operands go to YAQL, which checks the size of results.
_MAX_INTEGER: Final = 2**53
_MAX_TEXT_LENGTH: Final = 10_000


class GiveUp(Exception):
    """The operation needs YAQL itself."""


class LazyList:
    """A list of the context that has not been made a tuple yet."""

    __slots__ = ('items',)

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)


def _item(collection: Any, key: Any) -> Any:
    """`map.key`, `map[key]`, `list[index]`."""
    kind = type(collection)
    try:
        if kind is FrozenMap and type(key) in SCALARS:
            return _from_context(collection.source[key])
        if kind is LazyList and type(key) is int:
            return _from_context(collection.items[key])
        if kind in (tuple, list) and type(key) is int:
            return collection[key]
        if isinstance(collection, Mapping) and type(key) in SCALARS:
            return collection[key]
    except LookupError:
        pass
    raise GiveUp


def _from_context(value: Any) -> Any:
    """A value of the context, converted as little as possible."""
    if type(value) in SCALARS:
        return value
    if type(value) is list:
        return LazyList(value)
    if isinstance(value, Mapping):
        return freeze(value)
    raise GiveUp


def _get(collection: Any, key: Any, default: Any = None) -> Any:
    """`map.get(key, default)`, `map[key, default]`."""
    if not isinstance(collection, Mapping) or type(key) not in SCALARS:
        raise GiveUp
    return _item(collection, key) if key in collection else default


def _length(collection: Any) -> int:
    if isinstance(collection, LazyList | str | tuple | list | Mapping):
        return len(collection)
    raise GiveUp


def _signed(operation: Operation) -> Operation:
    def compute(value: Any) -> Any:
        if type(value) in _NUMBERS:
            return operation(value)
        raise GiveUp

    return compute


def _equality(operation: Operation) -> Operation:
    def compute(left: Any, right: Any) -> Any:
        if type(left) in SCALARS and type(right) in SCALARS:
            return operation(left, right)
        raise GiveUp

    return compute


def _comparison(operation: Operation) -> Operation:
    def compute(left: Any, right: Any) -> Any:
        if (type(left) in _NUMBERS and type(right) in _NUMBERS) or (
            type(left) is str and type(right) is str
        ):
            return operation(left, right)
        raise GiveUp

    return compute


def _arithmetic(operation: Operation) -> Operation:
    def compute(left: Any, right: Any) -> Any:
        if not (_is_small_number(left) and _is_small_number(right)):
            raise GiveUp
        try:
            return operation(left, right)
        except ArithmeticError:
            raise GiveUp from None

    return compute


def _is_small_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and -_MAX_INTEGER < value < _MAX_INTEGER)


def _divide(left: Any, right: Any) -> Any:
    both_integers = type(left) is int and type(right) is int
    return left // right if both_integers else left / right


_add_numbers: Final = _arithmetic(add)


def _add(left: Any, right: Any) -> Any:
    if type(left) is str and type(right) is str and len(left) + len(right) < _MAX_TEXT_LENGTH:
        return left + right
    return _add_numbers(left, right)


UNARY: Final[Mapping[str, Operation]] = {'not': not_, '-': _signed(neg), '+': _signed(pos)}

BINARY: Final[Mapping[str, Operation]] = {
    '=': _equality(eq),
    '!=': _equality(ne),
    '<': _comparison(lt),
    '>': _comparison(gt),
    '<=': _comparison(le),
    '>=': _comparison(ge),
    '+': _add,
    '-': _arithmetic(sub),
    '*': _arithmetic(mul),
    '/': _arithmetic(_divide),
    'mod': _arithmetic(mod),
}

#: By name, and by the number of arguments including the receiver. A plain name after a dot is `.`,
#: brackets are `#indexer`.
METHODS: Final[Mapping[str, Mapping[int, Operation]]] = {
    '.': {2: _item},
    '#indexer': {2: _item, 3: _get},
    'get': {2: _get, 3: _get},
    'len': {1: _length},
}
