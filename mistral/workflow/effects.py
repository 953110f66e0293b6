"""What the engine has to do once a change is durable. Effects are data; nothing happens here."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from mistral.workflow.events import Event


@dataclass(frozen=True, slots=True)
class RunAction:
    """Hand an action to an executor.

    `action` is what `Ports.prepare_action` made; `timeout` is in seconds; `target` names an
    executor. `again` says that an executor has started it before, and is gone.
    """

    action_execution_id: str
    task_execution_id: str
    task_name: str
    action: Any
    name: str
    is_sync: bool
    safe_rerun: bool
    index: int
    timeout: float | None = None
    target: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """Deliver an event to another execution (or, later, to this one); survives crashes."""

    message_id: str
    execution_id: str
    event: Event


@dataclass(frozen=True, slots=True)
class ScheduleTimer:
    """Deliver `TimerFired(timer_id, ...)` to this execution at `due`; survives crashes.

    A timer without a task belongs to the execution.
    """

    timer_id: str
    task_execution_id: str | None
    kind: str
    due: datetime


@dataclass(frozen=True, slots=True)
class CancelTimer:
    timer_id: str


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell the publishers of an execution. `event` is None for changes without a name."""

    object_id: str
    event: str | None
    data: dict[str, Any]
    timestamp: datetime | None
    publishers: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """A line for the workflow trace log, formatted only if somebody listens."""

    template: str
    values: tuple[Any, ...] = field(default=())


Effect: TypeAlias = RunAction | Send | ScheduleTimer | CancelTimer | Notify | Trace
