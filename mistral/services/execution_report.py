"""The report of an execution: its tree and how many of its tasks are in which state."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mistral import states
from mistral.db.repositories import Row
from mistral.services.execution_tree import ExecutionTree

_COUNTED: Final = (states.RUNNING, states.SUCCESS, states.ERROR, states.IDLE, states.PAUSED)

#: What the report says about all tasks together.
STATISTICS: Final = (
    'total_tasks_count',
    *(f'{state.lower()}_tasks_count' for state in _COUNTED),
    'estimated_time',
)

#: Earlier successes that the estimate is the mean of.
ESTIMATE_SAMPLE: Final = 20

EXECUTION_COLUMNS: Final = ('id', 'name', 'created_at', 'updated_at', 'state', 'state_info')
TASK_COLUMNS: Final = (*EXECUTION_COLUMNS, 'workflow_execution_id', 'runtime_context')
ACTION_COLUMNS: Final = ('accepted', 'last_heartbeat', *EXECUTION_COLUMNS)


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """`max_depth` None goes all the way down; 0 shows the root's tasks and what they started."""

    max_depth: int | None = None
    statistics_only: bool = False


def build_report(
    tree: ExecutionTree, root: Row, options: ReportOptions, estimated_time: int
) -> dict[str, Any]:
    """The report as rows with their times still as datetimes."""
    counts: Counter[str] = Counter()
    root_entry = _execution_entry(tree, root, options, counts, depth=0)
    statistics = {
        'total_tasks_count': counts.total(),
        **{f'{state.lower()}_tasks_count': counts[state] for state in _COUNTED},
        'estimated_time': estimated_time,
    }
    if options.statistics_only:
        return {'statistics': statistics}
    return {'statistics': statistics, 'root_workflow_execution': root_entry}


def estimate_seconds_left(
    root: Mapping[str, Any],
    earlier: Sequence[Mapping[str, Any]],
    now: datetime.datetime,
) -> int:
    """Seconds until the execution may be done, by its workflow's earlier successes.

    0 unless it is running, -1 if there is nothing to compare with; times are naive UTC.
    """
    if root['state'] != states.RUNNING:
        return 0
    if not earlier:
        return -1
    durations = [(row['updated_at'] - row['created_at']).total_seconds() for row in earlier]
    elapsed = (now - root['created_at']).total_seconds()
    return max(1, int(sum(durations) / len(durations) - elapsed))


def _execution_entry(
    tree: ExecutionTree, row: Row, options: ReportOptions, counts: Counter[str], depth: int
) -> dict[str, Any]:
    entry = {name: row[name] for name in EXECUTION_COLUMNS}
    if options.max_depth is not None and depth > options.max_depth:
        return entry
    tasks = []
    for task in tree.tasks.get(row['id'], ()):
        counts[task['state']] += 1
        tasks.append(_task_entry(tree, task, options, counts, depth))
    return {'task_executions': tasks, **entry}


def _task_entry(
    tree: ExecutionTree, task: Row, options: ReportOptions, counts: Counter[str], depth: int
) -> dict[str, Any]:
    actions = [_action_entry(action) for action in tree.actions.get(task['id'], ())]
    executions = [
        _execution_entry(tree, child, options, counts, depth + 1)
        for child in tree.executions.get(task['id'], ())
    ]
    entry: dict[str, Any] = {'action_executions': actions, 'workflow_executions': executions}
    retries = ((task['runtime_context'] or {}).get('retry_task_policy') or {}).get('retry_no')
    if retries is not None:
        entry['retry_count'] = retries
    return entry | {name: task[name] for name in EXECUTION_COLUMNS}


def _action_entry(action: Row) -> dict[str, Any]:
    """Its creation is the first sign of life, and the only one that needs no executor."""
    entry = {name: action[name] for name in ACTION_COLUMNS}
    return entry | {'last_heartbeat': action['last_heartbeat'] or action['created_at']}
