"""Event triggers: workflows to be started by notifications on a message bus."""

from collections.abc import Mapping
from typing import Any, Final

from mistral.context import RequestContext
from mistral.db.database import Database
from mistral.db.repositories import Repository, Row
from mistral.exceptions import EventTriggerException, InputException
from mistral.services.definition_store import owner_of
from mistral.services.execution_requests import refuse_internal_params
from mistral.services.trigger_trusts import TriggerTrusts
from mistral.services.triggered_workflows import CHECKED_COLUMNS, check_input, trigger_runner
from mistral.utils.ids import is_uuid

_REQUIRED: Final = ('workflow_id', 'exchange', 'topic', 'event')
_FIXED: Final = ('exchange', 'topic', 'event')
_CHANGEABLE: Final = ('name', 'workflow_id', 'workflow_input', 'workflow_params', 'scope')


class EventTriggersService:
    def __init__(
        self,
        database: Database,
        triggers: Repository,
        workflows: Repository,
        trusts: TriggerTrusts | None = None,
    ) -> None:
        self._trusts = trusts or TriggerTrusts(database)
        self._database = database
        self._triggers = triggers
        self._workflows = workflows

    def create(self, given: Mapping[str, Any], caller: RequestContext) -> Row:
        """Store a new trigger.

        Raises EventTriggerException and InputException for what cannot work,
        DBEntityNotFoundError if there is no such workflow, DBDuplicateEntryError;
        NotAllowedException and UnavailableException if the caller's trust cannot be had from
        Keystone.
        """
        _check_workflow_id(given)
        if not all(given.get(name) for name in _REQUIRED):
            raise EventTriggerException(
                f'Params {{{", ".join(map(repr, sorted(_REQUIRED)))}}} must be provided for '
                'creating event trigger.'
            )
        input_ = given.get('workflow_input') or {}
        params = given.get('workflow_params') or {}
        refuse_internal_params(params)
        values = {
            'name': '',
            **given,
            'workflow_input': input_,
            'workflow_params': params,
        }
        with self._database.read() as conn:
            workflow = self._find_workflow(conn, given['workflow_id'], caller)
        check_input(workflow, input_)
        with self._trusts.created_for(caller) as trust_id, self._database.transaction() as conn:
            # It may have been deleted while Keystone was asked.
            self._find_workflow(conn, given['workflow_id'], caller)
            return self._triggers.insert(conn, {**values, 'trust_id': trust_id}, caller)

    def update(self, id: str, given: Mapping[str, Any], caller: RequestContext) -> Row:
        """Change what is given of a trigger; its new input is not checked.

        Raises as `create` does, and NotAllowedException for triggers of other projects.
        """
        _check_workflow_id(given)
        if any(given.get(name) for name in _FIXED):
            raise EventTriggerException(f'Can not update fields {list(_FIXED)} of event trigger.')
        refuse_internal_params(given.get('workflow_params') or {})
        changes = {name: given[name] for name in _CHANGEABLE if name in given}
        if changes.get('scope', '') is None:
            del changes['scope']
        with self._database.transaction() as conn:
            row = self._triggers.get(conn, id, caller, ('project_id',))
            if 'workflow_id' in changes:
                self._find_workflow(conn, changes['workflow_id'], owner_of(row, caller))
            return self._triggers.update(conn, id, changes, caller)

    def get(self, id: str, caller: RequestContext, columns: tuple[str, ...] | None = None) -> Row:
        """Raises DBEntityNotFoundError."""
        with self._database.read() as conn:
            return self._triggers.get(conn, id, caller, columns)

    def delete(self, id: str, caller: RequestContext) -> None:
        """Raises DBEntityNotFoundError, NotAllowedException for triggers of other projects."""
        with self._database.transaction() as conn:
            row = self._triggers.get(conn, id, caller, ('trust_id',))
            self._triggers.delete(conn, id, caller)
            self._trusts.discard(conn, row['trust_id'])
        self._trusts.delete_now(row['trust_id'])

    def _find_workflow(self, conn: Any, id: str, owner: RequestContext) -> Row:
        return self._workflows.get(conn, id, trigger_runner(owner), CHECKED_COLUMNS)


def _check_workflow_id(given: Mapping[str, Any]) -> None:
    workflow_id = given.get('workflow_id')
    if 'workflow_id' in given and not is_uuid(str(workflow_id)):
        raise InputException(f'Expected a uuid but received {workflow_id}.')
