"""Rows of actions, as bare as the store of hand-overs needs them."""

import functools
from typing import Any

from sqlalchemy import insert, select

from mistral.db.database import Database
from mistral.db.models import action_executions, task_executions, workflow_executions
from mistral.tests.unit.db.support import NOON


class Actions:
    """Running synchronous actions that were created at noon, unless other columns are given."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, id_: str, execution: str | None = 'e', **columns: Any) -> str:
        """Add an action of a task of an execution (None: it is run on its own)."""
        usual = {'state': 'RUNNING', 'is_sync': True, 'created_at': NOON, 'name': 'std.noop'}
        if execution is not None:
            usual['task_execution_id'] = self._task_of(execution)
        with self._database.transaction() as connection:
            connection.execute(insert(action_executions), {'id': id_, **usual, **columns})
        return id_

    def row(self, id_: str, *columns: str) -> Any:
        """The values of columns of an action; of one column, that value."""
        query = select(*(action_executions.c[column] for column in columns))
        with self._database.read() as connection:
            found = tuple(connection.execute(query.where(action_executions.c.id == id_)).one())
        return found[0] if len(columns) == 1 else found

    @functools.cache  # noqa: B019 - it lives as long as a test
    def _task_of(self, execution: str) -> str:
        task_id = f'task of {execution}'
        with self._database.transaction() as connection:
            connection.execute(insert(workflow_executions), {'id': execution})
            connection.execute(
                insert(task_executions), {'id': task_id, 'workflow_execution_id': execution}
            )
        return task_id
