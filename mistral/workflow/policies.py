"""Policies answer questions about a task; `tasks` acts on the answers."""

import math
from dataclasses import dataclass
from typing import Any, Final

from mistral import states
from mistral.exceptions import InvalidModelException
from mistral.lang.specs import PoliciesSpec
from mistral.workflow.model import TaskExecution
from mistral.workflow.scope import TurnScope
from mistral.workflow.turn import Turn

#: Seconds; where a growing delay ends that has no `max-delay`.
_LONGEST_DELAY: Final = 366 * 24 * 3600

_NUMBER: Final = {'type': 'number', 'minimum': 0}
_INTEGER: Final = {'type': 'integer', 'minimum': 0}
_BOOLEAN: Final = {'type': 'boolean'}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to repeat a task besides its first run, and after how many seconds.

    Each delay is `backoff` times the one before, at most `max_delay` if that is not 0. To that a
    random part of up to `jitter` seconds is added, so that tasks which have failed together do not
    all come back together.
    """

    count: int
    delay: int
    backoff: float = 1
    max_delay: float = 0
    jitter: float = 0

    def delay_before(self, retry: int, chance: float) -> float:
        """Seconds before a retry; the first one is number 1. `chance` is between 0 and 1."""
        try:
            delay = self.delay * self.backoff ** (retry - 1)
        except OverflowError:
            delay = _LONGEST_DELAY
        delay = min(delay, self.max_delay or _LONGEST_DELAY)
        return delay + round(self.jitter * chance, 3) if self.jitter else delay


@dataclass(frozen=True, slots=True)
class TaskPolicies:
    """The policies of a task with all values known; zero and False mean off. Times in seconds."""

    pause_before: bool = False
    wait_before: int = 0
    wait_after: int = 0
    retry: RetryPolicy | None = None
    timeout: int = 0
    concurrency: int = 0


NO_POLICIES: Final = TaskPolicies()


def evaluate(turn: Turn, task: TaskExecution) -> TaskPolicies:
    """Work out a task's policies.

    Raises EvaluationException, or InvalidModelException if a value has the wrong type.
    """
    spec = turn.state.node(task).policies
    if spec == PoliciesSpec():
        return NO_POLICIES
    read = _Reader(turn, task)
    pause_before = read.boolean('PauseBeforePolicy', 'expr', spec.pause_before)
    wait_before = read.integer('WaitBeforePolicy', 'delay', spec.wait_before)
    wait_after = read.integer('WaitAfterPolicy', 'delay', spec.wait_after)
    retry = None
    if spec.retry is not None:
        retry = RetryPolicy(
            count=read.integer('RetryPolicy', 'count', spec.retry.count),
            delay=read.integer('RetryPolicy', 'delay', spec.retry.delay),
            backoff=read.number('RetryPolicy', 'backoff', spec.retry.backoff, default=1),
            max_delay=read.number('RetryPolicy', 'max-delay', spec.retry.max_delay),
            jitter=read.number('RetryPolicy', 'jitter', spec.retry.jitter),
        )
    return TaskPolicies(
        pause_before=pause_before,
        wait_before=wait_before,
        wait_after=wait_after,
        retry=retry,
        timeout=read.integer('TimeoutPolicy', 'delay', spec.timeout),
        concurrency=read.integer('ConcurrencyPolicy', 'concurrency', spec.concurrency),
    )


def fails_on(turn: Turn, task: TaskExecution) -> bool:
    """Whether 'fail-on' turns the success of this task into an error."""
    condition = turn.state.node(task).policies.fail_on
    return condition is not None and bool(_Reader(turn, task).value(condition))


def wants_retry(turn: Turn, task: TaskExecution, policy: RetryPolicy) -> bool:
    """Whether the attempt that has just ended calls for another one.

    `break-on` stops after an error; with `continue-on` only that condition keeps going. Both see
    what the attempt has published, and both are evaluated whenever they could matter.
    """
    spec = turn.state.node(task).policies.retry
    if spec is None or not policy.count or task.state not in (states.SUCCESS, states.ERROR):
        return False
    read = _Reader(turn, task, published=True)
    break_on = spec.break_on is not None and bool(read.value(spec.break_on))
    continue_on = spec.continue_on is not None and bool(read.value(spec.continue_on))
    if retries_made(task) >= policy.count:
        return False
    if spec.continue_on is not None and not continue_on:
        return False
    if task.state == states.SUCCESS:
        return spec.continue_on is not None
    return not break_on


def retries_made(task: TaskExecution) -> int:
    count = (task.runtime_context.get('retry_task_policy') or {}).get('retry_no', 0)
    return int(count)


class _Reader:
    """Evaluates policy values of one task and checks their types."""

    def __init__(self, turn: Turn, task: TaskExecution, *, published: bool = False) -> None:
        self._turn = turn
        context = turn.outbound(task) if published else turn.inbound(task)
        self._view = turn.view(context.data, task=task)
        self._scope = TurnScope(turn, task)

    def value(self, data: Any) -> Any:
        return self._turn.ports.evaluate(data, self._view, self._scope)

    def integer(self, policy: str, field: str, data: int | str | None) -> int:
        if data is None:
            return 0
        value = self.value(data)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong_value(policy, field, value, 'type', _INTEGER)
        if value < 0:
            raise _wrong_value(policy, field, value, 'minimum', _INTEGER)
        return value

    def number(
        self, policy: str, field: str, data: float | str | None, *, default: float = 0
    ) -> float:
        if data is None:
            return default
        value = self.value(data)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _wrong_value(policy, field, value, 'type', _NUMBER)
        if not value >= 0 or math.isinf(value):
            raise _wrong_value(policy, field, value, 'minimum', _NUMBER)
        return value

    def boolean(self, policy: str, field: str, data: bool | str | None) -> bool:
        if data is None:
            return False
        value = self.value(data)
        if not isinstance(value, bool):
            raise _wrong_value(policy, field, value, 'type', _BOOLEAN)
        return value


def _wrong_value(
    policy: str, field: str, value: Any, rule: str, schema: dict[str, Any]
) -> InvalidModelException:
    if rule == 'type':
        reason = f'{value!r} is not of type {schema["type"]!r}'
    else:
        reason = f'{value!r} is less than the minimum of {schema["minimum"]}'
    return InvalidModelException(
        f'Invalid data type in {policy}: {reason}\n\n'
        f'Failed validating {rule!r} in schema[{"properties"!r}][{field!r}]:\n'
        f'    {schema}\n\n'
        f'On instance[{field!r}]:\n'
        f'    {value!r}. Value(s) can be shown after YAQL evaluating. '
        'If you use YAQL here, please correct it.'
    )
