"""Workflow executions and action executions."""

from sqlalchemy import Connection, select

from mistral.db import models
from mistral.db.repositories.kinds import ACTION_EXECUTION
from mistral.db.repositories.repository import Repository, Row
from mistral.db.store import trees


class ExecutionRepository(Repository):
    def _delete(self, conn: Connection, row: Row) -> None:
        trees.delete_with_all_below(conn, [row['id']])


class ActionExecutionRepository(Repository):
    """Rows have the name of their task as `task_name`."""

    def __init__(self) -> None:
        tasks = models.task_executions.c
        task_name = (
            select(tasks.name)
            .where(tasks.id == models.action_executions.c.task_execution_id)
            .scalar_subquery()
        )
        super().__init__(ACTION_EXECUTION, {'task_name': task_name})
