"""Code sources, and the dynamic actions that name classes in them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from mistral.context import RequestContext
from mistral.db import models
from mistral.db.repositories.kinds import CODE_SOURCE, DYNAMIC_ACTION
from mistral.db.repositories.repository import Repository, Row


class CodeSourceRepository(Repository):
    """Each update of a source raises its `version`."""

    def __init__(self) -> None:
        super().__init__(CODE_SOURCE)

    def update(
        self, conn: Connection, id: str, values: Mapping[str, Any], caller: RequestContext
    ) -> Row:
        locked = self._lock(conn, id, caller, [self._table.c.version])
        return super().update(conn, id, {**values, 'version': locked['version'] + 1}, caller)


class DynamicActionRepository(Repository):
    """Rows have the `content` and the `version` of their code source."""

    def __init__(self) -> None:
        sources, own = models.code_sources.c, models.dynamic_action_definitions.c
        super().__init__(
            DYNAMIC_ACTION,
            {
                name: select(sources[name])
                .where(sources.id == own.code_source_id)
                .scalar_subquery()
                for name in ('content', 'version')
            },
        )
