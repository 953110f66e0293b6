"""The contexts of YAQL in which the nodes of an expression are evaluated."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from yaql.language import contexts, exceptions, utils

from mistral.expressions.base import EVALUATION, Evaluation
from mistral.expressions.budget import Budget
from mistral.expressions.data import type_name


class _HiddenReceiver:
    """Stands in for a receiver in a message, where the receiver itself must not be shown."""

    def __init__(self, receiver: Any) -> None:
        self._text = 'None' if receiver is None else f'of type {type_name(receiver)}'

    def __str__(self) -> str:
        return self._text


class ScratchContext(contexts.Context):  # type: ignore[misc]  # yaql has no type hints
    """What a function call or a lambda puts its variables into.

    YAQL makes one for every call, so this is also where the steps of an evaluation are counted.
    """

    def __init__(self, parent: contexts.ContextBase, budget: Budget) -> None:
        super().__init__(parent)
        self.budget = budget

    def create_child_context(self) -> 'ScratchContext':
        self.budget.step()
        return ScratchContext(self, self.budget)

    def get_functions(
        self, name: str, predicate: Any = None, use_convention: bool = False
    ) -> tuple[Any, bool]:
        if not self._functions:
            return (), False
        functions: tuple[Any, bool] = super().get_functions(name, predicate, use_convention)
        return functions

    def __call__(
        self,
        name: str,
        engine: Any,
        receiver: Any = utils.NO_VALUE,
        *arguments: Any,
        **named_arguments: Any,
    ) -> Callable[..., Any]:
        call = super().__call__(name, engine, receiver, *arguments, **named_arguments)
        return call if receiver is utils.NO_VALUE else _hiding_receiver(call, name, receiver)


class WorkflowContext(ScratchContext):
    """The context of one evaluation, over the library of functions.

    `$` is `root`. The variables are looked up when an expression asks for them.
    """

    _WORKFLOW_VARIABLES: Final = frozenset({'__env', '__execution', '__task_execution'})

    def __init__(
        self,
        library: contexts.ContextBase,
        variables: Mapping[str, Any],
        root: Any,
        evaluation: Evaluation,
    ) -> None:
        super().__init__(library, evaluation.budget)
        self._variables = variables
        self._data['$1'] = root
        self._data['$' + EVALUATION] = evaluation

    def get_data(self, name: str, default: Any = None, ask_parent: bool = True) -> Any:
        key = name.removeprefix('$')
        if key in self._WORKFLOW_VARIABLES:
            value = self._variables.get(key)
            return {} if value is None and key == '__env' else value
        return super().get_data(name, default, ask_parent)


def _hiding_receiver(call: Callable[..., Any], name: str, receiver: Any) -> Callable[..., Any]:
    def guarded(*arguments: Any, **named_arguments: Any) -> Any:
        try:
            return call(*arguments, **named_arguments)
        except exceptions.MethodResolutionError as error:
            if hasattr(error, 'hides_receiver'):
                raise
            hiding = type(error)(name, _HiddenReceiver(receiver))
            hiding.hides_receiver = True
            raise hiding from None

    return guarded
