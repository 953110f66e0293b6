"""Workflows, workbooks and ad-hoc actions: from the texts of users to stored definitions.

A request is stored as a whole or not at all. Names are looked up in exactly one namespace, and an
object of the caller's own project goes before a public one of the same name.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from mistral.actions.catalog import RESERVED_PREFIX
from mistral.context import RequestContext
from mistral.db.database import Database
from mistral.db.repositories import Repositories, Row
from mistral.exceptions import InputException, InvalidActionException, InvalidModelException
from mistral.lang.definitions import ActionDefinition, WorkbookDefinition, WorkflowDefinition
from mistral.lang.parser import Parser
from mistral.services.definition_store import DefinitionStore, Key, owner_of
from mistral.services.interfaces import action_input_text

SCOPES: Final = ('public', 'private')
PRIVATE: Final = 'private'


class DefinitionsService:
    """All methods raise DSLParsingException for texts that cannot be used, InvalidModelException
    or InputException for what cannot be stored, DBDuplicateEntryError, DBEntityNotFoundError,
    NotAllowedException for objects of other projects and InvalidActionException for those that
    came with the service."""

    def __init__(self, database: Database, repositories: Repositories, parser: Parser) -> None:
        self._database = database
        self._parser = parser
        self.workflows = DefinitionStore(
            repositories.workflows,
            'Workflow not found [workflow_identifier={name}, namespace={namespace}]',
        )
        self.workbooks = DefinitionStore(
            repositories.workbooks, 'Workbook not found [name={name}, namespace={namespace}]'
        )
        self._deleted_workbooks = DefinitionStore(
            repositories.workbooks,
            'Workbook not found [workbook_name={name}, namespace={namespace}]',
        )
        self.actions = DefinitionStore(
            repositories.actions,
            'Action definition not found [action_name={name}, namespace={namespace}]',
        )

    def validate_workflows(self, text: str) -> None:
        self._parser.parse_workflows(text)

    def validate_workbook(self, text: str) -> None:
        self._parser.parse_workbook(text)

    def validate_actions(self, text: str) -> None:
        self._parser.parse_actions(text)

    def create_workflows(
        self,
        text: str,
        caller: RequestContext,
        *,
        namespace: str = '',
        scope: str = PRIVATE,
        validate: bool = True,
        is_system: bool = False,
    ) -> list[Row]:
        """Store the workflows of the text; the rows come in the text's order."""
        parsed = self._parser.parse_workflows(text, validate=validate)
        given = {'namespace': namespace, 'scope': scope, 'is_system': is_system}
        with self._database.transaction() as conn:
            return [
                self.workflows.create(conn, workflow_values(each) | given, caller)
                for each in parsed
            ]

    def update_workflows(
        self,
        text: str,
        caller: RequestContext,
        *,
        identifier: str | None = None,
        namespace: str = '',
        scope: str | None = None,
        validate: bool = True,
    ) -> list[Row]:
        """Replace stored workflows of the same names, or the one of the identifier, which takes
        the name in the text. Without a scope each keeps its own."""
        parsed = self._parser.parse_workflows(text, validate=validate)
        _check_single(parsed, identifier, 'workflows')
        with self._database.transaction() as conn:
            return [
                self.workflows.update(
                    conn,
                    Key(identifier or each.spec.name, namespace),
                    _with_scope(workflow_values(each), scope),
                    caller,
                )
                for each in parsed
            ]

    def delete_workflow(self, key: Key, caller: RequestContext) -> None:
        with self._database.transaction() as conn:
            self.workflows.delete(conn, key, caller)

    def create_actions(
        self,
        text: str,
        caller: RequestContext,
        *,
        namespace: str = '',
        scope: str = PRIVATE,
        validate: bool = True,
        is_system: bool = False,
    ) -> list[Row]:
        """Store the ad-hoc actions of the text; only the service's own may have reserved names."""
        parsed = self._parser.parse_actions(text, validate=validate)
        if not is_system:
            for each in parsed:
                _refuse_reserved(each.spec.name)
        given = {'namespace': namespace, 'scope': scope, 'is_system': is_system}
        with self._database.transaction() as conn:
            return [
                self.actions.create(conn, action_values(each) | given, caller) for each in parsed
            ]

    def update_actions(
        self,
        text: str,
        caller: RequestContext,
        *,
        identifier: str | None = None,
        namespace: str = '',
        scope: str | None = None,
        validate: bool = True,
    ) -> list[Row]:
        """Replace stored ad-hoc actions, in the way of `update_workflows`."""
        parsed = self._parser.parse_actions(text, validate=validate)
        _check_single(parsed, identifier, 'actions')
        with self._database.transaction() as conn:
            keys = [Key(identifier or each.spec.name, namespace) for each in parsed]
            for key, each in zip(keys, parsed, strict=True):
                row = self._refuse_system_action(conn, key, caller, 'modify')
                # One that Mistral 23 has let have such a name keeps it.
                if each.spec.name != row['name']:
                    _refuse_reserved(each.spec.name)
            return [
                self.actions.update(conn, key, _with_scope(action_values(each), scope), caller)
                for key, each in zip(keys, parsed, strict=True)
            ]

    def delete_action(self, key: Key, caller: RequestContext) -> None:
        with self._database.transaction() as conn:
            self._refuse_system_action(conn, key, caller, 'delete')
            self.actions.delete(conn, key, caller)

    def create_workbook(
        self,
        text: str,
        caller: RequestContext,
        *,
        namespace: str = '',
        scope: str = PRIVATE,
        validate: bool = True,
    ) -> Row:
        """Store a workbook, and create or replace its workflows and actions."""
        workbook = self._parser.parse_workbook(text, validate=validate)
        values = _shared_values(workbook) | {'namespace': namespace, 'scope': scope}
        with self._database.transaction() as conn:
            row = self.workbooks.create(conn, values, caller)
            self._put_members(conn, workbook, row, caller)
        return row

    def update_workbook(
        self,
        text: str,
        caller: RequestContext,
        *,
        namespace: str = '',
        scope: str | None = None,
        validate: bool = True,
    ) -> Row:
        """Replace a workbook with its members; members that the text has no more stay."""
        workbook = self._parser.parse_workbook(text, validate=validate)
        values = _with_scope(_shared_values(workbook), scope)
        with self._database.transaction() as conn:
            row = self.workbooks.update(conn, Key(workbook.spec.name, namespace), values, caller)
            self._put_members(conn, workbook, row, caller)
        return row

    def delete_workbook(self, key: Key, caller: RequestContext) -> None:
        """Delete the workbook; its workflows and actions stay."""
        with self._database.transaction() as conn:
            self._deleted_workbooks.delete(conn, key, caller)

    def _put_members(
        self, conn: Any, workbook: WorkbookDefinition, row: Row, caller: RequestContext
    ) -> None:
        owner = owner_of(row, caller)
        shared = {
            'workbook_name': row['name'],
            'namespace': row['namespace'],
            'scope': row['scope'],
        }
        for workflow in workbook.workflows:
            name = {'name': f'{row["name"]}.{workflow.spec.name}'}
            self.workflows.put(conn, workflow_values(workflow) | name | shared, owner)
        for action in workbook.actions:
            name = {'name': f'{row["name"]}.{action.spec.name}'}
            _refuse_reserved(name['name'])
            self.actions.put(conn, action_values(action) | name | shared, owner)

    def _refuse_system_action(
        self, conn: Any, key: Key, caller: RequestContext, attempt: str
    ) -> Row:
        """The action's id and name, if the caller may change it."""
        row = self.actions.get(conn, key, caller, ('id', 'name', 'is_system'))
        if row['is_system'] and not caller.is_admin:
            raise InvalidActionException(f'Attempt to {attempt} a system action: {row["name"]}')
        return row


