"""Deleting workflow executions with everything below them."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from mistral.db.chunks import chunks
from mistral.db.models import scheduled_jobs, task_executions, workflow_executions


def delete_with_all_below(connection: Connection, execution_ids: Sequence[str]) -> None:
    """Delete executions, the sub-workflows below them and the jobs of all of these.

    Foreign keys take tasks and actions along. They could take sub-workflows, too, but MariaDB and
    MySQL follow them down to 15 levels only, and refuse to delete what has more.
    """
    for level in reversed(list(_levels(connection, execution_ids))):
        for chunk in chunks(sorted(level)):
            connection.execute(delete(scheduled_jobs).where(scheduled_jobs.c.key.in_(chunk)))
            executions = delete(workflow_executions)
            connection.execute(executions.where(workflow_executions.c.id.in_(chunk)))


def _levels(connection: Connection, execution_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids of executions, of those that their tasks started, of those below them ..."""
    level = execution_ids
    while level:
        yield level
        found = (connection.execute(_started_by(chunk)) for chunk in chunks(level))
        level = [child for result in found for child in result.scalars()]


def _started_by(execution_ids: Sequence[str]) -> Select[Any]:
    executions, tasks = workflow_executions, task_executions
    return (
        select(executions.c.id)
        .join(tasks, executions.c.task_execution_id == tasks.c.id)
        .where(tasks.c.workflow_execution_id.in_(execution_ids))
    )
