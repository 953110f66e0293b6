"""What an executor is asked to do, and where the results go."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from mistral_lib.actions import Action, Result

from mistral.context import RequestContext


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """An action to run.

    `action_execution_id` is None for runs that are not stored. `execution_context` holds the
    fields of `mistral_lib.actions.context.ExecutionContext`. `timeout` is in seconds and counts
    from the moment the action starts. `redelivered` says that the request may have been run before.
    `engine` names the engine that has the execution in memory, if it can be called by a name.
    `target` is the executor that should run it, where a plugin chooses that.
    """

    action: Action
    action_execution_id: str | None
    name: str
    caller: RequestContext
    safe_rerun: bool = False
    execution_context: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = None
    redelivered: bool = False
    engine: str | None = None
    target: str | None = None

    @property
    def may_run_twice(self) -> bool:
        """Whether the action does no harm if it runs once more after its executor has died."""
        return self.safe_rerun or self.is_repeatable

    @property
    def is_repeatable(self) -> bool:
        """Whether the action has no effects that could be there twice."""
        return getattr(self.action, 'repeatable', False) is True


class ResultReporter(Protocol):
    """Takes the results of actions to the engine; never blocks for long."""

    def complete_action(self, request: ActionRequest, result: Result) -> 'Future[None]':
        """Report the end of a stored action; the future is done when the result is durable.

        :raises MistralException: if the result cannot be transported.
        """

    def report_running(self, action_execution_ids: Sequence[str]) -> None:
        """Report that these actions are still in hand."""
