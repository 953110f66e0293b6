"""`/v2/dynamic_actions`: actions whose classes stand in code sources."""

from typing import Final

from mistral.api import filters, types
from mistral.api.collections import Collection
from mistral.api.exposure import expose
from mistral.api.project_lists import list_for_projects
from mistral.api.requests import Call
from mistral.api.resources import DynamicAction
from mistral.api.routing import Controller
from mistral.api.services import ApiServices
from mistral.db.repositories import Row
from mistral.services.code import CodeService
from mistral.services.definition_store import Key

DYNAMIC_ACTIONS: Final = Collection(
    name='dynamic_actions',
    resource=DynamicAction,
    filters={
        'name': filters.TEXT,
        'namespace': filters.TEXT,
        'scope': filters.TEXT,
        'project_id': filters.IDENTIFIER,
        **filters.TIMES,
    },
    flags={'all_projects': types.flag},
)


class DynamicActionsController(Controller):
    """The namespace may also be given as a second path segment."""

    item_segments = 2

    def __init__(self, services: ApiServices) -> None:
        super().__init__(services)
        self._code = CodeService(services.database, services.repositories)

    @expose('dynamic_actions:list', query=DYNAMIC_ACTIONS.arguments, answer=DYNAMIC_ACTIONS)
    def get_all(self, call: Call) -> Row:
        repository = self.services.repositories.dynamic_actions
        return list_for_projects(self.services, call, DYNAMIC_ACTIONS, repository, has_rule=False)

    @expose(
        'dynamic_actions:get',
        query={'namespace': types.text, 'fields': types.names},
        answer=DynamicAction,
    )
    def get_one(self, call: Call, identifier: str, namespace: str | None = None) -> Row:
        fields = DYNAMIC_ACTIONS.fields_of_one(call.query.get('fields'), ignore_unknown=True)
        key = Key(identifier, call.namespace(namespace))
        with self.services.database.read() as conn:
            return DynamicAction.render(self._code.actions.get(conn, key, call.caller, fields))

    @expose(
        'dynamic_actions:create',
        further_rules=('dynamic_actions:publicize',),
        body=DynamicAction,
        body_name='dyn_action',
        answer=DynamicAction,
        status=201,
    )
    def post(self, call: Call) -> Row:
        given = _given(call)
        row = self._code.create_action(given, call.caller)
        del row['updated_at']
        return DynamicAction.render(row)

    @expose(
        'dynamic_actions:update',
        further_rules=('dynamic_actions:publicize',),
        body=DynamicAction,
        body_name='dyn_action',
        answer=DynamicAction,
    )
    def put(self, call: Call) -> Row:
        return DynamicAction.render(self._code.update_action(_given(call), call.caller))

    @expose('dynamic_actions:delete', query={'namespace': types.text}, status=204)
    def delete(self, call: Call, identifier: str, namespace: str | None = None) -> None:
        self._code.delete_action(Key(identifier, call.namespace(namespace)), call.caller)


def _given(call: Call) -> Row:
    """What the body sets; raises NotAllowedException for a scope that the caller may not use."""
    given: Row = call.body.given()
    if given.get('scope') == 'public':
        call.authorize('dynamic_actions:publicize')
    return given
