"""The stored actions, for the action catalogue."""

from collections.abc import Iterable, Mapping
from typing import Any

from mistral.context import RequestContext
from mistral.db.database import Database, DatabaseFailure
from mistral.db.repositories import Repositories, Repository
from mistral.exceptions import DBError
from mistral.utils.ids import is_uuid


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
                return self._actions.find_all(connection, caller, **wanted)
        except DatabaseFailure as e:
            raise DBError(f'Action definitions cannot be read: {e}') from e

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

    def find(self, name: str, namespace: str, caller: RequestContext) -> Mapping[str, Any] | None:
        if is_uuid(name):
            found = self._find(caller, id=name)
            if found is not None:
                return found
        return super().find(name, namespace, caller)
