"""Starting the workflows of event triggers.

A message bus delivers a notification at least once: it comes again when an event engine dies with
it in hand. The id of an execution follows from the trigger and the notification, so it starts once,
however often that is.
"""

import hashlib
import json
import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from mistral.context import RequestContext
from mistral.db.database import Database
from mistral.db.store import maintenance
from mistral.db.store.event_triggers import EventTrigger
from mistral.exceptions import (
    EvaluationException,
)
from mistral.expressions import Expressions
from mistral.services.event_definitions import EventDefinitions
from mistral.services.trigger_trusts import TriggerTrusts
from mistral.services.triggered_workflows import PASSING, log_failure, may_pass

LOG = logging.getLogger(__name__)

#: The namespace of the ids of executions.
_EXECUTIONS: Final = uuid.UUID('5e0b6a4f-3f0d-4a43-8a5c-7f3c1d9e2b60')


@dataclass(frozen=True, slots=True)
class Notification:
    """A message of another service. `topic` is None where the bus does not tell it."""

    exchange: str
    topic: str | None
    event_type: str
    publisher: str | None = None
    timestamp: str | None = None
    message_id: str | None = None
    payload: Any = None
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, Any]:
        """What expressions see as `$`."""
        return {
            'event_type': self.event_type,
            'payload': self.payload,
            'publisher': self.publisher,
            'timestamp': self.timestamp,
            'context': self.context,
        }


class TriggerTable:
    """The triggers, to be looked up by what they wait for. It does not change."""

    def __init__(self, triggers: Iterable[EventTrigger] = ()) -> None:
        self._by_event: dict[tuple[str, str], list[EventTrigger]] = defaultdict(list)
        groups = set()
        for trigger in triggers:
            self._by_event[trigger.exchange, trigger.event].append(trigger)
            groups.add((trigger.exchange, trigger.topic))
        #: The exchanges and topics that there are triggers for.
        self.groups: frozenset[tuple[str, str]] = frozenset(groups)

    def find(self, notification: Notification) -> list[EventTrigger]:
        return [
            trigger
            for trigger in self._by_event.get((notification.exchange, notification.event_type), ())
            if notification.topic in (None, trigger.topic)
        ]


class Starter(Protocol):
    """What of `mistral.rpc.clients.EngineClient` is needed."""

    def start_workflow(
        self,
        caller: RequestContext,
        *,
        workflow_identifier: str,
        namespace: str,
        execution_id: str,
        input: Mapping[str, Any],
        description: str,
        params: Mapping[str, Any],
    ) -> Any: ...


class EventFiring:
    """What an event engine does about a notification that triggers wait for."""

    def __init__(
        self,
        database: Database,
        engine: Starter,
        expressions: Expressions,
        definitions: EventDefinitions,
        *,
        tells_projects_apart: bool,
        trusts: TriggerTrusts | None = None,
    ) -> None:
        """`tells_projects_apart`: private triggers get notifications of their own project only."""
        self._database = database
        self._engine = engine
        self._expressions = expressions
        self._definitions = definitions
        self._tells_projects_apart = tells_projects_apart
        self._trusts = trusts or TriggerTrusts(database)

    def fire(self, triggers: Sequence[EventTrigger], notification: Notification) -> None:
        """Start the workflows of those triggers that may see the notification.

        Raises what keeps workflows from being started at the moment, see `may_pass`; then it has
        to be called again. One that has to wait holds up no other. While there is maintenance,
        notifications are dropped.
        """
        chosen = [trigger for trigger in triggers if self._may_see(trigger, notification)]
        if not chosen:
            LOG.debug('No trigger may see event %s', notification.event_type)
            return
        with self._database.read() as connection:
            if maintenance.is_in_maintenance(connection):
                LOG.warning(
                    'Event %s starts nothing: there is maintenance', notification.event_type
                )
                return
        data = notification.data
        event_params = self._definitions.event_params(data)
        postponed = []
        for trigger in chosen:
            try:
                self._start(trigger, notification, {**data, 'event_params': event_params})
            except PASSING as e:
                postponed.append(e)
            except Exception as e:
                if may_pass(e):
                    raise
                log_failure(_identity(trigger), e)
        if postponed:
            raise postponed[0]

    def _may_see(self, trigger: EventTrigger, notification: Notification) -> bool:
        if trigger.is_public or not self._tells_projects_apart:
            return True
        return trigger.project_id == notification.context.get('project_id')

    def _start(
        self, trigger: EventTrigger, notification: Notification, data: Mapping[str, Any]
    ) -> None:
        description = {
            'description': f"Workflow execution created by event trigger '({trigger.id})'.",
            'triggered_by': {
                'type': 'event_trigger',
                'id': trigger.id,
                'name': trigger.name,
            },
        }
        self._engine.start_workflow(
            self._trusts.caller_of(trigger),
            workflow_identifier=trigger.workflow_id,
            namespace=trigger.namespace,
            execution_id=execution_id_of(trigger, notification),
            input=self._input(trigger, data),
            description=json.dumps(description),
            params={**trigger.workflow_params, 'event_params': data['event_params']},
        )

    def _input(self, trigger: EventTrigger, data: Mapping[str, Any]) -> dict[str, Any]:
        """The input of a trigger with its expressions evaluated; those that fail stay as text."""
        values = {}
        for name, value in trigger.workflow_input.items():
            try:
                values[name] = self._expressions.evaluate(value, data)
            except EvaluationException as e:
                LOG.warning('Input "%s" of %s stays as it is: %s', name, _identity(trigger), e)
                values[name] = value
        return values


def execution_id_of(trigger: EventTrigger, notification: Notification) -> str:
    """The id of the execution that a notification starts for a trigger."""
    message = notification.message_id
    if not message:
        content = json.dumps(notification.data, sort_keys=True, default=str)
        message = hashlib.sha256(content.encode()).hexdigest()
    return str(uuid.uuid5(_EXECUTIONS, f'{trigger.id} {message}'))


def _identity(trigger: EventTrigger) -> str:
    return f'event trigger [name={trigger.name}, id={trigger.id}]'
