"""Members of workflows: other projects that a private workflow is shared with.

The owner shares and revokes, the member accepts or rejects. What is accepted can be read and run.
"""

from collections.abc import Mapping
from typing import Any, Final

from mistral.context import RequestContext
from mistral.db.database import Database
from mistral.db.query import Filter, ListQuery
from mistral.db.repositories import Repository, Row
from mistral.exceptions import (
    DBEntityNotFoundError,
    InputException,
    NotAllowedException,
    WorkflowException,
)
from mistral.services.definition_store import DefinitionStore, Key

_WORKFLOW: Final = 'workflow'
_PENDING: Final = 'pending'


class MembersService:
    """All methods raise DBEntityNotFoundError for what the caller must not see."""

    def __init__(self, database: Database, members: Repository, workflows: DefinitionStore) -> None:
        self._database = database
        self._members = members
        self._workflows = workflows

    def share(self, workflow_id: str, member_id: str | None, caller: RequestContext) -> Row:
        """Offer a workflow to another project.

        Raises InputException, WorkflowException for public workflows, NotAllowedException unless
        the caller's project owns it, DBDuplicateEntryError.
        """
        if not member_id:
            raise InputException('Member id must be provided.')
        with self._database.transaction() as conn:
            columns = ('id', 'scope', 'project_id')
            workflow = self._workflows.get(conn, Key(workflow_id), caller, columns)
            if workflow['scope'] == 'public':
                raise WorkflowException('Only private resource could be shared.')
            # Not an administrator either: the membership would belong to a project that the owner
            # knows nothing of.
            if workflow['project_id'] != caller.project_id:
                raise NotAllowedException(
                    'Can not access WorkflowDefinition resource of other projects, '
                    f'ID: {workflow_id}'
                )
            values = {
                **_resource(workflow_id),
                'member_id': member_id,
                'status': _PENDING,
            }
            return self._members.insert(conn, values, caller)

    def list(self, workflow_id: str, caller: RequestContext) -> list[Row]:
        """The owner sees all members, a member itself."""
        filters = tuple(Filter(name, 'eq', value) for name, value in _resource(workflow_id).items())
        with self._database.read() as conn:
            return self._members.list(conn, ListQuery(filters=filters), caller)

    def get(self, workflow_id: str, member_id: str, caller: RequestContext) -> Row:
        with self._database.read() as conn:
            return self._find(conn, workflow_id, member_id, caller)

    def answer(
        self, workflow_id: str, member_id: str, given: Mapping[str, Any], caller: RequestContext
    ) -> Row:
        """Set the status of a membership, which only the member does. Raises InputException."""
        status = given.get('status')
        if not status:
            raise InputException('Status must be provided.')
        with self._database.transaction() as conn:
            row = self._find(conn, workflow_id, member_id, caller)
            if row['member_id'] != caller.project_id:
                raise _not_found(workflow_id, member_id)
            return self._members.update(conn, row['id'], {'status': status}, caller)

    def revoke(self, workflow_id: str, member_id: str, caller: RequestContext) -> None:
        """Take a workflow back from a project, which only the owner does."""
        with self._database.transaction() as conn:
            row = self._find(conn, workflow_id, member_id, caller)
            if row['project_id'] != caller.project_id:
                raise _not_found(workflow_id, member_id)
            self._members.delete(conn, row['id'], caller)

    def _find(self, conn: Any, workflow_id: str, member_id: str, caller: RequestContext) -> Row:
        row = self._members.find(conn, caller, member_id=member_id, **_resource(workflow_id))
        if row is None:
            raise _not_found(workflow_id, member_id)
        return row


def _resource(workflow_id: str) -> Row:
    return {'resource_id': workflow_id, 'resource_type': _WORKFLOW}


def _not_found(workflow_id: str, member_id: str) -> DBEntityNotFoundError:
    return DBEntityNotFoundError(
        f'Resource member not found [resource_id={workflow_id}, member_id={member_id}]'
    )
