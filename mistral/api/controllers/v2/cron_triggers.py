"""`/v2/cron_triggers`: workflows started at certain times."""

from typing import Final

from mistral.api import filters, types
from mistral.api.collections import Collection
from mistral.api.exposure import expose
from mistral.api.project_lists import list_for_projects
from mistral.api.requests import Call
from mistral.api.resources import CronTrigger
from mistral.api.routing import Controller
from mistral.api.services import ApiServices
from mistral.db.repositories import Row
from mistral.services import cron_choices
from mistral.services.cron_triggers import CronTriggersService

CRON_TRIGGERS: Final = Collection(
    name='cron_triggers',
    resource=CronTrigger,
    filters={
        'name': filters.TEXT,
        'workflow_name': filters.TEXT,
        'workflow_id': filters.UUID,
        'workflow_input': filters.JSON,
        'workflow_params': filters.JSON,
        'scope': filters.TEXT,
        'project_id': filters.IDENTIFIER,
        'pattern': filters.TEXT,
        'remaining_executions': filters.INTEGER,
        'first_execution_time': filters.TIME,
        'next_execution_time': filters.TIME,
        **filters.TIMES,
    },
    flags={'all_projects': types.flag},
)


class CronTriggersController(Controller):
    def __init__(self, services: ApiServices) -> None:
        super().__init__(services)
        self._triggers = CronTriggersService(
            services.database,
            services.repositories.cron_triggers,
            services.definitions.workflows,
            trusts=services.trusts,
        )

    @expose(
        'cron_triggers:list',
        further_rules=('cron_triggers:list:all_projects',),
        query=CRON_TRIGGERS.arguments,
        answer=CRON_TRIGGERS,
    )
    def get_all(self, call: Call) -> Row:
        repository = self.services.repositories.cron_triggers
        return list_for_projects(
            self.services, call, CRON_TRIGGERS, repository, _without_unused_choices
        )

    @expose('cron_triggers:get', query={'fields': types.names}, answer=CronTrigger)
    def get_one(self, call: Call, identifier: str) -> Row:
        fields = CRON_TRIGGERS.fields_of_one(call.query.get('fields'), ignore_unknown=True)
        row = self._triggers.get(identifier, call.caller, fields)
        return CronTrigger.render(_without_unused_choices({name: row[name] for name in fields}))

    @expose(
        'cron_triggers:create',
        further_rules=('cron_triggers:publicize',),
        body=CronTrigger,
        body_name='cron_trigger',
        answer=CronTrigger,
        status=201,
        example={'name': 'nightly', 'workflow_name': 'hello', 'pattern': '0 3 * * *'},
    )
    def post(self, call: Call) -> Row:
        given = call.body.given()
        if given.get('scope') == 'public':
            call.authorize('cron_triggers:publicize')
        row = self._triggers.create(given, call.caller)
        del row['updated_at']
        return CronTrigger.render(_without_unused_choices(row))

    @expose('cron_triggers:delete', status=204)
    def delete(self, call: Call, identifier: str) -> None:
        self._triggers.delete(identifier, call.caller)


def _without_unused_choices(row: Row) -> Row:
    """Clients of Mistral 23 do not know them."""
    return {
        name: value
        for name, value in row.items()
        if value is not None or name not in cron_choices.ATTRIBUTES
    }
