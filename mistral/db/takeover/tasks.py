"""What becomes of a task that Mistral 23 has left, and of its children."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from mistral import states
from mistral.db.store.jobs import Job
from mistral.db.takeover import numbering, timers
from mistral.db.takeover.left import Call, Child, Execution, Task

#: How Mistral 23 says what has happened to a task; clients see these texts.
_HELD: Final = "Set by 'pause-before' policy"
_FAILED_JOIN: Final = 'Failed by tasks: '
_FAILED_HARD: Final = re.compile(
    r'Failed to (run task|complete (task|action)|handle action (completion|update)) \[error='
)


@dataclass(slots=True)
class TranslatedTask:
    """Runtime contexts of the task and, by id, of its children; what is still to be done."""

    runtime_context: dict[str, Any]
    children: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)


def was_not_started(task: Task) -> bool:
    """Whether a task was created, but the message was lost that should have started it."""
    return task.state == states.IDLE and not was_held(task) and not task.children


def was_held(task: Task) -> bool:
    """Whether a task waits for its workflow to be resumed."""
    return task.state == states.IDLE and task.state_info == _HELD


def failed_hard(task: Task) -> bool:
    """Whether something wrong in the definition has ended a task, so that nothing follows."""
    has_failed = task.state == states.ERROR and not task.processed
    return has_failed and bool(_FAILED_HARD.match(task.state_info or ''))


def translate(
    execution: Execution,
    task: Task,
    calls: Sequence[Call],
    numbers: Mapping[str, int],
    now: datetime,
) -> TranslatedTask:
    current = _current_children(task)
    translated = TranslatedTask(dict(task.runtime_context))
    context = translated.runtime_context
    if was_held(task):
        context['_held'] = True
    if failed_hard(task):
        context['_failed_hard'] = True
    if task.is_join:
        context |= _of_join(execution, task, numbers)
    if task.has_items and not task.is_completed:
        # What is left of this attempt: the items that have not been started.
        count = context['with_items']['count']
        context['_chosen_items'] = [index for index in range(count) if index not in current]
        context['_next_item'] = 0
    _translate_children(task, current, numbers, translated)
    if not task.is_completed and not was_held(task):
        for timer in timers.of_task(execution, task, current, calls, now):
            context |= timer.notes
            context.setdefault('_timers', {})[timer.kind] = timer.id
            translated.jobs.append(timer.job(execution.id, task.id))
    return translated


def _of_join(execution: Execution, join: Task, numbers: Mapping[str, int]) -> dict[str, Any]:
    """When a join has run, or which branches it had when it failed for lack of others."""
    if join.state == states.WAITING:
        return {}
    if join.state == states.ERROR and (join.state_info or '').startswith(_FAILED_JOIN):
        arrived = [
            task.id
            for task in execution.tasks
            if any(name == join.name for name, _ in task.next_tasks)
        ]
        return {'_sources': sorted(arrived, key=numbers.__getitem__)}
    ran_at = numbering.ran_at(join, numbers)
    return {} if ran_at is None else {'_ran_at': ran_at}


def _current_children(task: Task) -> dict[int, Child]:
    """Those of the last attempt by the indexes of their items; none if the next is to begin."""
    if task.state in (states.IDLE, states.WAITING) or timers.waits_for_attempt(task):
        return {}
    counting = [
        child for child in numbering.of_last_run(task) if child.accepted or not child.is_completed
    ]
    return {child.index: child for child in sorted(counting, key=lambda child: child.created_at)}


def _translate_children(
    task: Task,
    current: Mapping[int, Child],
    numbers: Mapping[str, int],
    translated: TranslatedTask,
) -> None:
    superseded = []
    for child in task.children:
        context = dict(child.runtime_context)
        if child.kind == 'workflow':
            context['_seq'] = numbers[child.id]
        # Former runs of a join count on for its result.
        if current.get(child.index) is not child and not child.accepted:
            superseded.append(child)
            if child.kind == 'action':
                context['superseded'] = True
        translated.children[child.id] = context
    workflows = [child.id for child in superseded if child.kind == 'workflow']
    if workflows:
        translated.runtime_context['_superseded'] = workflows
