"""Immutable specifications: what a workflow, task or action definition says.

A specification is built by `mistral.lang.parser` from validated text (or, for an execution, from
the copy of the definition stored with it). Values may hold expressions as plain strings; nothing
is evaluated here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

#: The version of the language; it is part of every stored specification.
VERSION: Final = '2.0'

EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


def _empty() -> Mapping[str, Any]:
    return EMPTY


class Required:
    """Marks an input parameter without a default."""

    def __repr__(self) -> str:
        return 'REQUIRED'


REQUIRED: Final = Required()

#: Values that are fixed in the text, or an expression evaluated for each task.
IntOrExpr: TypeAlias = int | str
BoolOrExpr: TypeAlias = bool | str
NumberOrExpr: TypeAlias = int | float | str

WorkflowType: TypeAlias = Literal['direct', 'reverse']
Clause: TypeAlias = Literal['on-success', 'on-error', 'on-complete', 'on-skip']
CLAUSES: Final[tuple[Clause, ...]] = ('on-success', 'on-error', 'on-complete', 'on-skip')

ENGINE_COMMANDS: Final = frozenset({'noop', 'fail', 'succeed', 'pause'})


@dataclass(frozen=True, slots=True)
class PublishSpec:
    """Variables a task publishes: into its branch and into the whole workflow."""

    branch: Mapping[str, Any] = field(default_factory=_empty)
    global_: Mapping[str, Any] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True)
class TransitionSpec:
    """One entry of an on-clause.

    `target` names a task or an engine command, `guard` is an expression or None (always),
    `parameters` are the command's arguments (`msg`) and mean nothing to tasks.
    """

    target: str
    guard: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True)
class OnClauseSpec:
    """An on-clause: where to go and what to publish on the way."""

    next: tuple[TransitionSpec, ...] = ()
    publish: PublishSpec | None = None


@dataclass(frozen=True, slots=True)
class RetrySpec:
    """`backoff`, `max_delay` and `jitter` are extensions of the language."""

    count: IntOrExpr
    delay: IntOrExpr
    break_on: str | None = None
    continue_on: str | None = None
    backoff: NumberOrExpr | None = None
    max_delay: NumberOrExpr | None = None
    jitter: NumberOrExpr | None = None


@dataclass(frozen=True, slots=True)
class PoliciesSpec:
    """Policies of a task or of task-defaults; None means that nothing was said."""

    pause_before: BoolOrExpr | None = None
    wait_before: IntOrExpr | None = None
    wait_after: IntOrExpr | None = None
    fail_on: BoolOrExpr | None = None
    retry: RetrySpec | None = None
    timeout: IntOrExpr | None = None
    concurrency: IntOrExpr | None = None


NO_POLICIES: Final = PoliciesSpec()


@dataclass(frozen=True, slots=True)
class TaskDefaultsSpec:
    policies: PoliciesSpec = NO_POLICIES
    on_clauses: Mapping[Clause, OnClauseSpec] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    safe_rerun: BoolOrExpr | None = None


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A task as written, without anything from task-defaults (see `graph.TaskNode` for that).

    `action` and `workflow` hold the name (or an expression giving it) without inline parameters;
    those are in `parameters` and win over `input`. `with_items` maps each item variable to a list
    or to an expression giving one. `join` is 'all', a number above zero ('one' is 1), or None.
    `raw` is the task's mapping as stored in `task_executions_v2.action_spec` and shown to
    expressions as `task().spec`.
    """

    name: str
    raw: Mapping[str, Any] = field(default_factory=_empty)
    description: str = ''
    tags: tuple[str, ...] = ()
    action: str | None = None
    workflow: str | None = None
    input: Mapping[str, Any] | str = field(default_factory=_empty)
    parameters: Mapping[str, Any] = field(default_factory=_empty)
    with_items: Mapping[str, Any] = field(default_factory=_empty)
    publish: Mapping[str, Any] = field(default_factory=_empty)
    publish_on_error: Mapping[str, Any] = field(default_factory=_empty)
    publish_on_skip: Mapping[str, Any] = field(default_factory=_empty)
    on_clauses: Mapping[Clause, OnClauseSpec] = field(default_factory=dict)
    join: Literal['all'] | int | None = None
    requires: tuple[str, ...] = ()
    policies: PoliciesSpec = NO_POLICIES
    keep_result: BoolOrExpr = True
    safe_rerun: BoolOrExpr | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class WorkflowSpec:
    """A workflow definition.

    `input` maps each parameter to its default or to `REQUIRED`, in the order of the text.
    `output` and `output_on_error` are None when absent. `timeout`, an extension of the language, is
    in seconds. `raw` is the JSON-able mapping stored in the `spec` columns: the text's mapping plus
    `name` and `version`.
    """

    name: str
    type: WorkflowType = 'direct'
    raw: Mapping[str, Any] = field(default_factory=_empty)
    description: str | None = None
    tags: tuple[str, ...] = ()
    input: Mapping[str, Any] = field(default_factory=_empty)
    vars: Mapping[str, Any] = field(default_factory=_empty)
    output: Mapping[str, Any] | None = None
    output_on_error: Mapping[str, Any] | None = None
    timeout: IntOrExpr | None = None
    task_defaults: TaskDefaultsSpec | None = None
    tasks: Mapping[str, TaskSpec] = field(default_factory=dict)

    @property
    def spec_class_name(self) -> str:
        """The class name that 'Invalid input' messages show (an old part of the contract)."""
        return 'ReverseWorkflowSpec' if self.type == 'reverse' else 'DirectWorkflowSpec'


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """An ad-hoc action: a base action with its input computed and its output transformed.

    `output` is None when the base's result passes through unchanged.
    """

    name: str
    base: str
    raw: Mapping[str, Any] = field(default_factory=_empty)
    parameters: Mapping[str, Any] = field(default_factory=_empty)
    base_input: Mapping[str, Any] = field(default_factory=_empty)
    input: Mapping[str, Any] = field(default_factory=_empty)
    output: Any = None
    description: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkbookSpec:
    name: str
    raw: Mapping[str, Any] = field(default_factory=_empty)
    description: str | None = None
    tags: tuple[str, ...] = ()
    workflows: tuple[WorkflowSpec, ...] = ()
    actions: tuple[ActionSpec, ...] = ()
