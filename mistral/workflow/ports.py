"""What the core needs from outside, as one narrow interface, and its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from mistral.exceptions import MistralException
from mistral.expressions.base import Scope
from mistral.lang.graph import WorkflowGraph
from mistral.lang.specs import WorkflowSpec
from mistral.workflow.data_flow import DataFlowSettings
from mistral.workflow.model import ChildExecution, TaskExecution, WorkflowExecution


class TaskError(MistralException):
    """A failure that ends the task in ERROR the ordinary way: `on-error` and `retry` apply."""


class InfrastructureError(Exception):
    """The outside world fails at the moment (a lost database connection, a deadlock).

    Not the task's fault: the whole turn has to be thrown away and tried again.
    """


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """`field_size_limit_kb` below zero means no limit. `items_portion` is how many items of a
    task start in one turn. `publishers` are told of every execution: entries as those of `notify`,
    which stay out of the execution, since they may have secrets of the operator in them."""

    data_flow: DataFlowSettings = field(default_factory=DataFlowSettings)
    field_size_limit_kb: int = 1024
    items_portion: int = 500
    publishers: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowDefinition:
    id: str
    name: str
    namespace: str
    spec: WorkflowSpec
    graph: WorkflowGraph
    workbook_name: str | None = None


@dataclass(frozen=True, slots=True)
class ActionCall:
    """An action to prepare: `names` are tried in order (workbook members before others).

    `context` is what an ad-hoc action's `base-input` may see besides its own input.
    """

    names: Sequence[str]
    namespace: str
    input: Mapping[str, Any]
    context: Mapping[str, Any]
    scope: Scope


@dataclass(frozen=True, slots=True)
class PreparedAction:
    """`action` is opaque to the core; `repeatable` actions do no harm when run twice."""

    name: str
    input: dict[str, Any]
    is_sync: bool
    repeatable: bool
    action: Any


@dataclass(frozen=True, slots=True)
class ActionResult:
    data: Any = None
    error: Any = None
    cancel: bool = False


class Ports(Protocol):
    """The outside world of a turn. Everything returns plain data; nothing is sent from here.

    Any method may raise InfrastructureError.
    """

    @property
    def settings(self) -> CoreSettings: ...

    def new_id(self) -> str: ...

    def now(self) -> datetime:
        """The current time in UTC, without a time zone."""

    def random(self) -> float:
        """A number of at least 0 and less than 1, for delays only."""

    def evaluate(self, data: Any, context: Mapping[str, Any], scope: Scope) -> Any:
        """Evaluate all expressions in `data`; raises EvaluationException."""

    def prepare_action(self, call: ActionCall) -> PreparedAction:
        """Find an action, check its input and make it ready to run.

        Raises TaskError if it cannot be made, InvalidActionException if it is not found, and other
        MistralExceptions, which fail the whole workflow, if its parameters are wrong.
        """

    def finish_action(self, name: str, namespace: str, result: ActionResult) -> ActionResult:
        """Let the action's definition transform its result (ad-hoc `output`)."""

    def find_workflow(
        self, names: Sequence[str], namespace: str, *, fall_back: bool
    ) -> WorkflowDefinition | None:
        """A definition by name, first hit; `fall_back` looks in the default namespace too."""

    def find_environment(self, name: str) -> dict[str, Any] | None: ...

    def root_env(self, root_execution_id: str) -> Mapping[str, Any]:
        """The current environment of another, the root, execution."""

    def ancestors(self, execution: WorkflowExecution) -> Sequence[tuple[str, str, str]]:
        """(id, workflow name, state) of all executions above, nearest first."""

    def load_outputs(self, children: Sequence[ChildExecution]) -> None:
        """Fill in `output` where it is NOT_LOADED."""

    def load_inputs(self, children: Sequence[ChildExecution]) -> None: ...

    def query_executions(self, filters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """For `executions()`: see `mistral.expressions.base.Scope`."""

    def query_tasks(
        self, workflow_execution_id: str | None, *, recursive: bool, state: str | None, flat: bool
    ) -> Sequence[Mapping[str, Any]]:
        """For `tasks()` of other executions."""

    def report_failure(self, task: TaskExecution | None, error: Exception) -> None:
        """Tell the operator about an error that the user sees without its traceback."""
