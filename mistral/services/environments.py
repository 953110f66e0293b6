"""Environments: named sets of variables."""

from collections.abc import Mapping
from typing import Any, Final

from mistral import states
from mistral.context import RequestContext
from mistral.db.database import Database
from mistral.db.repositories import Repositories, Row
from mistral.exceptions import DBEntityNotFoundError, InputException, NotAllowedException

_CREATE_KEYS: Final = ('name', 'description', 'variables', 'scope')
_UPDATE_KEYS: Final = ('description', 'variables', 'scope')

#: States of an execution in which its environment may be changed.
_CHANGEABLE: Final = frozenset({states.IDLE, states.PAUSED, states.ERROR})


class EnvironmentsService:
    """Creates, changes and deletes environments; one of the caller's own goes before public ones
    of the same name."""

    def __init__(self, database: Database, repositories: Repositories) -> None:
        self._database = database
        self._environments = repositories.environments

    def create(self, values: Mapping[str, Any], caller: RequestContext) -> Row:
        """Store a new environment; raises InputException, DBDuplicateEntryError."""
        _refuse_other_keys(values, _CREATE_KEYS)
        if not values.get('name'):
            raise InputException('Name of the environment is not provided.')
        if values.get('variables') is None:
            raise InputException('Variables of the environment are not provided.')
        with self._database.transaction() as conn:
            return self._environments.insert(conn, values, caller)

    def update(self, values: Mapping[str, Any], caller: RequestContext) -> Row:
        """Change what is given of the environment named in the values; variables are replaced as
        a whole. Raises InputException, DBEntityNotFoundError, NotAllowedException."""
        changes = dict(values)
        name = changes.pop('name', None)
        if not name:
            raise InputException('Name of the environment is not provided.')
        _refuse_other_keys(changes, _UPDATE_KEYS)
        with self._database.transaction() as conn:
            row = self._find(conn, name, caller)
            return self._environments.update(conn, row['id'], changes, caller)

    def get(self, name: str, caller: RequestContext) -> Row:
        """Raises DBEntityNotFoundError."""
        with self._database.read() as conn:
            return self._find(conn, name, caller)

    def delete(self, name: str, caller: RequestContext) -> None:
        """Raises DBEntityNotFoundError, NotAllowedException."""
        with self._database.transaction() as conn:
            row = self._find(conn, name, caller)
            self._environments.delete(conn, row['id'], caller)

    def _find(self, conn: Any, name: str, caller: RequestContext) -> Row:
        row = self._environments.find(conn, caller, name=name)
        if row is None:
            raise DBEntityNotFoundError(f'Environment not found [name={name}]')
        return row


def check_env_may_change(state: str) -> None:
    """Raise NotAllowedException unless an execution in this state takes another environment."""
    if state not in _CHANGEABLE:
        raise NotAllowedException(
            'Updating env to workflow execution is only permitted if it is in '
            'IDLE, PAUSED, or ERROR state.'
        )


def _refuse_other_keys(values: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    if not set(values) <= set(allowed):
        raise InputException(
            'Please, check your environment definition. '
            f'Only: {list(allowed)} are allowed as definition keys.'
        )
