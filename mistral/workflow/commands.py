"""The steps a turn still has to take. They wait on the turn's agenda instead of calling each other.

So a step never nests into another one, whatever the shape of the workflow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeAlias

from mistral.workflow.model import TaskExecution


@dataclass(frozen=True, slots=True)
class Phase:
    """What the engine was doing for a task; names the error if that fails."""

    text: str
    details: tuple[tuple[str, str], ...] = ()


RUNNING_TASK = Phase('Failed to run task')
COMPLETING_TASK = Phase('Failed to complete task')


def handling_action(name: str) -> Phase:
    return Phase('Failed to handle action completion', (('action', name),))


@dataclass(frozen=True, slots=True)
class StartTask:
    """Run a task that has just been created."""

    task: TaskExecution
    phase: Phase = RUNNING_TASK


@dataclass(frozen=True, slots=True)
class ContinueTask:
    """Run a task that was held or delayed; `after_hold` if 'pause-before' held it."""

    task: TaskExecution
    after_hold: bool = False
    phase: Phase = RUNNING_TASK


@dataclass(frozen=True, slots=True)
class ContinueItems:
    """Start more items of a task."""

    task: TaskExecution
    phase: Phase = RUNNING_TASK


@dataclass(frozen=True, slots=True)
class RerunTask:
    task: TaskExecution
    reset: bool
    phase: Phase = RUNNING_TASK


@dataclass(frozen=True, slots=True)
class LateBranch:
    """A task has led to a join that has run or failed before: see whether it opens the join."""

    task: TaskExecution
    join: TaskExecution
    event: str
    phase: Phase = COMPLETING_TASK


@dataclass(frozen=True, slots=True)
class EvaluateJoin:
    """See whether a waiting join may run; `stuck` if nothing else is left that could run."""

    task: TaskExecution
    stuck: bool = False
    phase: Phase = RUNNING_TASK


@dataclass(frozen=True, slots=True)
class CloseBranches:
    """A completed task did not take these ways: joins behind them may have lost a branch."""

    task: TaskExecution
    names: tuple[str, ...]
    phase: Phase = COMPLETING_TASK


@dataclass(frozen=True, slots=True)
class CompleteTask:
    task: TaskExecution
    state: str
    state_info: str | None
    phase: Phase


@dataclass(frozen=True, slots=True)
class Transit:
    """Find out where a completed task leads; `resumed` if that had to wait for a resume."""

    task: TaskExecution
    phase: Phase
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class RunTask:
    """Create the task of that name, or tell the join of that name that a branch has arrived."""

    name: str
    source_id: str | None = None
    event: str | None = None
    phase: Phase = RUNNING_TASK


@dataclass(frozen=True, slots=True)
class RunEngineCommand:
    """`fail`, `succeed` or `pause`, with its evaluated message."""

    name: str
    message: Any = None
    source: TaskExecution | None = None
    phase: Phase = COMPLETING_TASK


Command: TypeAlias = (
    StartTask
    | ContinueTask
    | ContinueItems
    | RerunTask
    | LateBranch
    | EvaluateJoin
    | CloseBranches
    | CompleteTask
    | Transit
    | RunTask
    | RunEngineCommand
)


class Rank(IntEnum):
    """When a step is taken.

    What a join waits for can only be told when all that runs has been started, and all joins that
    run again have been opened.
    """

    ACT = 0
    OPEN_JOINS = 1
    DECIDE_JOINS = 2


#: Steps of another rank than `Rank.ACT`.
RANKS: Final[Mapping[type[Command], Rank]] = {
    LateBranch: Rank.OPEN_JOINS,
    EvaluateJoin: Rank.DECIDE_JOINS,
    CloseBranches: Rank.DECIDE_JOINS,
}
