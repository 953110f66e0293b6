"""Rows of actions that were run outside any workflow."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from mistral import states
from mistral.db.models import action_executions
from mistral.db.store.rows import Row
from mistral.db.times import utc_now


def get(connection: Connection, action_execution_id: str) -> Row | None:
    query = select(action_executions).where(action_executions.c.id == action_execution_id)
    return connection.execute(query).mappings().first()


def add(connection: Connection, row: Row) -> None:
    connection.execute(insert(action_executions), dict(row))


def change(connection: Connection, action_execution_id: str, changes: Mapping[str, Any]) -> bool:
    """Change an action that has not ended yet; tells whether there was one."""
    statement = update(action_executions).where(
        action_executions.c.id == action_execution_id,
        action_executions.c.state.not_in(states.COMPLETED),
    )
    changed = connection.execute(statement.values(updated_at=utc_now(), **changes))
    return bool(changed.rowcount)
