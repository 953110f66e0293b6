"""Checks on how the tasks of a workflow hang together."""

from collections.abc import Collection, Iterator
from typing import Final

from mistral.lang.graph import (
    WorkflowGraph,
    compile_workflow,
    effective_requires,
    effective_transitions,
)
from mistral.lang.problems import Place
from mistral.lang.shapes import did_you_mean
from mistral.lang.specs import ENGINE_COMMANDS, TaskDefaultsSpec, TaskSpec, WorkflowSpec
from mistral.lang.v2 import on_clause

#: Looking for similar names takes time, and nobody reads many hints at once.
_MAX_HINTS: Final = 10


def check(place: Place, spec: WorkflowSpec, task_names: Collection[str]) -> None:
    """Check the tasks that could be built against the names of all tasks.

    What depends on the whole graph is checked only if it is complete and leads nowhere else, so
    that one mistake is not reported twice.
    """
    graph = compile_workflow(spec) if len(spec.tasks) == len(task_names) else None
    if graph and spec.type == 'direct':
        _check_start_tasks(place, graph)
    is_known = _check_names(place, spec, task_names)
    if graph and is_known:
        _check_joins(place, graph)
        _check_requirements(place, graph)


def _check_start_tasks(place: Place, graph: WorkflowGraph) -> None:
    if not graph.start_tasks:
        place.at('tasks').problem(
            'Failed to find start tasks in direct workflow. There must be at least one task'
            f' without inbound transition.[workflow_name={graph.spec.name}]'
        )


def _check_names(place: Place, spec: WorkflowSpec, task_names: Collection[str]) -> bool:
    """Report each unknown name once, where it first stands."""
    read = _transitions if spec.type == 'direct' else _requirements
    defaults = spec.task_defaults or TaskDefaultsSpec()
    known = {*task_names, *(ENGINE_COMMANDS if spec.type == 'direct' else ())}
    reported: set[str] = set()
    for task in spec.tasks.values():
        for name, where in read(place, task, defaults):
            if name not in known and name not in reported:
                is_hinted = len(reported) < _MAX_HINTS
                hint = did_you_mean(name, task_names) if is_hinted else None
                where.problem(f"Task '{name}' not found.", hint)
                reported.add(name)
    return not reported


def _transitions(
    place: Place, task: TaskSpec, defaults: TaskDefaultsSpec
) -> Iterator[tuple[str, Place]]:
    """The tasks that a task leads to, and where it says so."""
    for clause, transitions in effective_transitions(task, defaults).items():
        own = task.on_clauses.get(clause)
        if own and own.next:
            for path, transition in zip(
                on_clause.entry_paths(task.raw[clause]), own.next, strict=True
            ):
                yield transition.target, place.at('tasks', task.name, clause, *path)
        else:
            for transition in transitions:
                yield transition.target, place.at('task-defaults', clause)


def _requirements(
    place: Place, task: TaskSpec, defaults: TaskDefaultsSpec
) -> Iterator[tuple[str, Place]]:
    """The tasks that a task requires, and where it says so."""
    for name in effective_requires(task, defaults):
        is_own = name in task.requires
        yield name, place.at(*(('tasks', task.name) if is_own else ('task-defaults',)), 'requires')


def _check_joins(place: Place, graph: WorkflowGraph) -> None:
    """Report all joins that can never be complete, in one text with a line for each."""
    failures = {name: text for name in graph.nodes if (text := _join_failure(graph, name))}
    if failures:
        first = next(iter(failures))
        place.at('tasks', first, 'join').problem('\n'.join(failures.values()))


def _join_failure(graph: WorkflowGraph, name: str) -> str | None:
    node = graph.nodes[name]
    join, inbound = node.spec.join, len(node.inbound)
    if join == 'all':
        return None if inbound else f"No inbound tasks for task with 'join: all' [task_name={name}]"
    if join is None or join <= inbound:
        return None
    return (
        f"Not enough inbound tasks for task with 'join'"
        f' [task_name={name}, join={join}, inbound_tasks={inbound}]'
    )


def _check_requirements(place: Place, graph: WorkflowGraph) -> None:
    """Tasks that require each other in a circle can never run."""
    circle = _find_circle(graph)
    if circle:
        place.at('tasks', circle[0], 'requires').problem(
            f'Tasks require each other in a circle: {" -> ".join([*circle, circle[0]])}',
            'Remove one of these requirements.',
        )


def _find_circle(graph: WorkflowGraph) -> list[str]:
    """The tasks of a circle, each requiring the next one; depth first, without recursion."""
    done: set[str] = set()
    for root in graph.nodes:
        path: dict[str, Iterator[str]] = {}
        following = None if root in done else root
        while following or path:
            if following:
                path[following] = iter(graph.nodes[following].requires)
            current = next(reversed(path))
            following = next((name for name in path[current] if name not in done), None)
            if following is None:
                done.add(current)
                del path[current]
            elif following in path:
                names = list(path)
                return names[names.index(following) :]
    return []
