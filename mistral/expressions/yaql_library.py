"""Functions of YAQL's standard library that are replaced, under the names they have there.

They give the same results, with three differences: sets and keys stay in order, what could grow
without bounds is stopped, and looking up a key in every item of a list is fast.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any, Final, Self, TypeVar

from yaql.language import contexts, specs, utils, yaqltypes

from mistral.expressions import limits
from mistral.expressions.base import EVALUATION, Evaluation
from mistral.expressions.budget import Budget
from mistral.expressions.options import ExpressionOptions

_F = TypeVar('_F', bound=Callable[..., Any])


class OrderedSet(frozenset[Any]):
    """A set that keeps the order in which its members came."""

    _order: tuple[Any, ...]

    def __new__(cls, members: Iterable[Any] = ()) -> Self:
        order = dict.fromkeys(members)
        self = super().__new__(cls, order)
        self._order = tuple(order)
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(self._order)

    def union(self, *others: Iterable[Any]) -> 'OrderedSet':
        return OrderedSet(member for members in (self, *others) for member in members)

    def intersection(self, *others: Iterable[Any]) -> 'OrderedSet':
        common = super().intersection(*others)
        return OrderedSet(member for member in self if member in common)

    def difference(self, *others: Iterable[Any]) -> 'OrderedSet':
        left = super().difference(*others)
        return OrderedSet(member for member in self if member in left)

    def symmetric_difference(self, other: Iterable[Any]) -> 'OrderedSet':
        others = OrderedSet(other)
        return self.difference(others).union(others.difference(self))

    def __repr__(self) -> str:
        return '{' + ', '.join(map(repr, self._order)) + '}' if self._order else 'set()'


def yaql_function(
    name: str, *, is_method: bool = False, is_function: bool = False, **parameters: Any
) -> Callable[[_F], _F]:
    """Give a function its name and the types of its parameters in YAQL."""

    def decorate(function: _F) -> _F:
        specs.name(name)(function)
        for parameter, kind in parameters.items():
            hidden = isinstance(kind, yaqltypes.HiddenParameterType)
            (specs.inject if hidden else specs.parameter)(parameter, kind)(function)
        if is_method:
            (specs.extension_method if is_function else specs.method)(function)
        return function

    return decorate


def budget_of(context: contexts.ContextBase) -> Budget:
    evaluation: Evaluation = context[EVALUATION]
    return evaluation.budget


@yaql_function('toSet', is_method=True, collection=yaqltypes.Iterable())
def _to_set(collection: Iterable[Any]) -> OrderedSet:
    return OrderedSet(collection)


@yaql_function('add', is_method=True, members=utils.SetType)
def _set_add(members: Set[Any], *values: Any) -> OrderedSet:
    return OrderedSet([*members, *values])


@yaql_function(
    '#operator_.',
    collection=yaqltypes.Iterable(),
    attribute=yaqltypes.Keyword(expand=False),
    operator=yaqltypes.Delegate('#operator_.'),
)
def _property_of_each(collection: Iterable[Any], attribute: Any, operator: Any) -> Iterator[Any]:
    key = attribute.value
    return (
        item[key] if isinstance(item, Mapping) and key in item else operator(item, attribute)
        for item in collection
    )


@yaql_function('#operator_*', left=yaqltypes.Number(), right=yaqltypes.Number())
def _multiply(left: float, right: float, context: contexts.ContextBase) -> float:
    limits.check_product(left, right, budget_of(context))
    return left * right


@yaql_function('#operator_*', left=yaqltypes.Sequence(), right=int)
def _repeat(left: Any, right: int, context: contexts.ContextBase) -> Any:
    limits.check_product(left, right, budget_of(context))
    return left * right


@yaql_function('#operator_*', left=int, right=yaqltypes.Sequence())
def _repeat_by(left: int, right: Any, context: contexts.ContextBase) -> Any:
    return _repeat(right, left, context)


@yaql_function('pow', a=yaqltypes.Number(), b=yaqltypes.Number(), c=yaqltypes.Number(nullable=True))
def _power(a: Any, b: Any, c: Any = None) -> Any:
    if c is None:
        limits.check_power(a, b)
    return pow(a, b, c)


@yaql_function('shiftBitsLeft', value=int, bits_number=int)
def _shift_left(value: int, bits_number: int) -> int:
    limits.check_integer_bits(value.bit_length() + bits_number)
    return value << bits_number


@yaql_function(
    'replace',
    is_method=True,
    string=yaqltypes.String(),
    old=yaqltypes.String(),
    new=yaqltypes.String(),
    count=int,
)
def _replace(
    string: str, old: str, new: str, context: contexts.ContextBase, count: int = -1
) -> str:
    return limits.replace(string, old, new, count, budget_of(context))


@yaql_function(
    'replace',
    is_method=True,
    string=yaqltypes.String(),
    replacements=utils.MappingType,
    count=int,
    to_text=yaqltypes.Delegate('str'),
)
def _replace_all(
    string: str,
    replacements: Mapping[Any, Any],
    context: contexts.ContextBase,
    to_text: Any,
    count: int = -1,
) -> str:
    for old, new in replacements.items():
        string = limits.replace(string, to_text(old), to_text(new), count, budget_of(context))
    return string


@yaql_function(
    'join',
    is_method=True,
    sequence=yaqltypes.Iterable(),
    separator=yaqltypes.String(),
    to_text=yaqltypes.Delegate('str'),
)
def _join(
    sequence: Iterable[Any], separator: str, context: contexts.ContextBase, to_text: Any
) -> str:
    return limits.join(separator, map(to_text, sequence), budget_of(context))


@yaql_function(
    'join',
    is_method=True,
    separator=yaqltypes.String(),
    sequence=yaqltypes.Iterable(),
    to_text=yaqltypes.Delegate('str'),
)
def _join_by(
    separator: str, sequence: Iterable[Any], context: contexts.ContextBase, to_text: Any
) -> str:
    return _join(sequence, separator, context, to_text)


@yaql_function('str', value=yaqltypes.PythonType((Mapping, Set, tuple, list), nullable=False))
def _collection_text(value: Any, context: contexts.ContextBase) -> str:
    limits.check_extent(value, budget_of(context))
    return str(value)


@yaql_function('len', is_method=True, is_function=True, collection=utils.IteratorType)
def _length(collection: Iterator[Any], context: contexts.ContextBase) -> int:
    return sum(1 for _ in budget_of(context).bounded(collection))


@yaql_function('flatten', is_method=True, collection=yaqltypes.Iterable())
def _flatten(collection: Iterable[Any], context: contexts.ContextBase) -> Iterator[Any]:
    for item in budget_of(context).bounded(collection):
        if utils.is_iterable(item):
            yield from _flatten(item, context)
        else:
            yield item


_FUNCTIONS: Final = (
    _to_set,
    _set_add,
    _multiply,
    _repeat,
    _repeat_by,
    _power,
    _shift_left,
    _replace,
    _replace_all,
    _join,
    _join_by,
    _collection_text,
    _length,
    _flatten,
)


def register(context: contexts.ContextBase, options: ExpressionOptions) -> None:
    """Put the functions in front of those of the parent context."""
    for function in _FUNCTIONS:
        context.register_function(function)
    if not options.iterable_dicts:  # else a mapping would be taken for a list of its keys
        context.register_function(_property_of_each)
