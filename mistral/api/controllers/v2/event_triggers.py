"""`/v2/event_triggers`: workflows started by notifications."""

from typing import Final

from mistral.api import filters, types
from mistral.api.collections import Collection
from mistral.api.exposure import expose
from mistral.api.project_lists import list_for_projects
from mistral.api.requests import Call
from mistral.api.resources import EventTrigger
from mistral.api.routing import Controller
from mistral.api.services import ApiServices
from mistral.db.repositories import Row
from mistral.services.event_triggers import EventTriggersService

EVENT_TRIGGERS: Final = Collection(
    name='event_triggers',
    resource=EventTrigger,
    filters={
        'id': filters.IDENTIFIER,
        'name': filters.TEXT,
        'workflow_id': filters.UUID,
        'workflow_input': filters.JSON,
        'workflow_params': filters.JSON,
        'exchange': filters.TEXT,
        'topic': filters.TEXT,
        'event': filters.TEXT,
        'scope': filters.TEXT,
        'project_id': filters.IDENTIFIER,
        **filters.TIMES,
    },
    flags={'all_projects': types.flag},
)


class EventTriggersController(Controller):
    def __init__(self, services: ApiServices) -> None:
        super().__init__(services)
        repositories = services.repositories
        self._triggers = EventTriggersService(
            services.database,
            repositories.event_triggers,
            repositories.workflows,
            services.trusts,
        )

    @expose(
        'event_triggers:list',
        further_rules=('event_triggers:list:all_projects',),
        query=EVENT_TRIGGERS.arguments,
        answer=EVENT_TRIGGERS,
    )
    def get_all(self, call: Call) -> Row:
        repository = self.services.repositories.event_triggers
        return list_for_projects(self.services, call, EVENT_TRIGGERS, repository)

    @expose('event_triggers:get', query={'fields': types.names}, answer=EventTrigger)
    def get_one(self, call: Call, id: str) -> Row:
        fields = EVENT_TRIGGERS.fields_of_one(call.query.get('fields'), ignore_unknown=True)
        row = self._triggers.get(types.checked_uuid('id', id), call.caller, fields)
        return EventTrigger.render({name: row[name] for name in fields})

    @expose(
        'event_triggers:create',
        further_rules=('event_triggers:publicize',),
        body=EventTrigger,
        body_name='event_trigger',
        answer=EventTrigger,
        status=201,
    )
    def post(self, call: Call) -> Row:
        given = call.body.given()
        self._authorize_scope(call, given)
        return EventTrigger.render(self._triggers.create(given, call.caller))

    @expose(
        'event_triggers:update',
        further_rules=('event_triggers:publicize',),
        body=EventTrigger,
        body_name='event_trigger',
        answer=EventTrigger,
    )
    def put(self, call: Call, id: str) -> Row:
        given = call.body.given()
        self._authorize_scope(call, given)
        row = self._triggers.update(types.checked_uuid('id', id), given, call.caller)
        return EventTrigger.render(row)

    @expose('event_triggers:delete', status=204)
    def delete(self, call: Call, id: str) -> None:
        self._triggers.delete(types.checked_uuid('id', id), call.caller)

    @staticmethod
    def _authorize_scope(call: Call, given: Row) -> None:
        if given.get('scope') == 'public':
            call.authorize('event_triggers:publicize')
