"""The result of a task execution: derived from what its accepted children gave, never stored."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from mistral.context import RequestContext
from mistral.db.query import Filter, ListQuery, Sort
from mistral.db.repositories import Repositories

#: What is needed of a task to tell its result.
TASK_COLUMNS: Final = ('id', 'type', 'spec', 'action_spec')


@dataclass(frozen=True, slots=True)
class ChildResult:
    """What an accepted action or sub-workflow gave; `index` is its item's in a with-items task."""

    index: int
    value: Any


def of_action(row: Mapping[str, Any]) -> ChildResult:
    """An action execution's result; `row` has runtime_context and output."""
    return ChildResult(
        index=(row['runtime_context'] or {}).get('index') or 0,
        value=(row['output'] or {}).get('result'),
    )


def of_execution(row: Mapping[str, Any]) -> ChildResult:
    """A sub-workflow's result, its whole output; `row` has params and output."""
    return ChildResult(index=(row['params'] or {}).get('index') or 0, value=row['output'])


def task_result(*, with_items: bool, children: Sequence[ChildResult]) -> Any:
    """The task's result; `children` are accepted ones in the order of their creation.

    A with-items task gives a list in the order of its items, however many there are. Any other
    task gives its only child's value, or a list when there is not exactly one (a task that ran
    several times, as joins can).
    """
    if with_items:
        return [child.value for child in sorted(children, key=lambda child: child.index)]
    if len(children) == 1:
        return children[0].value
    return [child.value for child in children]


def has_items(task: Mapping[str, Any]) -> bool:
    """Tell whether a task is repeated for items, by the specification in its row.

    It is in `action_spec`; tasks that Mistral 23 has left have it in `spec`.
    """
    return 'with-items' in (task['action_spec'] or task['spec'] or {})


def read_task_results(
    conn: Any,
    repositories: Repositories,
    tasks: Sequence[Mapping[str, Any]],
    caller: RequestContext,
) -> dict[str, Any]:
    """The results of tasks that the caller may see by their ids, in at most two queries.

    The rows have `TASK_COLUMNS`.
    """
    query = ListQuery(
        filters=(
            Filter('task_execution_id', 'in', tuple(task['id'] for task in tasks)),
            Filter('accepted', 'eq', True),
        ),
        sort=(Sort('created_at'), Sort('seq')),
        columns=('id', 'task_execution_id', 'output', 'runtime_context'),
        all_projects=True,
    )
    children: dict[str, list[ChildResult]] = defaultdict(list)
    for row in repositories.action_executions.list(conn, query, caller):
        children[row['task_execution_id']].append(of_action(row))
    if any(task['type'] == 'WORKFLOW' for task in tasks):
        columns = ('id', 'task_execution_id', 'output', 'params')
        query = replace(query, sort=(Sort('created_at'),), columns=columns)
        for row in repositories.executions.list(conn, query, caller):
            children[row['task_execution_id']].append(of_execution(row))
    return {
        task['id']: task_result(with_items=has_items(task), children=children[task['id']])
        for task in tasks
    }
