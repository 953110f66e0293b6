"""What becomes of an execution that Mistral 23 has left: how the engine notes the same things.

Most of what the engine knows and Mistral 23 does not is told from the states of tasks and children.
What Mistral 23 had still to do, delayed calls and messages on their way, becomes jobs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mistral import states
from mistral.db.store.jobs import Job
from mistral.db.takeover import tasks
from mistral.db.takeover.left import Call, Execution, Task
from mistral.db.takeover.numbering import number
from mistral.lang.specs import ENGINE_COMMANDS
from mistral.utils.ids import new_id
from mistral.workflow.events import Recover, Resume

#: Delayed calls by the id of their task.
Calls = Mapping[str, Sequence[Call]]


@dataclass(slots=True)
class TakenOver:
    """Changes of rows by ids, new jobs, and tasks to be deleted: they are to be created anew."""

    state: str
    runtime_context: dict[str, Any]
    numbers: dict[str, int]
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    children: dict[str, dict[str, Any]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)


def translate(execution: Execution, calls: Calls, now: datetime) -> TakenOver:
    """Tell what has to be written so that the engine can go on with an execution.

    `tasks` and `children` of the result are runtime contexts.
    """
    numbers = number(execution.tasks)
    taken = TakenOver(execution.state, _execution_context(execution), numbers)
    for task in sorted(execution.tasks, key=lambda task: numbers[task.id]):
        if not execution.has_ended and tasks.was_not_started(task):
            _create_anew(task, taken)
            continue
        translated = tasks.translate(execution, task, calls.get(task.id, ()), numbers, now)
        taken.tasks[task.id] = translated.runtime_context
        taken.children |= translated.children
        taken.jobs += translated.jobs
    if not execution.has_ended:
        _go_on(execution, taken, now)
    return taken


def _execution_context(execution: Execution) -> dict[str, Any]:
    context = dict(execution.runtime_context)
    backlog = context.pop('backlog_commands', None)
    if backlog:
        context['_backlog'] = [_step(command) for command in backlog]
    if execution.workbook:
        # Without it the name of the workflow tells.
        context['_workbook'] = execution.workbook
    if execution.state == states.PAUSED:
        for task in execution.tasks:
            if tasks.failed_hard(task):
                context['_hard_error'] = _first_lines(task.state_info or '')
    return context


def _first_lines(text: str) -> str:
    """A reason without the traceback that Mistral 23 adds to it."""
    return text.partition('\nTraceback')[0]


def _step(command: Mapping[str, Any]) -> dict[str, Any]:
    """A step that waits for the execution to be resumed."""
    triggers = command.get('triggered_by') or [{}]
    source_id = triggers[0].get('task_id')
    # Only steps that do not start a task bring a state.
    if command['cmd_name'] in ENGINE_COMMANDS and 'new_state' in command:
        message = command.get('msg')
        return {'command': command['cmd_name'], 'message': message, 'source_id': source_id}
    event = triggers[0].get('event')
    return {'task': command['task_name'], 'source_id': source_id, 'event': event}


def _create_anew(task: Task, taken: TakenOver) -> None:
    """A task whose start was lost is created again on resume, with all its policies."""
    taken.removed.append(task.id)
    trigger = (task.triggered_by or [{}])[0]
    step = {
        'task': task.name,
        'source_id': trigger.get('task_id'),
        'event': trigger.get('event'),
    }
    taken.runtime_context.setdefault('_backlog', []).append(step)


def _go_on(execution: Execution, taken: TakenOver, now: datetime) -> None:
    """Have the engine look for what was left undone.

    A running execution with steps that only a resume takes up is paused, and resumed at once.
    """
    events: list[Recover | Resume] = [Recover()]
    if execution.state == states.RUNNING and _needs_resume(execution, taken):
        taken.state = states.PAUSED
        events.append(Resume())
    taken.jobs += (Job(new_id(), execution.id, event, now) for event in events)


def _needs_resume(execution: Execution, taken: TakenOver) -> bool:
    return '_backlog' in taken.runtime_context or any(
        tasks.was_held(task)
        or (task.is_completed and not task.processed and not tasks.failed_hard(task))
        for task in execution.tasks
    )
