"""Refuses operations of Jinja that would make an expression run away.

Everything here raises EvaluationMemoryError, EvaluationLimitError or OverflowError before a value
is built that is much larger than its operands.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from string import Formatter
from typing import Any, Final, TypeAlias

from jinja2 import Undefined, pass_context
from jinja2.filters import FILTERS, make_attrgetter
from jinja2.runtime import Context, markup_join
from jinja2.utils import generate_lorem_ipsum

from mistral.expressions import limits
from mistral.expressions.base import EVALUATION, Evaluation
from mistral.expressions.budget import Budget

#: A conversion of a `%` format: the name in parentheses, then width and precision.
_CONVERSION: Final = re.compile(r'%(?:\([^)]*\))?[-#0 +]*(\*|\d+)?(?:\.(\*|\d+))?')

_NUMBER: Final = re.compile(r'\d+')

#: Digits that are enough to tell that a number is too large.
_ENOUGH_DIGITS: Final = 20

#: Methods of texts that take the width of the result.
_WIDTH_METHODS: Final = frozenset({'center', 'expandtabs', 'ljust', 'rjust', 'zfill'})

_OperatorCheck: TypeAlias = Callable[[Any, Any, Budget], None]


def budget_of(context: Context) -> Budget:
    evaluation: Evaluation = context.parent[EVALUATION]
    return evaluation.budget


def _check_sum(left: Any, right: Any, budget: Budget) -> None:
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        budget.check_bytes(len(left) + len(right))


def _check_power(left: Any, right: Any, _budget: Budget) -> None:
    limits.check_power(left, right)


def _check_modulo(left: Any, right: Any, budget: Budget) -> None:
    if isinstance(left, str):
        check_percent_format(left, right, budget)


#: What to check before a binary operation.
OPERATOR_CHECKS: Final[Mapping[str, _OperatorCheck]] = {
    '*': limits.check_product,
    '**': _check_power,
    '+': _check_sum,
    '%': _check_modulo,
}


def check_percent_format(template: str, values: Any, budget: Budget) -> None:
    """Add up the widths that a `%` format asks for."""
    widest = _largest_integer(values if isinstance(values, tuple) else (values,))
    sizes = [size for match in _CONVERSION.findall(template) for size in match if size]
    budget.check_bytes(sum(widest if size == '*' else _number(size) for size in sizes))


def check_brace_format(template: str, values: Iterable[Any], budget: Budget) -> None:
    """Add up the widths that a `str.format` template asks for."""
    widest = _largest_integer(values)
    total = 0
    for _, _, specification, _ in Formatter().parse(template):
        if specification:
            total += widest * specification.count('{')
            total += sum(map(_number, _NUMBER.findall(specification)))
    budget.check_bytes(total)


def _number(digits: str) -> int:
    return int(digits[:_ENOUGH_DIGITS])


def _largest_integer(values: Iterable[Any]) -> int:
    return max((abs(value) for value in values if isinstance(value, int)), default=0)


def check_text_method(
    text: str, name: str, arguments: tuple[Any, ...], named: Mapping[str, Any], budget: Budget
) -> None:
    """Check a call of a method of a text, such as 'a'.ljust(10)."""
    if name in _WIDTH_METHODS:
        columns = text.count('\t') if name == 'expandtabs' else 1
        budget.check_bytes(columns * _largest_integer((*arguments, *named.values())))
    elif name == 'replace' and len(arguments) >= 2:
        old, new = arguments[:2]
        if isinstance(old, str) and isinstance(new, str):
            budget.check_bytes(len(text) + text.count(old) * (len(new) - len(old)))
    elif name == 'translate' and arguments and isinstance(arguments[0], Mapping):
        replacements = [len(new) for new in arguments[0].values() if isinstance(new, str)]
        budget.check_bytes(len(text) * max(replacements, default=1))
    elif name == 'join' and arguments and isinstance(arguments[0], list | tuple | str):
        lengths = [len(part) for part in arguments[0] if isinstance(part, str)]
        budget.check_bytes(sum(lengths) + len(text) * len(lengths))


@pass_context
def _center(context: Context, value: Any, width: int = 80) -> Any:
    budget_of(context).check_bytes(width)
    return FILTERS['center'](value, width)


@pass_context
def _indent(
    context: Context, s: str, width: int | str = 4, first: bool = False, blank: bool = False
) -> Any:
    size = width if isinstance(width, int) else len(width)
    budget_of(context).check_bytes(len(s) + (len(s.splitlines()) + 1) * size)
    return FILTERS['indent'](s, width, first, blank)


@pass_context
def _batch(context: Context, value: Any, linecount: int, fill_with: Any = None) -> Any:
    budget_of(context).check_items(linecount)
    return FILTERS['batch'](value, linecount, fill_with)


@pass_context
def _slice(context: Context, value: Any, slices: int, fill_with: Any = None) -> Any:
    budget_of(context).check_items(slices)
    return FILTERS['slice'](context.eval_ctx, value, slices, fill_with)


@pass_context
def _format(context: Context, value: Any, *arguments: Any, **named: Any) -> Any:
    check_percent_format(str(value), (*arguments, *named.values()), budget_of(context))
    return FILTERS['format'](value, *arguments, **named)


@pass_context
def _join(
    context: Context, value: Iterable[Any], d: Any = '', attribute: str | int | None = None
) -> Any:
    if context.eval_ctx.autoescape:
        return FILTERS['join'](context.eval_ctx, value, d, attribute)
    if attribute is not None:
        value = map(make_attrgetter(context.environment, attribute), value)
    return limits.join(str(d), map(str, value), budget_of(context))


@pass_context
def _replace(context: Context, s: Any, old: Any, new: Any, count: int | None = None) -> Any:
    number = -1 if count is None else count
    limits.check_replace(str(s), str(old), str(new), number, budget_of(context))
    return FILTERS['replace'](context.eval_ctx, s, old, new, count)


@pass_context
def _string(context: Context, value: Any) -> Any:
    limits.check_extent(value, budget_of(context))
    return FILTERS['string'](value)


@pass_context
def _tojson(context: Context, value: Any, indent: int | None = None) -> Any:
    limits.check_extent(value, budget_of(context))
    budget_of(context).check_items(indent or 0)
    return FILTERS['tojson'](context.eval_ctx, value, indent)


@pass_context
def _wordwrap(
    context: Context,
    s: str,
    width: int = 79,
    break_long_words: bool = True,
    wrapstring: str | None = None,
    break_on_hyphens: bool = True,
) -> Any:
    budget_of(context).check_bytes(len(s) * len(wrapstring or ''))
    arguments = (s, width, break_long_words, wrapstring, break_on_hyphens)
    return FILTERS['wordwrap'](context.environment, *arguments)


@pass_context
def bounded_loop(context: Context, items: Any) -> Any:
    """The items of a `for` loop; each round counts as a step."""
    return items if isinstance(items, Undefined) else budget_of(context).bounded(items)


@pass_context
def concatenate(context: Context, values: Sequence[Any]) -> str:
    """`a ~ b`."""
    if context.eval_ctx.autoescape:
        return markup_join(values)
    budget = budget_of(context)
    for value in values:
        limits.check_extent(value, budget)
    return limits.join('', map(str, values), budget)


@pass_context
def lorem_ipsum(context: Context, n: int = 5, *arguments: Any, **named: Any) -> str:
    """`lipsum()`."""
    budget_of(context).check_items(n * _largest_integer((100, *arguments, *named.values())))
    return generate_lorem_ipsum(n, *arguments, **named)


#: Checked forms of the filters that make much out of little.
LIMITED_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    'batch': _batch,
    'center': _center,
    'format': _format,
    'indent': _indent,
    'join': _join,
    'replace': _replace,
    'slice': _slice,
    'string': _string,
    'tojson': _tojson,
    'wordwrap': _wordwrap,
}
