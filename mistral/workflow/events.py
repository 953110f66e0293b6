"""What can happen to a workflow execution; all values are JSON data: events are stored and sent."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from mistral import states


@dataclass(frozen=True, slots=True)
class Begin:
    """Start the tasks of a created execution."""


@dataclass(frozen=True, slots=True)
class ActionCompleted:
    """An action ended: with `data`, or with `error`, or cancelled."""

    action_execution_id: str
    data: Any = None
    error: Any = None
    cancel: bool = False


@dataclass(frozen=True, slots=True)
class ActionUpdated:
    """An asynchronous action was paused or resumed (state PAUSED or RUNNING)."""

    action_execution_id: str
    state: str


@dataclass(frozen=True, slots=True)
class SubworkflowUpdated:
    """A sub-workflow went from a state to another; `message` is its failure or cancellation text.

    `revision` counts the news of one sub-workflow: older news than the last is dropped. `reopened`
    counts how often it has run again after it had ended, so that no such news is missed. `ordered`
    says that it has paused or gone on only because its parent had told it to.
    """

    execution_id: str
    previous: str
    state: str
    revision: int
    message: str | None = None
    reopened: int = 0
    ordered: bool = False

    @property
    def reopens(self) -> bool:
        """Whether it runs again after its end."""
        return self.previous in states.COMPLETED and self.state not in states.COMPLETED


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer of a task, or of the execution itself, is due."""

    timer_id: str
    task_execution_id: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class ContinueItems:
    """Start the next portion of a task with items."""

    task_execution_id: str


@dataclass(frozen=True, slots=True)
class Pause:
    """`ordered` by the parent of a sub-workflow, not by an operator.

    `message` says why, for those who look at the execution.
    """

    ordered: bool = False
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """See `Pause`."""

    env: dict[str, Any] | None = None
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """End the execution as SUCCESS, ERROR or CANCELLED."""

    state: str
    message: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateEnv:
    env: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rerun:
    task_execution_id: str
    reset: bool = True
    env: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    task_execution_id: str
    env: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Settle:
    """Nothing happens; whoever waits for it knows that all events before it have been handled."""


@dataclass(frozen=True, slots=True)
class Recover:
    """Look for anything a crash left undone.

    `lost_actions` are running synchronous actions whose executor is gone: they are repeated if
    that is safe, else they fail with `reason`. `waiting_actions` have not been started by any
    executor: they are handed over again.
    """

    lost_actions: tuple[str, ...] = ()
    waiting_actions: tuple[str, ...] = ()
    reason: str | None = None


Event: TypeAlias = (
    Begin
    | ActionCompleted
    | ActionUpdated
    | SubworkflowUpdated
    | TimerFired
    | ContinueItems
    | Pause
    | Resume
    | Stop
    | UpdateEnv
    | Rerun
    | Skip
    | Settle
    | Recover
)
