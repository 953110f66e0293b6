"""What is still going on, for the recovery after a crash."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select, update

from mistral import states
from mistral.db.chunks import chunks
from mistral.db.models import action_executions, task_executions, workflow_executions
from mistral.db.times import utc_now


def running_executions(connection: Connection) -> list[str]:
    """The ids of all running workflow executions, the oldest first."""
    columns = workflow_executions.c
    query = select(columns.id).where(columns.state == states.RUNNING).order_by(columns.created_at)
    return list(connection.execute(query).scalars())


def running_actions(connection: Connection) -> Mapping[str, list[str]]:
    """The running synchronous actions of tasks by workflow execution."""
    columns = action_executions.c
    query = (
        select(task_executions.c.workflow_execution_id, columns.id)
        .join(task_executions, columns.task_execution_id == task_executions.c.id)
        .where(columns.state == states.RUNNING, columns.is_sync.is_(True))
    )
    found: dict[str, list[str]] = {}
    for execution_id, action_id in connection.execute(query):
        found.setdefault(execution_id, []).append(action_id)
    return found


def fail_direct_actions(
    connection: Connection, reason: str, action_ids: Sequence[str] | None = None
) -> None:
    """End running synchronous actions that belong to no task: these, or all of them."""
    columns = action_executions.c
    end = (
        update(action_executions)
        .where(
            columns.state == states.RUNNING,
            columns.is_sync.is_(True),
            columns.task_execution_id.is_(None),
        )
        .values(state=states.ERROR, accepted=True, output={'result': reason}, updated_at=utc_now())
    )
    if action_ids is None:
        connection.execute(end)
    else:
        for chunk in chunks(action_ids):
            connection.execute(end.where(columns.id.in_(chunk)))
