"""Workflow definitions: they can be shared with other projects, and triggers refer to them."""

from sqlalchemy import ColumnElement, Connection, Table, delete, or_, select

from mistral.context import RequestContext
from mistral.db import models
from mistral.db.repositories.repository import Repository, Row
from mistral.exceptions import DBError, NotAllowedException

_TRIGGERS = ((models.cron_triggers, 'cron'), (models.event_triggers, 'event'))


class WorkflowRepository(Repository):
    def _visible(self, caller: RequestContext) -> ColumnElement[bool]:
        members = models.resource_members.c
        shared = select(members.resource_id).where(
            members.resource_type == 'workflow',
            members.member_id == caller.project_id,
            members.status == 'accepted',
        )
        return or_(super()._visible(caller), self._table.c.id.in_(shared))

    def _check_change(self, conn: Connection, row: Row, changed: Row) -> None:
        """What triggers of other projects start must stay visible to them."""
        if row['scope'] == changed['scope'] or changed['scope'] == 'public':
            return
        for table, kind in _TRIGGERS:
            foreign = table.c.project_id != row['project_id']
            if _triggers_of(conn, table, row, foreign):
                raise NotAllowedException(
                    f'Can not update scope of workflow that has {kind} triggers associated in '
                    f'other tenants. {_identity(row)}'
                )

    def _delete(self, conn: Connection, row: Row) -> None:
        for table, kind in _TRIGGERS:
            if triggers := _triggers_of(conn, table, row):
                # The words of Mistral 23, which names no namespace for event triggers.
                namespace = f', namespace={row["namespace"]}' if kind == 'cron' else ''
                raise DBError(
                    f"Can't delete workflow that has {kind} triggers associated. "
                    f'[workflow_identifier={row["name"]}{namespace}], '
                    f'[{kind}_trigger_id(s)={", ".join(triggers)}]'
                )
        members = models.resource_members
        conn.execute(
            delete(members).where(
                members.c.resource_type == 'workflow', members.c.resource_id == row['id']
            )
        )
        super()._delete(conn, row)


def _triggers_of(
    conn: Connection, table: Table, row: Row, *conditions: ColumnElement[bool]
) -> list[str]:
    statement = select(table.c.id).where(table.c.workflow_id == row['id'], *conditions)
    return list(conn.execute(statement.order_by(table.c.id)).scalars())


def _identity(row: Row) -> str:
    return f'[workflow_identifier={row["name"]}, namespace={row["namespace"]}]'
