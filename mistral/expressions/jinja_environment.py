"""The sandbox in which Jinja templates of workflows run."""

import types
from collections.abc import Callable, Iterator, Mapping
from inspect import Signature, signature
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateRuntimeError, UndefinedError
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer

from mistral.expressions import jinja_limits, limits
from mistral.expressions.base import EVALUATION, ExpressionFunction
from mistral.expressions.data import type_name
from mistral.expressions.views import ContextView

#: Filters that only the environment itself puts into templates: no template can write these names.
_LOOP: Final = ' loop'
_CONCATENATE: Final = ' concatenate'

#: The variable that takes the value of an expression.
RESULT: Final = 'result'


class _Missing(StrictUndefined):
    """What is missing in a mapping that stands for data is missing in a 'dict object'."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        is_data = isinstance(obj, Mapping) and not isinstance(obj, ContextView)
        super().__init__(hint, {} if is_data else obj, name, exc)


class WorkflowEnvironment(ImmutableSandboxedEnvironment):
    """Runs templates that can neither change their context nor run away.

    A template needs the key `EVALUATION` among its variables. Safe to share between threads.
    """

    intercepted_binops = frozenset(jinja_limits.OPERATOR_CHECKS)

    def __init__(self, functions: Mapping[str, ExpressionFunction]) -> None:
        super().__init__(
            undefined=_Missing, trim_blocks=True, lstrip_blocks=True, finalize=_presentable
        )
        self.globals['lipsum'] = jinja_limits.lorem_ipsum
        self.filters.update(jinja_limits.LIMITED_FILTERS)
        self.filters[_LOOP] = jinja_limits.bounded_loop
        self.filters[_CONCATENATE] = jinja_limits.concatenate
        for name, function in functions.items():
            self.globals[name] = _as_global(function)
            self.filters[name] = _as_filter(function)

    def from_expression(self, source: str) -> Template:
        """A template that leaves the value of an expression in the variable `RESULT`."""
        parser = Parser(self, source, state='variable')
        expression = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateSyntaxError('chunk after expression', parser.stream.current.lineno)
        target = nodes.Name(RESULT, 'store')
        tree = nodes.Template([nodes.Assign(target, expression, lineno=1)], lineno=1)
        tree.set_environment(self)
        return self.from_string(tree)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        jinja_limits.OPERATOR_CHECKS[operator](left, right, jinja_limits.budget_of(context))
        return super().call_binop(context, operator, left, right)

    def call(
        __self,  # noqa: N805 - any other name could be a keyword argument of the call
        __context: Context,
        __obj: Any,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        budget = jinja_limits.budget_of(__context)
        budget.step()
        text = getattr(__obj, '__self__', None)
        if isinstance(text, str) and isinstance(__obj, types.BuiltinMethodType):
            jinja_limits.check_text_method(text, __obj.__name__, args, kwargs, budget)
        return super().call(__context, __obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        formatter = super().wrap_str_format(value)
        if formatter is None:
            return None
        formatting, template = formatter, value.__self__

        @pass_context
        def checked(context: Context, *args: Any, **kwargs: Any) -> str:
            values = (*args, *kwargs.values())
            jinja_limits.check_brace_format(template, values, jinja_limits.budget_of(context))
            return formatting(*args, **kwargs)

        return checked

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_StepCounting(self).visit(source), *args, **kwargs)


class _StepCounting(NodeTransformer):
    """Puts filters around what has no hook: loops and `~`."""

    def __init__(self, environment: WorkflowEnvironment) -> None:
        self._environment = environment

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - the name is Jinja's
        self.generic_visit(node)
        node.iter = self._filter(node.iter, _LOOP)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        return self._filter(nodes.List(node.nodes, lineno=node.lineno), _CONCATENATE)

    def _filter(self, value: nodes.Node, name: str) -> nodes.Filter:
        wrapped = nodes.Filter(value, name, [], [], None, None, lineno=value.lineno)
        wrapped.set_environment(self._environment)
        return wrapped


@pass_context
def _presentable(context: Context, value: Any) -> Any:
    """What goes into a rendered text: data, but no objects of the template language."""
    if isinstance(value, str | int | float | Undefined):
        return value
    if callable(value) or type(value).__module__.startswith('jinja2.'):
        raise SecurityError(f'a value of type {type_name(value)} cannot become text')
    budget = jinja_limits.budget_of(context)
    if isinstance(value, Iterator):
        return list(budget.bounded(value))
    limits.check_extent(value, budget)
    return value


def _as_global(function: ExpressionFunction) -> Callable[..., Any]:
    @pass_context
    def call(context: Context, /, *args: Any, **kwargs: Any) -> Any:
        return function(_function_context(context), *args, **kwargs)

    return call


def _as_filter(function: ExpressionFunction) -> Callable[..., Any]:
    """The function with the piped value as its first argument: `_.d | json_dump`.

    The whole context may be piped just to start a call: `_ | json_dump(_.d)`, `_ | env`.
    """
    parameters = signature(function)

    @pass_context
    def call(context: Context, value: Any, /, *args: Any, **kwargs: Any) -> Any:
        function_context = _function_context(context)
        if isinstance(value, ContextView) and _fits(parameters, function_context, args, kwargs):
            return function(function_context, *args, **kwargs)
        return function(function_context, value, *args, **kwargs)

    return call


def _fits(
    parameters: Signature, context: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> bool:
    try:
        parameters.bind(context, *args, **kwargs)
    except TypeError:
        return False
    return True


def _function_context(context: Context) -> Mapping[str, Any]:
    """What a function finds in its context."""
    names = ('__execution', '__task_execution', '__env', EVALUATION)
    return {'$': context.parent['_'], **{name: context.parent[name] for name in names}}
