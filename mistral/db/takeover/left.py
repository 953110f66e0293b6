"""Executions as Mistral 23 has left them: the facts of its rows that matter for going on."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mistral import states


@dataclass(slots=True)
class Child:
    """An action or a sub-workflow of a task."""

    id: str
    kind: Literal['action', 'workflow']
    state: str
    accepted: bool
    created_at: datetime
    runtime_context: dict[str, Any]
    index: int = 0
    output: Any = None

    @property
    def is_completed(self) -> bool:
        return self.state in states.COMPLETED


@dataclass(slots=True)
class Task:
    """A task with its children. `next_tasks` are names with the clauses that led to them."""

    id: str
    name: str
    state: str
    created_at: datetime
    state_info: str | None = None
    started_at: datetime | None = None
    processed: bool = False
    is_join: bool = False
    next_tasks: list[list[str]] = field(default_factory=list)
    runtime_context: dict[str, Any] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)

    @property
    def is_completed(self) -> bool:
        return self.state in states.COMPLETED

    @property
    def has_items(self) -> bool:
        return 'with_items' in self.runtime_context

    @property
    def triggered_by(self) -> list[dict[str, str]]:
        return self.runtime_context.get('triggered_by') or []


@dataclass(slots=True)
class Execution:
    """A workflow execution. `workbook` is that of its definition; None without one or the other."""

    id: str
    state: str
    runtime_context: dict[str, Any] = field(default_factory=dict)
    workbook: str | None = None
    tasks: list[Task] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        return self.state in states.COMPLETED


@dataclass(frozen=True, slots=True)
class Call:
    """A delayed call for a task.

    `function` is the name of what was to be called, `arguments` what it was to be called with.
    """

    function: str
    due: datetime
    arguments: dict[str, Any]
