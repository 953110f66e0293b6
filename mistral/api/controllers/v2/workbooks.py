"""`/v2/workbooks`: workflows and actions that belong together."""

from typing import Final

from mistral.api import filters, types
from mistral.api.collections import Collection
from mistral.api.controllers.v2 import uploads
from mistral.api.exposure import TEXT, expose
from mistral.api.requests import Call
from mistral.api.resources import Workbook
from mistral.api.routing import Controller
from mistral.db.repositories import Row
from mistral.services.definition_store import Key

WORKBOOKS: Final = Collection(
    name='workbooks',
    resource=Workbook,
    filters={
        'name': filters.TEXT,
        'namespace': filters.TEXT,
        'definition': filters.TEXT,
        'tags': filters.TAGS,
        'scope': filters.TEXT,
        **filters.TIMES,
    },
)

_EXAMPLE: Final = """version: '2.0'
name: book
workflows:
  greet:
    tasks:
      greet: {action: std.echo output="Hello"}
"""


class WorkbooksController(Controller):
    """The namespace may also be given as a second path segment."""

    commands = ('validate',)
    item_segments = 2

    @expose('workbooks:list', query=WORKBOOKS.arguments, answer=WORKBOOKS)
    def get_all(self, call: Call) -> Row:
        services = self.services
        page = WORKBOOKS.page(call, services.settings.max_limit)
        with services.database.read() as conn:
            rows = services.repositories.workbooks.list(conn, page.query, call.caller)
        return page.answer(rows)

    @expose(
        'workbooks:get',
        query={'namespace': types.text, 'fields': types.names},
        answer=Workbook,
    )
    def get_one(self, call: Call, name: str, namespace: str | None = None) -> Row:
        fields = WORKBOOKS.fields_of_one(call.query.get('fields'))
        services = self.services
        with services.database.read() as conn:
            key = Key(name, call.namespace(namespace))
            row = services.definitions.workbooks.get(conn, key, call.caller, fields)
        return Workbook.render({name: row[name] for name in fields})

    @expose(
        'workbooks:create',
        further_rules=('workbooks:publicize',),
        query=uploads.ARGUMENTS,
        ignore_unknown=True,
        body=TEXT,
        answer=Workbook,
        status=201,
        example=_EXAMPLE,
    )
    def post(self, call: Call) -> Row:
        upload = uploads.creation(call, 'workbooks', self.services.settings)
        row = self.services.definitions.create_workbook(call.body, call.caller, **upload)
        return Workbook.render(uploads.without_update_time(row))

    @expose(
        'workbooks:update',
        further_rules=('workbooks:publicize',),
        query=uploads.ARGUMENTS,
        ignore_unknown=True,
        body=TEXT,
        answer=Workbook,
    )
    def put(self, call: Call, namespace: str | None = None) -> Row:
        """Update the workbook that the text names, in the namespace that the URL may end in."""
        upload = uploads.update(call, 'workbooks', self.services.settings)
        upload['namespace'] = call.namespace(namespace)
        row = self.services.definitions.update_workbook(call.body, call.caller, **upload)
        return Workbook.render(row)

    @expose('workbooks:delete', query={'namespace': types.text}, status=204)
    def delete(self, call: Call, name: str, namespace: str | None = None) -> None:
        key = Key(name, call.namespace(namespace))
        self.services.definitions.delete_workbook(key, call.caller)

    @expose(None, ignore_unknown=True, body=TEXT, answer=uploads.VALIDATION, example=_EXAMPLE)
    def validate(self, call: Call) -> Row:
        """Tell whether the definition of a workbook is valid, and all that is wrong with it."""
        return uploads.validation(self.services.definitions.validate_workbook, call.body)
