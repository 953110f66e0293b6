"""A workflow execution with what is below it, read in a few queries for each level."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mistral import states
from mistral.context import RequestContext
from mistral.db.chunks import chunks
from mistral.db.query import Filter, ListQuery, Sort
from mistral.db.repositories import Repositories, Repository, Row

#: Tasks and actions that were created within the same second are numbered.
_BY_CREATION: Final = (Sort('created_at'), Sort('seq'))


@dataclass(frozen=True)
class ExecutionTree:
    """Rows by what they belong to: tasks by execution, executions and actions by task."""

    tasks: Mapping[str, Sequence[Row]]
    executions: Mapping[str, Sequence[Row]]
    actions: Mapping[str, Sequence[Row]]

    def walk(self, execution: Row) -> Iterator[Row]:
        """The execution and those below it, depth first."""
        waiting = [execution]
        while waiting:
            row = waiting.pop()
            yield row
            tasks = self.tasks.get(row['id'], ())
            started = [child for task in tasks for child in self.executions.get(task['id'], ())]
            waiting += reversed(started)


class ExecutionTreeReader:
    """Reads what is below executions level by level, and nothing that is not wanted."""

    def __init__(
        self,
        conn: Any,
        repositories: Repositories,
        caller: RequestContext,
        *,
        execution_columns: Sequence[str],
        task_columns: Sequence[str] = (),
        action_columns: Sequence[str] | None = None,
    ) -> None:
        """Actions are read only if columns are given for them."""
        self._conn = conn
        self._repositories = repositories
        self._caller = caller
        self._execution_columns = ('id', *execution_columns, 'task_execution_id')
        self._task_columns = ('id', *task_columns, 'workflow_execution_id', 'state')
        self._action_columns = action_columns

    def read(
        self, execution_ids: Sequence[str], *, errors_only: bool = False, levels: int | None = None
    ) -> ExecutionTree:
        """What is below executions: their tasks with what these have started, and so on.

        `levels` is how often that is done, None all the way down; `errors_only` leaves out tasks in
        other states than ERROR with all below them.
        """
        wanted = (Filter('state', 'eq', states.ERROR),) if errors_only else ()
        tasks: list[Row] = []
        executions: list[Row] = []
        actions: list[Row] = []
        level = execution_ids
        while level and levels != 0:
            found = self._tasks(level, wanted)
            task_ids = [task['id'] for task in found]
            started = self.started_by(task_ids)
            tasks += found
            executions += started
            actions += self._actions(task_ids)
            level = [execution['id'] for execution in started]
            levels = None if levels is None else levels - 1
        return ExecutionTree(
            tasks=_grouped(tasks, 'workflow_execution_id'),
            executions=_grouped(executions, 'task_execution_id'),
            actions=_grouped(actions, 'task_execution_id'),
        )

    def started_by(self, task_ids: Sequence[str]) -> list[Row]:
        """The executions that tasks have started."""
        return self._rows(
            self._repositories.executions,
            ('task_execution_id', task_ids),
            self._execution_columns,
            sort=(Sort('created_at'),),
        )

    def _tasks(self, execution_ids: Sequence[str], wanted: tuple[Filter, ...]) -> list[Row]:
        return self._rows(
            self._repositories.tasks,
            ('workflow_execution_id', execution_ids),
            self._task_columns,
            wanted,
        )

    def _actions(self, task_ids: Sequence[str]) -> list[Row]:
        if self._action_columns is None:
            return []
        return self._rows(
            self._repositories.action_executions,
            ('task_execution_id', task_ids),
            ('id', *self._action_columns, 'task_execution_id'),
        )

    def _rows(
        self,
        repository: Repository,
        parents: tuple[str, Sequence[str]],
        columns: Sequence[str],
        wanted: tuple[Filter, ...] = (),
        sort: tuple[Sort, ...] = _BY_CREATION,
    ) -> list[Row]:
        """Those of parents, given as the column that refers to them and their ids."""
        column, ids = parents
        unique = tuple(dict.fromkeys(columns))
        found: list[Row] = []
        for chunk in chunks(ids):
            conditions = (Filter(column, 'in', chunk), *wanted)
            # Whoever may see the root may see what belongs to it.
            query = ListQuery(filters=conditions, sort=sort, columns=unique, all_projects=True)
            found += repository.list(self._conn, query, self._caller)
        return found


def _grouped(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups
