"""Cron triggers: workflows to be started at certain times. `cron_firing` starts them."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from mistral.context import RequestContext
from mistral.db.database import Database
from mistral.db.repositories import Repository, Row
from mistral.db.times import utc_now
from mistral.exceptions import DBEntityNotFoundError, InputException
from mistral.services import cron_choices
from mistral.services.cron_patterns import (
    check_pattern,
    check_time_zone,
    invalid_pattern,
    next_occurrence,
)
from mistral.services.definition_store import DefinitionStore, Key
from mistral.services.execution_requests import refuse_internal_params
from mistral.services.trigger_trusts import TriggerTrusts
from mistral.services.triggered_workflows import CHECKED_COLUMNS, check_input, trigger_runner
from mistral.utils.ids import is_uuid

_TIME_FORMAT: Final = '%Y-%m-%d %H:%M'

#: A first time must be at least so far away.
_SHORTEST_NOTICE: Final = timedelta(minutes=1)

#: Stored for a trigger that has a first time only. It does not come before that is gone.
_NO_PATTERN: Final = '0 0 30 2 0'


class CronTriggersService:
    """Creates, reads and deletes cron triggers; one of the caller's own goes before public ones
    of the same name."""

    def __init__(
        self,
        database: Database,
        triggers: Repository,
        workflows: DefinitionStore,
        now: Callable[[], datetime] = utc_now,
        trusts: TriggerTrusts | None = None,
    ) -> None:
        self._trusts = trusts or TriggerTrusts(database)
        self._database = database
        self._triggers = triggers
        self._workflows = workflows
        self._now = now

    def create(self, given: Mapping[str, Any], caller: RequestContext) -> Row:
        """Store a new trigger.

        Raises InputException for what cannot work, DBEntityNotFoundError if there is no such
        workflow, DBDuplicateEntryError; NotAllowedException and UnavailableException if the
        caller's trust cannot be had from Keystone.
        """
        if not given.get('name'):
            raise InputException('Name of the cron trigger is not provided.')
        times = self._times(given)
        choices = {name: given.get(name) for name in cron_choices.ATTRIBUTES}
        input_ = given.get('workflow_input') or {}
        params = given.get('workflow_params') or {}
        refuse_internal_params(params)
        with self._database.read() as conn:
            workflow = self._find_workflow(conn, given, trigger_runner(caller))
        check_input(workflow, input_)
        values = {
            'name': given['name'],
            'scope': given.get('scope'),
            'workflow_id': workflow['id'],
            'workflow_name': workflow['name'],
            'workflow_input': input_,
            'workflow_input_hash': _hash(input_),
            'workflow_params': params,
            'workflow_params_hash': _hash(params),
            **times,
            **choices,
        }
        with self._trusts.created_for(caller) as trust_id, self._database.transaction() as conn:
            # It may have been deleted while Keystone was asked.
            self._find_workflow(conn, given, trigger_runner(caller))
            return self._triggers.insert(conn, {**values, 'trust_id': trust_id}, caller)

    def get(
        self, identifier: str, caller: RequestContext, columns: tuple[str, ...] | None = None
    ) -> Row:
        """A trigger by its id or name; raises DBEntityNotFoundError."""
        with self._database.read() as conn:
            return self._find(conn, identifier, caller, columns)

    def delete(self, identifier: str, caller: RequestContext) -> None:
        """Raises DBEntityNotFoundError, NotAllowedException for triggers of other projects."""
        with self._database.transaction() as conn:
            row = self._find(conn, identifier, caller, ('id', 'trust_id'))
            self._triggers.delete(conn, row['id'], caller)
            self._trusts.discard(conn, row['trust_id'])
        self._trusts.delete_now(row['trust_id'])

    def _times(self, given: Mapping[str, Any]) -> Row:
        """The columns that say when the trigger comes, and how often."""
        pattern = given.get('pattern') or ''
        count = given.get('remaining_executions')
        text = given.get('first_execution_time')
        first = None if text is None else _parse_time(text)
        now = self._now()
        if first is None and not pattern:
            raise InputException('Pattern or first_execution_time must be specified.')
        if first is not None and first < now + _SHORTEST_NOTICE:
            raise InputException('first_execution_time must be at least 1 minute in the future.')
        if not pattern and (count or 1) > 1:
            raise InputException('Pattern must be provided if count is superior to 1.')
        if pattern:
            check_pattern(pattern)
        time_zone = given.get('time_zone')
        check_time_zone(time_zone)
        return {
            'pattern': pattern or _NO_PATTERN,
            'remaining_executions': count if pattern else 1,
            'first_execution_time': first,
            'next_execution_time': first or _next(pattern, now, time_zone),
        }

    def _find_workflow(self, conn: Any, given: Mapping[str, Any], runner: RequestContext) -> Row:
        identifier = given.get('workflow_id') or given.get('workflow_name')
        if not identifier:
            raise DBEntityNotFoundError('Workflow not found [workflow_identifier=None, namespace=]')
        return self._workflows.get(conn, Key(identifier), runner, CHECKED_COLUMNS)

    def _find(
        self,
        conn: Any,
        identifier: str,
        caller: RequestContext,
        columns: tuple[str, ...] | None,
    ) -> Row:
        row = None
        if is_uuid(identifier):
            row = self._triggers.find(conn, caller, columns, id=identifier)
        if row is None:
            row = self._triggers.find(conn, caller, columns, name=identifier)
        if row is None:
            raise DBEntityNotFoundError(f'Cron trigger not found [identifier={identifier}]')
        return row


def _parse_time(text: str) -> datetime:
    try:
        return datetime.strptime(text, _TIME_FORMAT)  # noqa: DTZ007 - all times are UTC
    except ValueError as e:
        raise InputException(str(e)) from e


def _next(pattern: str, after: datetime, time_zone: str | None) -> datetime:
    found = next_occurrence(pattern, after, time_zone)
    if found is None:
        raise invalid_pattern(pattern, ' (no date within fifty years matches it)')
    return found


def _hash(values: Mapping[str, Any]) -> str:
    """What stands for a mapping in the unique key, as Mistral 23 computes it."""
    return hashlib.sha256(json.dumps(sorted(values.items())).encode()).hexdigest()
