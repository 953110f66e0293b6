"""The text that says why a workflow has failed."""

from collections.abc import Iterator, Sequence
from typing import Any

from mistral import states
from mistral.workflow.model import NOT_LOADED, ChildExecution, TaskExecution
from mistral.workflow.turn import Turn


def failure_report(turn: Turn, tasks: Sequence[TaskExecution]) -> str:
    """Name the tasks whose error nothing handled, each with the children that failed."""
    tasks = sorted(tasks, key=lambda task: task.name)
    _load(turn, tasks)
    lines = ['Failure caused by error in tasks: ' + ', '.join(task.name for task in tasks), '']
    for task in tasks:
        lines.append(f'  {task.name} [task_ex_id={task.id}] -> {task.state_info}')
        lines.extend(_children_lines(task))
        lines.append('')
    return '\n'.join(lines)


def _children_lines(task: TaskExecution) -> Iterator[str]:
    for position, child in enumerate(task.children):
        if child.state == states.ERROR:
            kind = 'wf' if child.kind == 'workflow' else 'action'
            yield f'    [{kind}_ex_id={child.id}, idx={position}]: {_reason(child)}'


def _reason(child: ChildExecution) -> Any:
    output = child.output or {}
    return output.get('result', 'Unknown')


def _load(turn: Turn, tasks: Sequence[TaskExecution]) -> None:
    missing = [
        child
        for task in tasks
        for child in task.children
        if child.state == states.ERROR and child.output is NOT_LOADED
    ]
    if missing:
        turn.ports.load_outputs(missing)
