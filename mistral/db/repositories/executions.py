"""Workflow executions and action executions."""

from collections.abc import Iterator

from sqlalchemy import Connection, delete, select

from mistral.db import models
from mistral.db.chunks import chunks
from mistral.db.repositories.kinds import ACTION_EXECUTION
from mistral.db.repositories.repository import Repository, Row


class ExecutionRepository(Repository):
    def _delete(self, conn: Connection, row: Row) -> None:
        """Delete the execution with all below it, the deepest first.

        Foreign keys take the tasks and actions along. They could take sub-workflows, too, but
        databases limit how deep that goes.
        """
        levels = list(_levels(conn, row['id']))
        for level in reversed(levels):
            for batch in chunks(level):
                jobs, executions = models.scheduled_jobs, models.workflow_executions
                conn.execute(delete(jobs).where(jobs.c.key.in_(batch)))
                conn.execute(delete(executions).where(executions.c.id.in_(batch)))


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


def _levels(conn: Connection, root_id: str) -> Iterator[list[str]]:
    """The ids of an execution, of those that its tasks started, of those below them ..."""
    executions, tasks = models.workflow_executions, models.task_executions
    children = select(executions.c.id).join(tasks, executions.c.task_execution_id == tasks.c.id)
    parent = tasks.c.workflow_execution_id
    level = [root_id]
    while level:
        yield level
        found = (conn.execute(children.where(parent.in_(batch))) for batch in chunks(level))
        level = [child for result in found for child in result.scalars()]
