"""What is to happen to a task later: Mistral 23 keeps it as delayed calls, the engine as timers.

A call may be lost, or have been taken by a process that died; so what the state of a task says goes
before what calls there are. What has not been done in time is done at once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from mistral import states
from mistral.db.store.jobs import Job
from mistral.db.takeover.left import Call, Child, Execution, Task
from mistral.utils.ids import new_id
from mistral.workflow.events import TimerFired
from mistral.workflow.tasks import COMPLETE, CONTINUE, TIMEOUT
from mistral.workflow.with_items import SOME_CANCELLED, SOME_FAILED

_DELAYED: Final = re.compile(r"Delayed by '([\w-]+)' policy")

#: The functions that Mistral 23 calls later, by what comes of them.
_FUNCTIONS: Final = {
    CONTINUE: ('_continue_task', '_refresh_task_state'),
    COMPLETE: ('_complete_task',),
    TIMEOUT: ('_fail_task_if_incomplete',),
}

#: A state and its reason.
_Outcome = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Timer:
    """`notes` is what the task has to know when it fires."""

    kind: str
    due: datetime
    notes: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=new_id)

    def job(self, execution_id: str, task_id: str) -> Job:
        return Job(self.id, execution_id, TimerFired(self.id, task_id, self.kind), self.due)


def waits_for_attempt(task: Task) -> bool:
    """Whether the next thing that happens to a delayed task is another attempt."""
    return _policy(task) not in (None, 'wait-after')


def of_task(
    execution: Execution,
    task: Task,
    current: Mapping[int, Child],
    calls: Sequence[Call],
    now: datetime,
) -> Iterator[Timer]:
    """The timers of an unfinished task; `current` are the children of its last attempt."""
    limit = _call(calls, TIMEOUT)
    if limit is not None:
        yield Timer(TIMEOUT, limit.due, {'_timeout': limit.arguments['timeout']})
    policy = _policy(task)
    if policy == 'wait-after':
        yield from _end_of_wait(execution, _call(calls, COMPLETE), _outcome(task, current), now)
    elif policy is not None:
        yield from _next_attempt(execution, _call(calls, CONTINUE), now)
    elif task.state in (states.RUNNING, states.PAUSED) and (outcome := _outcome(task, current)):
        # The last result was stored, the message about it lost.
        yield _completion(outcome, now)
    elif task.state in (states.RUNNING, states.IDLE) and not current and not task.has_items:
        yield from _next_attempt(execution, None, now)


def _policy(task: Task) -> str | None:
    """The policy for which a task waits, be it a join that is to be looked at again."""
    found = _DELAYED.match(task.state_info or '')
    if task.state == states.DELAYED:
        return found[1] if found else 'retry'
    return found[1] if found and task.state == states.WAITING else None


def _call(calls: Sequence[Call], kind: str) -> Call | None:
    fitting = [call for call in calls if call.function in _FUNCTIONS[kind]]
    return min(fitting, key=lambda call: call.due, default=None)


def _next_attempt(execution: Execution, call: Call | None, now: datetime) -> Iterator[Timer]:
    """In an execution that has ended nothing is started unless Mistral 23 would start it."""
    if call is not None:
        yield Timer(CONTINUE, call.due)
    elif not execution.has_ended:
        yield Timer(CONTINUE, now)


def _end_of_wait(
    execution: Execution, call: Call | None, outcome: _Outcome | None, now: datetime
) -> Iterator[Timer]:
    if call is not None:
        yield _completion((call.arguments['state'], call.arguments['state_info']), call.due)
    elif not execution.has_ended:
        yield _completion(outcome or (states.SUCCESS, None), now)


def _completion(outcome: _Outcome, due: datetime) -> Timer:
    state, reason = outcome
    return Timer(COMPLETE, due, {'_outcome': {'state': state, 'state_info': reason}})


def _outcome(task: Task, current: Mapping[int, Child]) -> _Outcome | None:
    """How a task ends; None if it still waits for a child."""
    found = {child.state for child in current.values()}
    if task.has_items and states.CANCELLED in found:
        return states.CANCELLED, SOME_CANCELLED
    is_over = bool(current) and found <= states.COMPLETED
    if not task.has_items:
        (child,) = current.values() if is_over else (None,)
        return (child.state, _reason(child)) if child is not None else None
    if not is_over or len(current) < task.runtime_context['with_items']['count']:
        return None
    return (states.ERROR, SOME_FAILED) if states.ERROR in found else (states.SUCCESS, None)


def _reason(child: Child) -> str | None:
    result = (child.output or {}).get('result')
    return None if child.state == states.SUCCESS or not result else str(result)