def check_scope(scope: str) -> None:
    """Raise InvalidModelException unless definitions can have this scope."""
    if scope not in SCOPES:
        raise InvalidModelException(
            "Scope must be one of the following: {'public', 'private'}; actual: " + scope
        )


def workflow_values(definition: WorkflowDefinition) -> Row:
    """What is stored of a workflow, but for its namespace and scope."""
    text = definition.text
    return _shared_values(definition) | {
        'checksum': hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    }


def action_values(definition: ActionDefinition) -> Row:
    """What is stored of an ad-hoc action, but for its namespace and scope."""
    spec = definition.spec
    return _shared_values(definition) | {
        'description': spec.description,
        'input': action_input_text(spec) or None,
    }


def _shared_values(
    definition: WorkflowDefinition | ActionDefinition | WorkbookDefinition,
) -> Row:
    spec = definition.spec
    return {
        'name': spec.name,
        'definition': definition.text,
        'spec': dict(spec.raw),
        'tags': list(spec.tags),
    }


def _with_scope(values: Row, scope: str | None) -> Row:
    return values if scope is None else values | {'scope': scope}


def _check_single(definitions: Sequence[Any], identifier: str | None, kind: str) -> None:
    if identifier is not None and len(definitions) > 1:
        raise InputException(
            f'More than one {kind} are not supported for update with identifier. '
            f'[identifier: {identifier}]'
        )


def _refuse_reserved(action_name: str) -> None:
    if action_name.startswith(RESERVED_PREFIX):
        raise InvalidModelException(
            f"Name '{action_name}' is reserved: names of the standard actions begin with "
            f"'{RESERVED_PREFIX}', choose another one"
        )
