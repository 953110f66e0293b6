"""Stored definitions of one kind, found by id or by name and namespace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from mistral.context import RequestContext
from mistral.db.repositories import Repository, Row
from mistral.exceptions import DBEntityNotFoundError
from mistral.utils.ids import is_uuid

Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """What a client calls an object: its id, or its name in a namespace."""

    identifier: str
    namespace: str = ''


class DefinitionStore:
    """`not_found` is the message about an object that is missing, made of `name` and `namespace`.

    Names are looked up in exactly the namespace given; an object of the caller's own project goes
    before a public one of the same name.
    """

    def __init__(self, repository: Repository, not_found: str) -> None:
        self._repository = repository
        self._not_found = not_found

    def get(
        self,
        conn: Any,
        key: Key,
        caller: RequestContext,
        columns: Sequence[str] | None = None,
    ) -> Row:
        """Raises DBEntityNotFoundError. An id counts in any namespace."""
        row = None
        if is_uuid(key.identifier):
            row = self._repository.find(conn, caller, columns, id=key.identifier)
        if row is None:
            equals = {'name': key.identifier, 'namespace': key.namespace}
            row = self._repository.find(conn, caller, columns, **equals)
        if row is None:
            raise DBEntityNotFoundError(
                self._not_found.format(name=key.identifier, namespace=key.namespace)
            )
        return row

    def create(self, conn: Any, values: Values, caller: RequestContext) -> Row:
        return self._repository.insert(conn, values, caller)

    def update(self, conn: Any, key: Key, values: Values, caller: RequestContext) -> Row:
        """Raises DBEntityNotFoundError, NotAllowedException for objects of other projects."""
        row = self.get(conn, key, caller, ('id',))
        return self._repository.update(conn, row['id'], values, caller)

    def put(self, conn: Any, values: Values, owner: RequestContext) -> Row:
        """Create or replace the owner's object of this name."""
        row = self._repository.find(
            conn,
            owner,
            ('id',),
            name=values['name'],
            namespace=values['namespace'],
            project_id=owner.project_id,
        )
        if row is None:
            return self._repository.insert(conn, values, owner)
        return self._repository.update(conn, row['id'], values, owner)

    def delete(self, conn: Any, key: Key, caller: RequestContext) -> None:
        """Raises as `update` does."""
        row = self.get(conn, key, caller, ('id',))
        self._repository.delete(conn, row['id'], caller)


def owner_of(row: Row, caller: RequestContext) -> RequestContext:
    """The caller as one of the row's project: what an administrator adds to the row is not the
    administrator's."""
    return replace(caller, project_id=row['project_id'])
