"""What an expression language offers, and what its functions may ask of a running workflow."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, Self, TypeAlias

from mistral.expressions.budget import Budget
from mistral.expressions.options import ExpressionOptions

#: A function of the languages; its first parameter is the context of the evaluation.
ExpressionFunction: TypeAlias = Callable[..., Any]

#: Key under which functions find the `Evaluation` in their context. It cannot be written in an
#: expression, because of the blank.
EVALUATION: Final = ' evaluation'


class Scope(Protocol):
    """The running workflow as the functions `task()`, `execution()` and the like see it.

    Implemented by the engine over its state and, for other executions, over the database. A scope
    belongs to one evaluation point: it knows its workflow execution and, if any, its current task.
    """

    def execution(self) -> Mapping[str, Any]:
        """The current workflow execution: id, name, spec, input, params, created_at,
        updated_at ('YYYY-MM-DD hh:mm:ss' texts), root_execution_id."""

    def executions(
        self,
        id: str | None = None,
        root_execution_id: str | None = None,
        state: str | None = None,
        from_time: str | None = None,
        to_time: str | None = None,
    ) -> Sequence[Mapping[str, Any]]:
        """Workflow executions of the project with from_time <= created_at < to_time."""

    def task(self, name: str | None = None) -> Mapping[str, Any] | None:
        """A task execution of this workflow: the current one without a name (or with its own),
        else the latest of that name, None if there is none. Keys: id, name, spec, state,
        state_info, result, published, type, workflow_execution_id, created_at, updated_at.
        The mapping computes `result` only when it is read."""

    def tasks(
        self,
        workflow_execution_id: str | None = None,
        recursive: bool = False,
        state: str | None = None,
        flat: bool = False,
    ) -> Sequence[Mapping[str, Any]]:
        """Task executions, in the form of `task`."""

    def global_variable(self, name: str) -> Any:
        """A value of the workflow context (globals, vars), None if missing."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation, as the built-in functions see it; there is no scope outside executions."""

    scope: Scope | None
    budget: Budget


class Evaluator(ABC):
    """An expression language; entry points are in `mistral.expression.evaluators`.

    A plugin usually makes these class methods: its class is used as it is, without an instance.
    """

    find_expression_pattern: ClassVar[re.Pattern[str]]

    @abstractmethod
    def validate(self, expression: str) -> None:
        """Check the syntax of all expressions in a text; raise ExpressionGrammarException."""

    @abstractmethod
    def evaluate(self, expression: str, context: Any) -> Any:
        """The value of a text that holds an expression; raise EvaluationException."""

    @abstractmethod
    def is_expression(self, text: str) -> bool:
        """Tell whether a text holds an expression of this language."""


class ConfiguredEvaluator(Evaluator):
    """An evaluator that is built once with the options and functions of the service."""

    @classmethod
    @abstractmethod
    def configure(
        cls, options: ExpressionOptions, functions: Mapping[str, ExpressionFunction]
    ) -> Self:
        """Build the evaluator; `functions` are by the names they have in expressions."""

    @abstractmethod
    def evaluate(self, expression: str, context: Any, scope: Scope | None = None) -> Any:
        """As in `Evaluator`; `scope` answers `task()`, `execution()` and the like."""
