"""The stored ad-hoc actions, for the action catalogue."""

from collections.abc import Iterable, Mapping
from typing import Any

from mistral.context import RequestContext
from mistral.db.database import Database, DatabaseFailure
from mistral.db.repositories import Repositories
from mistral.exceptions import DBError


class StoredActionDefinitions:
    """Implements `mistral.actions.providers.ActionDefinitions` over the database."""

    def __init__(self, database: Database, repositories: Repositories) -> None:
        self._database = database
        self._actions = repositories.actions

    def find(self, name: str, namespace: str, caller: RequestContext) -> Mapping[str, Any] | None:
        try:
            with self._database.read() as connection:
                return self._actions.find(connection, caller, name=name, namespace=namespace)
        except DatabaseFailure as e:
            raise DBError(f'Action definitions cannot be read: {e}') from e

    def find_all(
        self, namespace: str | None, caller: RequestContext
    ) -> Iterable[Mapping[str, Any]]:
        wanted = {} if namespace is None else {'namespace': namespace}
        try:
            with self._database.read() as connection:
                return self._actions.find_all(connection, caller, **wanted)
        except DatabaseFailure as e:
            raise DBError(f'Action definitions cannot be read: {e}') from e
