"""Who the actions of executions run as: one row for a whole tree of executions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select, update

from mistral.db.chunks import chunks
from mistral.db.models import execution_callers

_CALLER = execution_callers.c


@dataclass(frozen=True, slots=True)
class StoredCaller:
    """`content` is text for this store, `trust_id` the trust that it rests on."""

    content: str = field(repr=False)
    project_id: str
    trust_id: str | None = None


def add(connection: Connection, callers: Mapping[str, StoredCaller]) -> None:
    """Store callers by the ids of root executions that have none yet."""
    connection.execute(
        insert(execution_callers),
        [
            {'execution_id': id_, 'content': caller.content, 'trust_id': caller.trust_id}
            for id_, caller in sorted(callers.items())
        ],
    )


def replace(connection: Connection, execution_id: str, caller: StoredCaller) -> bool:
    """Change the caller of a root execution; tells whether it has one."""
    statement = update(execution_callers).where(_CALLER.execution_id == execution_id)
    changed = connection.execute(statement.values(content=caller.content, trust_id=caller.trust_id))
    return bool(changed.rowcount)


def get(connection: Connection, execution_id: str) -> str | None:
    """The content stored for a root execution."""
    query = select(_CALLER.content).where(_CALLER.execution_id == execution_id)
    content: str | None = connection.execute(query).scalar()
    return content


def remove(connection: Connection, execution_ids: Sequence[str]) -> None:
    for chunk in chunks(execution_ids):
        connection.execute(delete(execution_callers).where(_CALLER.execution_id.in_(chunk)))
