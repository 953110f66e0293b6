"""A workflow execution with everything below it, read in a few queries."""

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

    def tasks_of(self, execution: Row, *, errors_only: bool = False) -> list[Row]:
        return [
            task
            for task in self.tasks.get(execution['id'], ())
            if not errors_only or task['state'] == states.ERROR
        ]

    def walk(
        self, execution: Row, *, errors_only: bool = False, max_depth: int | None = None
    ) -> Iterator[Row]:
        """The execution and those below it, depth first; None goes all the way down."""
        yield execution
        if max_depth is not None and max_depth <= 0:
            return
        below = None if max_depth is None else max_depth - 1
        for task in self.tasks_of(execution, errors_only=errors_only):
            for child in self.executions.get(task['id'], ()):
                yield from self.walk(child, errors_only=errors_only, max_depth=below)


class ExecutionTreeReader:
    """Reads a tree with one query per kind of object, since everything knows its root."""

    def __init__(self, conn: Any, repositories: Repositories, caller: RequestContext) -> None:
        self._conn = conn
        self._repositories = repositories
        self._caller = caller

    def read(
        self,
        root_id: str,
        *,
        execution_columns: Sequence[str],
        task_columns: Sequence[str] = ('id', 'workflow_execution_id', 'state'),
        action_columns: Sequence[str] | None = None,
    ) -> ExecutionTree:
        """The tree of a root execution; actions are read only if columns are given for them."""
        repositories = self._repositories
        executions = self._rows(
            repositories.executions,
            Filter('root_execution_id', 'eq', root_id),
            (*execution_columns, 'task_execution_id'),
            sort=(Sort('created_at'),),
        )
        ids = [root_id, *(row['id'] for row in executions)]
        tasks = list(
            self._batches(
                repositories.tasks, 'workflow_execution_id', ids, ('id', *task_columns, 'state')
            )
        )
        actions: Iterable[Row] = ()
        if action_columns is not None:
            task_ids = [task['id'] for task in tasks]
            columns = ('id', *action_columns, 'task_execution_id')
            actions = self._batches(
                repositories.action_executions, 'task_execution_id', task_ids, columns
            )
        return ExecutionTree(
            tasks=_grouped(tasks, 'workflow_execution_id'),
            executions=_grouped(executions, 'task_execution_id'),
            actions=_grouped(actions, 'task_execution_id'),
        )

    def _batches(
        self, repository: Repository, column: str, ids: Sequence[str], columns: Sequence[str]
    ) -> Iterator[Row]:
        for batch in chunks(ids):
            yield from self._rows(repository, Filter(column, 'in', batch), columns)

    def _rows(
        self,
        repository: Repository,
        condition: Filter,
        columns: Sequence[str],
        sort: tuple[Sort, ...] = _BY_CREATION,
    ) -> list[Row]:
        unique = tuple(dict.fromkeys(columns))
        # Whoever may see the root may see what belongs to it.
        query = ListQuery(filters=(condition,), sort=sort, columns=unique, all_projects=True)
        return list(repository.list(self._conn, query, self._caller))


def _grouped(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups
