"""The stored actions, for the action catalogue."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from mistral.context import RequestContext
from mistral.db.chunks import chunks
from mistral.db.database import Connection, Database, DatabaseFailure
from mistral.db.query import Filter, ListQuery
from mistral.db.repositories import Repositories, Repository, Row
from mistral.exceptions import DBError
from mistral.utils.ids import is_uuid

#: The columns of dynamic actions without those of their code sources.
_OWN_COLUMNS: Final = (
    'name', 'namespace', 'project_id', 'scope', 'created_at', 'updated_at',
    'class_name', 'code_source_id', 'code_source_name',
)  # fmt: skip


class StoredActionDefinitions:
    """The ad-hoc actions of the database, as `mistral.actions.providers.ActionDefinitions`."""

    def __init__(self, database: Database, repositories: Repositories) -> None:
        self._database = database
        self._actions: Repository = repositories.actions

    def find(self, name: str, namespace: str, caller: RequestContext) -> Mapping[str, Any] | None:
        return self._find(caller, name=name, namespace=namespace)

    def find_all(
        self, namespace: str | None, caller: RequestContext
    ) -> Iterable[Mapping[str, Any]]:
        wanted = {} if namespace is None else {'namespace': namespace}
        try:
            with self._database.read() as connection:
                return self._read_all(connection, caller, wanted)
        except DatabaseFailure as e:
            raise DBError(f'Action definitions cannot be read: {e}') from e

    def _read_all(
        self, connection: Connection, caller: RequestContext, wanted: Mapping[str, str]
    ) -> list[Row]:
        return self._actions.find_all(connection, caller, **wanted)

    def _find(self, caller: RequestContext, **equals: str) -> Mapping[str, Any] | None:
        try:
            with self._database.read() as connection:
                return self._actions.find(connection, caller, **equals)
        except DatabaseFailure as e:
            raise DBError(f'Action definitions cannot be read: {e}') from e


class StoredDynamicActions(StoredActionDefinitions):
    """The dynamic actions of the database; workflows may call them by their ids, too."""

    def __init__(self, database: Database, repositories: Repositories) -> None:
        super().__init__(database, repositories)
        self._actions = repositories.dynamic_actions
        self._sources: Repository = repositories.code_sources

    def find(self, name: str, namespace: str, caller: RequestContext) -> Mapping[str, Any] | None:
        if is_uuid(name):
            found = self._find(caller, id=name)
            if found is not None:
                return found
        return super().find(name, namespace, caller)

    def _read_all(
        self, connection: Connection, caller: RequestContext, wanted: Mapping[str, str]
    ) -> list[Row]:
        """Sources are large and may have many actions: each is read once."""
        rows = self._actions.find_all(connection, caller, _OWN_COLUMNS, **wanted)
        sources: dict[str, Row] = {}
        for chunk in chunks(sorted({row['code_source_id'] for row in rows})):
            query = ListQuery(
                filters=(Filter('id', 'in', chunk),),
                columns=('content', 'version'),
                all_projects=True,
            )
            found = self._sources.list(connection, query, caller)
            sources |= {row.pop('id'): row for row in found}
        return [
            row | sources[row['code_source_id']]
            for row in rows
            # Those of a source that was just deleted are gone, too.
            if row['code_source_id'] in sources
        ]
