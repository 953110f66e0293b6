"""Code sources and dynamic actions: what administrators may do with them.

Nothing here looks into the code: whether it is any good shows when an action is used.
"""

from collections.abc import Mapping
from typing import Any, Final

from mistral.actions.catalog import RESERVED_PREFIX
from mistral.context import RequestContext
from mistral.db.database import Database
from mistral.db.repositories import Repositories, Row
from mistral.exceptions import InputException, InvalidModelException
from mistral.services.definition_store import DefinitionStore, Key

#: What a request may say about a dynamic action; `id` only of one that exists.
_KEYS: Final = (
    'name',
    'namespace',
    'class_name',
    'code_source_id',
    'code_source_name',
    'scope',
)


class CodeService:
    """All methods raise InputException or InvalidModelException for what cannot be stored,
    DBDuplicateEntryError, DBEntityNotFoundError, and NotAllowedException."""

    def __init__(self, database: Database, repositories: Repositories) -> None:
        self._database = database
        self.sources = DefinitionStore(
            repositories.code_sources, 'Code Source not found [name={name},namespace={namespace}]'
        )
        self.actions = DefinitionStore(
            repositories.dynamic_actions,
            'Dynamic Action not found [name={name},namespace={namespace}]',
        )

    def create_source(self, key: Key, content: str, scope: str, caller: RequestContext) -> Row:
        values = {
            'name': key.identifier,
            'namespace': key.namespace,
            'content': content,
            'scope': scope,
            'version': 1,
        }
        with self._database.transaction() as conn:
            return self.sources.create(conn, values, caller)

    def update_source(
        self, key: Key, content: str, scope: str | None, caller: RequestContext
    ) -> Row:
        """Give a source another text, and a version. Without a scope it keeps its own."""
        values = {'content': content} | ({} if scope is None else {'scope': scope})
        with self._database.transaction() as conn:
            return self.sources.update(conn, key, values, caller)

    def delete_source(self, key: Key, caller: RequestContext) -> None:
        """Delete a source with the dynamic actions that name classes in it."""
        with self._database.transaction() as conn:
            self.sources.delete(conn, key, caller)

    def create_action(self, given: Mapping[str, Any], caller: RequestContext) -> Row:
        _refuse_other_keys(given, _KEYS)
        for name, what in (('name', 'Name'), ('class_name', 'Class name')):
            if not given.get(name):
                raise InputException(f'{what} of the dynamic action is not provided.')
        _check_name(given['name'])
        namespace = given.get('namespace') or ''
        values = {
            'name': given['name'],
            'namespace': namespace,
            'class_name': given['class_name'],
            'scope': given.get('scope'),
        }
        with self._database.transaction() as conn:
            source = self._source(conn, given, namespace, caller)
            if source is None:
                raise InputException(
                    "Either 'code_source_id' or 'code_source_name' must be provided."
                )
            return self.actions.create(conn, values | source, caller)

    def update_action(self, given: Mapping[str, Any], caller: RequestContext) -> Row:
        """Change what the request gives; an action keeps its namespace.

        With an id in the request the name in it is a new one.
        """
        _refuse_other_keys(given, ('id', *_KEYS))
        identifier = given.get('id') or given.get('name')
        if not identifier:
            raise InputException("Either 'name' or 'id' must be provided.")
        namespace = given.get('namespace') or ''
        changeable = ('name', 'class_name', 'scope') if given.get('id') else ('class_name', 'scope')
        changes = {name: given[name] for name in changeable if given.get(name)}
        if 'name' in changes:
            _check_name(changes['name'])
        with self._database.transaction() as conn:
            key = Key(identifier, namespace)
            row = self.actions.get(conn, key, caller, ('id', 'namespace'))
            source = self._source(conn, given, row['namespace'] or '', caller)
            return self.actions.update(conn, Key(row['id']), changes | (source or {}), caller)

    def delete_action(self, key: Key, caller: RequestContext) -> None:
        with self._database.transaction() as conn:
            self.actions.delete(conn, key, caller)

    def _source(
        self, conn: Any, given: Mapping[str, Any], namespace: str, caller: RequestContext
    ) -> Row | None:
        """The columns that refer to the code source of a request, None if it gives none."""
        identifier = given.get('code_source_id') or given.get('code_source_name')
        if not identifier:
            return None
        row = self.sources.get(conn, Key(identifier, namespace), caller, ('id', 'name'))
        return {'code_source_id': row['id'], 'code_source_name': row['name']}


def _refuse_other_keys(given: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    other = sorted(set(given) - set(allowed))
    if other:
        raise InputException(f'Attributes that cannot be set: {", ".join(other)}')


def _check_name(name: str) -> None:
    if ' ' in name:
        raise InvalidModelException(f"Name '{name}' must not contain spaces")
    if name.startswith(RESERVED_PREFIX):
        raise InvalidModelException(
            f"Name '{name}' is reserved: names of the standard actions begin with "
            f"'{RESERVED_PREFIX}', choose another one"
        )
