"""`/v2/code_sources`: texts of Python modules for dynamic actions."""

from typing import Final

import wsme.exc

from mistral.api import filters, types
from mistral.api.collections import Collection
from mistral.api.controllers.v2 import uploads
from mistral.api.exposure import TEXT, expose
from mistral.api.project_lists import list_for_projects
from mistral.api.requests import Call
from mistral.api.resources import CodeSource
from mistral.api.routing import Controller
from mistral.api.services import ApiServices
from mistral.db.repositories import Row
from mistral.services.code import CodeService
from mistral.services.definition_store import Key
from mistral.services.definitions import PRIVATE

CODE_SOURCES: Final = Collection(
    name='code_sources',
    resource=CodeSource,
    filters={
        'name': filters.TEXT,
        'namespace': filters.TEXT,
        'tags': filters.TAGS,
        'scope': filters.TEXT,
        'project_id': filters.IDENTIFIER,
        **filters.TIMES,
    },
    flags={'all_projects': types.flag},
)

_ARGUMENTS: Final = {'scope': types.text, 'namespace': types.text}


class CodeSourcesController(Controller):
    """The namespace may also be given as a second path segment."""

    item_segments = 2

    def __init__(self, services: ApiServices) -> None:
        super().__init__(services)
        self._code = CodeService(services.database, services.repositories)

    @expose('code_sources:list', query=CODE_SOURCES.arguments, answer=CODE_SOURCES)
    def get_all(self, call: Call) -> Row:
        repository = self.services.repositories.code_sources
        return list_for_projects(self.services, call, CODE_SOURCES, repository, has_rule=False)

    @expose(
        'code_sources:get',
        query={'namespace': types.text, 'fields': types.names},
        answer=CodeSource,
    )
    def get_one(self, call: Call, identifier: str, namespace: str | None = None) -> Row:
        fields = CODE_SOURCES.fields_of_one(call.query.get('fields'), ignore_unknown=True)
        key = Key(identifier, call.namespace(namespace))
        with self.services.database.read() as conn:
            return CodeSource.render(self._code.sources.get(conn, key, call.caller, fields))

    @expose(
        'code_sources:create',
        further_rules=('code_sources:publicize',),
        query={'name': types.text, **_ARGUMENTS},
        ignore_unknown=True,
        body=TEXT,
        answer=CodeSource,
        status=201,
    )
    def post(self, call: Call) -> Row:
        key = Key(_given(call, 'name'), call.namespace())
        scope = uploads.requested_scope(call, 'code_sources') or PRIVATE
        row = self._code.create_source(key, call.body, scope, call.caller)
        return CodeSource.render(uploads.without_update_time(row))

    @expose(
        'code_sources:update',
        further_rules=('code_sources:publicize',),
        query={'identifier': types.text, **_ARGUMENTS},
        ignore_unknown=True,
        body=TEXT,
        answer=CodeSource,
    )
    def put(self, call: Call, identifier: str | None = None, namespace: str | None = None) -> Row:
        key = Key(identifier or _given(call, 'identifier'), call.namespace(namespace))
        scope = uploads.requested_scope(call, 'code_sources')
        return CodeSource.render(self._code.update_source(key, call.body, scope, call.caller))

    @expose('code_sources:delete', query={'namespace': types.text}, status=204)
    def delete(self, call: Call, identifier: str, namespace: str | None = None) -> None:
        self._code.delete_source(Key(identifier, call.namespace(namespace)), call.caller)


def _given(call: Call, argument: str) -> str:
    """An argument of the query that must be there."""
    value: str = call.query.get(argument, '')
    if not value:
        raise wsme.exc.MissingArgument(argument)
    return value
