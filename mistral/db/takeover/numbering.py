"""The order in which the tasks of an execution, and their children, were created.

Mistral 23 notes the second only. What happened within one second is told apart by what led to what.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from mistral.db.takeover.left import Child, Task

#: A child comes one generation after its task, what the task led to comes after its children.
_CHILD: Final = 1
_NEXT_TASK: Final = 2

_ById: TypeAlias = Mapping[str, Task]


def number(tasks: Sequence[Task]) -> dict[str, int]:
    """Numbers by ids of tasks and children: what was created later has the higher one."""
    by_id = {task.id: task for task in tasks}
    generations = _generations(tasks, by_id)
    order: list[tuple[datetime, int, str]] = []
    for task in tasks:
        order.append((task.created_at, generations[task.id], task.id))
        for child in task.children:
            generation = _generation_of_run(task, child.created_at, by_id, generations) + _CHILD
            order.append((child.created_at, generation, child.id))
    return {id_: position for position, (_, _, id_) in enumerate(sorted(order))}


def ran_at(join: Task, numbers: Mapping[str, int]) -> int | None:
    """The number from which on children belong to the last run of a join; None if it has none."""
    return min((numbers[child.id] for child in of_last_run(join)), default=None)


def of_last_run(task: Task) -> list[Child]:
    """The children of a task; of a join only those since it was opened for the last time."""
    since = task.started_at if task.is_join else None
    return [child for child in task.children if since is None or child.created_at >= since]


def _generations(tasks: Sequence[Task], by_id: _ById) -> dict[str, int]:
    """How many generations lie between a task and the first ones of its second."""
    seconds: dict[datetime, list[Task]] = defaultdict(list)
    for task in tasks:
        seconds[task.created_at].append(task)
    known = dict.fromkeys(by_id, 0)
    for second, created in seconds.items():
        # Each round gets one generation further. Loops end with the rounds.
        for _ in created:
            found = {task.id: _generation(task, second, by_id, known) for task in created}
            if all(known[id_] == generation for id_, generation in found.items()):
                break
            known |= found
    return known


def _generation(task: Task, second: datetime, by_id: _ById, known: Mapping[str, int]) -> int:
    """A join is created by one of those that lead to it, the others may be younger."""
    if task.is_join:
        return 0
    return max(
        (
            _generation_of_run(source, second, by_id, known) + _NEXT_TASK
            for source in _sources(task, by_id)
        ),
        default=0,
    )


def _generation_of_run(task: Task, second: datetime, by_id: _ById, known: Mapping[str, int]) -> int:
    """The generation of a task in this second; 0 for one from before.

    A join runs when all that led to it have ended.
    """
    if not task.is_join:
        return known[task.id] if task.created_at == second else 0
    return max(
        (
            known[source.id] + _NEXT_TASK
            for source in _sources(task, by_id)
            if source.created_at == second
        ),
        default=0,
    )


def _sources(task: Task, by_id: _ById) -> Iterator[Task]:
    for trigger in task.triggered_by:
        if trigger['task_id'] in by_id:
            yield by_id[trigger['task_id']]
