"""`/v2/environments`: named sets of variables."""

from typing import Final

from mistral.api import filters, types
from mistral.api.collections import Collection
from mistral.api.exposure import expose
from mistral.api.requests import Call
from mistral.api.resources import Environment
from mistral.api.routing import Controller
from mistral.api.services import ApiServices
from mistral.db.repositories import Row
from mistral.services.environments import EnvironmentsService

ENVIRONMENTS: Final = Collection(
    name='environments',
    resource=Environment,
    filters={
        'name': filters.TEXT,
        'description': filters.TEXT,
        'variables': filters.JSON,
        'scope': filters.TEXT,
        **filters.TIMES,
    },
)


class EnvironmentsController(Controller):
    def __init__(self, services: ApiServices) -> None:
        super().__init__(services)
        self._environments = EnvironmentsService(services.database, services.repositories)

    @expose('environments:list', query=ENVIRONMENTS.arguments, answer=ENVIRONMENTS)
    def get_all(self, call: Call) -> Row:
        services = self.services
        page = ENVIRONMENTS.page(call, services.settings.max_limit)
        with services.database.read() as conn:
            rows = services.repositories.environments.list(conn, page.query, call.caller)
        return page.answer(rows)

    @expose('environments:get', query={'fields': types.names}, answer=Environment)
    def get_one(self, call: Call, name: str) -> Row:
        fields = ENVIRONMENTS.fields_of_one(call.query.get('fields'))
        row = self._environments.get(name, call.caller)
        return Environment.render({name: row[name] for name in fields})

    @expose(
        'environments:create',
        further_rules=('environments:publicize',),
        body=Environment,
        body_name='env',
        answer=Environment,
        status=201,
        example={'name': 'production', 'variables': {'region': 'north'}},
    )
    def post(self, call: Call) -> Row:
        given = call.body.given()
        self._authorize_scope(call, given)
        row = self._environments.create(given, call.caller)
        shown = {'id', 'scope', 'project_id', 'created_at', *given}
        return Environment.render({name: row[name] for name in shown})

    @expose(
        'environments:update',
        further_rules=('environments:publicize',),
        body=Environment,
        body_name='env',
        answer=Environment,
    )
    def put(self, call: Call) -> Row:
        given = call.body.given()
        self._authorize_scope(call, given)
        return Environment.render(self._environments.update(given, call.caller))

    @expose('environments:delete', status=204)
    def delete(self, call: Call, name: str) -> None:
        self._environments.delete(name, call.caller)

    @staticmethod
    def _authorize_scope(call: Call, given: Row) -> None:
        if given.get('scope') == 'public':
            call.authorize('environments:publicize')
