"""Event triggers as event engines see them: all of them, of all projects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from mistral.db.models import event_triggers, workflow_definitions

_TRIGGER: Final = event_triggers.c
_COLUMNS: Final = [
    _TRIGGER[name]
    for name in (
        'id', 'name', 'scope', 'project_id', 'exchange', 'topic', 'event', 'workflow_id',
        'workflow_input', 'workflow_params', 'trust_id',
    )
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class EventTrigger:
    """A workflow, and the notifications that start it."""

    id: str
    exchange: str
    topic: str
    event: str
    workflow_id: str
    namespace: str = ''
    name: str = ''
    project_id: str = ''
    is_public: bool = False
    workflow_input: Mapping[str, Any] = field(default_factory=dict)
    workflow_params: Mapping[str, Any] = field(default_factory=dict)
    trust_id: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """Tells whether triggers have changed: how many there are, and the time of the last change.

    Times are whole seconds, so a second change within the same one is not seen by this.
    """

    count: int
    changed_at: datetime | None


def summary(connection: Connection) -> Summary:
    latest = func.max(func.coalesce(_TRIGGER.updated_at, _TRIGGER.created_at))
    count, changed_at = connection.execute(select(func.count(), latest)).one()
    return Summary(count, changed_at)


def load_all(connection: Connection) -> list[EventTrigger]:
    workflows = workflow_definitions.c
    query = (
        select(*_COLUMNS, workflows.namespace)
        .outerjoin(workflow_definitions, workflows.id == _TRIGGER.workflow_id)
        .order_by(_TRIGGER.id)
    )
    return [
        EventTrigger(
            id=row['id'],
            exchange=row['exchange'],
            topic=row['topic'],
            event=row['event'],
            workflow_id=row['workflow_id'],
            namespace=row['namespace'] or '',
            name=row['name'] or '',
            project_id=row['project_id'],
            is_public=row['scope'] == 'public',
            workflow_input=row['workflow_input'] or {},
            workflow_params=row['workflow_params'] or {},
            trust_id=row['trust_id'],
        )
        for row in connection.execute(query).mappings()
    ]
