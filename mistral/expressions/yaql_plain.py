"""A short cut for the plain parts of YAQL expressions: look-ups, comparisons, small arithmetic.

YAQL finds the overload for every operator at run time, which costs 50 to 100 microseconds each. For
the operations of `yaql_plain_operations` the outcome is known, so a node of the syntax tree gets a
closure that computes it. Whenever the closure meets something else (another type, a missing key, a
division by zero) it gives up, and the node is evaluated by YAQL from the start. So there is one
place that decides about results and errors: YAQL. Closures have no side effects, which makes
starting over safe.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from yaql.language import contexts, expressions, utils

from mistral.expressions import functions as standard
from mistral.expressions.base import ExpressionFunction
from mistral.expressions.views import freeze
from mistral.expressions.yaql_plain_operations import (
    BINARY,
    METHODS,
    SCALARS,
    UNARY,
    GiveUp,
    LazyList,
    Operation,
)

Closure: TypeAlias = Callable[[contexts.ContextBase], Any]

#: Functions without side effects, with the numbers of arguments that they take.
_PURE_FUNCTIONS: Final[Mapping[str, tuple[ExpressionFunction, frozenset[int]]]] = {
    'env': (standard.env_, frozenset({0})),
    'execution': (standard.execution_, frozenset({0})),
    'task': (standard.task_, frozenset({0, 1})),
    'global': (standard.global_, frozenset({1})),
}

#: Functions of YAQL with which an expression can give another meaning to a name.
_DEFINING_FUNCTIONS: Final = frozenset({'def', 'call'})


class PlainNode(expressions.Expression):  # type: ignore[misc]  # yaql has no type hints
    """A node of a syntax tree with a closure to try first."""

    uses_receiver = False

    def __init__(self, node: Any, closure: Closure) -> None:
        self._node = node
        self.closure = closure

    def __call__(self, receiver: Any, context: contexts.ContextBase, engine: Any) -> Any:
        try:
            value = self.closure(context)
        except GiveUp:
            return self._node(receiver, context, engine)
        return freeze(value.items) if type(value) is LazyList else value

    def result(self, context: contexts.ContextBase, engine: Any) -> Any:
        """The value as the result of a whole expression: lists of the context as they are."""
        try:
            value = self.closure(context)
        except GiveUp:
            return self._node(utils.NO_VALUE, context, engine)
        return value.items if type(value) is LazyList else value


class PlainCompiler:
    """Puts closures into syntax trees."""

    def __init__(self, functions: Mapping[str, ExpressionFunction]) -> None:
        self._functions = {
            name: entry
            for name, entry in _PURE_FUNCTIONS.items()
            if functions.get(name) is entry[0]
        }

    def rewrite(self, tree: Any) -> Any:
        """The tree with `PlainNode` in place of nodes that may be plain; changes it in place."""
        return tree if _may_define_functions(tree) else self._rewrite(tree)

    def _rewrite(self, node: Any) -> Any:
        if isinstance(node, expressions.MappingRuleExpression):
            node.source, node.destination = map(self._rewrite, (node.source, node.destination))
            return node
        if isinstance(node, expressions.Wrap):
            node.expr = self._rewrite(node.expr)
            closure = _closure_of(node.expr)
        elif isinstance(node, expressions.Function):
            node.args = self._rewrite_arguments(node)
            closure = self._compile(node)
        else:
            return node
        return node if closure is None else PlainNode(node, closure)

    def _rewrite_arguments(self, node: Any) -> tuple[Any, ...]:
        if not _is_member_access(node):
            return tuple(map(self._rewrite, node.args))
        receiver, member = node.args
        if type(member) is expressions.Function:
            member.args = tuple(map(self._rewrite, member.args))
        return self._rewrite(receiver), member

    def _compile(self, node: Any) -> Closure | None:
        """The closure of a node whose arguments have theirs already; None if it is not plain."""
        if isinstance(node, expressions.GetContextValue):
            name = node.path.value
            return lambda context: context.get_data(name)
        if _is_member_access(node):
            return _member_access(node)
        arguments = _closures_of(node.args)
        if arguments is None:
            return None
        if isinstance(node, expressions.IndexExpression):
            return _method('#indexer', arguments)
        if isinstance(node, expressions.UnaryOperator):
            return _unary(node.operator, *arguments)
        if isinstance(node, expressions.BinaryOperator):
            return _binary(node.operator, *arguments)
        if type(node) is expressions.Function and node.name in self._functions:
            return _call(*self._functions[node.name], arguments)
        return None


def _may_define_functions(node: Any) -> bool:
    if isinstance(node, expressions.Wrap):
        return _may_define_functions(node.expr)
    if isinstance(node, expressions.MappingRuleExpression):
        return _may_define_functions(node.source) or _may_define_functions(node.destination)
    if isinstance(node, expressions.Function):
        return node.name in _DEFINING_FUNCTIONS or any(map(_may_define_functions, node.args))
    return False


def _is_member_access(node: Any) -> bool:
    return isinstance(node, expressions.BinaryOperator) and node.operator in ('.', '?.')


def _closure_of(node: Any) -> Closure | None:
    if isinstance(node, PlainNode):
        closure: Closure = node.closure
        return closure
    if isinstance(node, expressions.Constant) and type(node.value) in SCALARS:
        value = node.value
        return lambda _context: value
    return None


def _closures_of(nodes: Sequence[Any]) -> list[Closure] | None:
    """The closures of all nodes, None if one of them has none."""
    closures = [closure for node in nodes if (closure := _closure_of(node)) is not None]
    return closures if len(closures) == len(nodes) else None


def _member_access(node: Any) -> Closure | None:
    receiver, member = node.args
    keep_null = node.operator == '?.'
    if type(member) is expressions.KeywordConstant:
        return _method('.', _closures_of([receiver, member]), keep_null)
    if type(member) is expressions.Function:
        return _method(member.name, _closures_of([receiver, *member.args]), keep_null)
    return None


def _method(name: str, arguments: list[Closure] | None, keep_null: bool = False) -> Closure | None:
    if arguments is None or len(arguments) not in METHODS.get(name, ()):
        return None
    compute = METHODS[name][len(arguments)]
    receiver, *others = arguments

    def call(context: contexts.ContextBase) -> Any:
        value = receiver(context)
        if value is None and keep_null:
            return None
        return compute(value, *[argument(context) for argument in others])

    return call


def _call(
    function: ExpressionFunction, arities: frozenset[int], arguments: list[Closure]
) -> Closure | None:
    if len(arguments) not in arities:
        return None

    def call(context: contexts.ContextBase) -> Any:
        values = [argument(context) for argument in arguments]
        if any(type(value) is not str for value in values):
            raise GiveUp
        return function(context, *values)

    return call


def _unary(symbol: str, operand: Closure) -> Closure:
    compute: Operation = UNARY[symbol]
    return lambda context: compute(operand(context))


def _binary(symbol: str, left: Closure, right: Closure) -> Closure | None:
    if symbol == 'and':
        return lambda context: left(context) and right(context)
    if symbol == 'or':
        return lambda context: left(context) or right(context)
    compute = BINARY.get(symbol)
    return None if compute is None else lambda context: compute(left(context), right(context))
