"""Definitions of workbooks that were stored before Mistral noted which workbook they belong to."""

from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from mistral.db.models import action_definitions, workflow_definitions


def name_workbooks(connection: Connection) -> None:
    """Note the workbooks of such definitions: their names show them."""
    for table in (workflow_definitions, action_definitions):
        columns = table.c
        query = select(columns.id, columns.name, columns.spec).where(
            columns.workbook_name.is_(None), columns.name.contains('.')
        )
        found = [
            {'of_id': id_, 'new_name': workbook}
            for id_, name, spec in connection.execute(query)
            if (workbook := _workbook(name, spec or {}))
        ]
        if found:
            statement = update(table).where(columns.id == bindparam('of_id'))
            connection.execute(statement.values(workbook_name=bindparam('new_name')), found)


def _workbook(name: str, spec: dict[str, Any]) -> str | None:
    """A member is stored as `workbook.member`, but its text has the short name only."""
    ending = f'.{spec.get("name")}'
    return name.removesuffix(ending) if name.endswith(ending) else None
