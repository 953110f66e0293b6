"""`/v2/workflows`: workflow definitions."""

from typing import Any, Final

from mistral.api import filters, types
from mistral.api.answers import Either, ListOf
from mistral.api.collections import Collection
from mistral.api.controllers.v2 import uploads
from mistral.api.controllers.v2.members import MembersController
from mistral.api.exposure import TEXT, expose
from mistral.api.project_lists import list_for_projects
from mistral.api.requests import Call
from mistral.api.resources import Workflow
from mistral.api.routing import Controller
from mistral.api.services import ApiServices
from mistral.db.repositories import Row
from mistral.services.definition_store import Key
from mistral.services.interfaces import workflow_input_text, workflow_interface

WORKFLOWS: Final = Collection(
    name='workflows',
    resource=Workflow,
    filters={
        'name': filters.TEXT,
        'namespace': filters.TEXT,
        'definition': filters.TEXT,
        'tags': filters.TAGS,
        'scope': filters.TEXT,
        'project_id': filters.IDENTIFIER,
        **filters.TIMES,
    },
    flags={'all_projects': types.flag},
    derived={'input': ('spec',), 'interface': ('spec',)},
)

_UPLOADED: Final = ListOf('workflows', Workflow)

_EXAMPLE: Final = """version: '2.0'
hello:
  input: [name: world]
  output: {greeting: <% $.greeting %>}
  tasks:
    greet:
      action: std.echo output="Hello <% $.name %>"
      publish: {greeting: <% task().result %>}
"""


class WorkflowsController(Controller):
    commands = ('validate',)

    def __init__(self, services: ApiServices) -> None:
        super().__init__(services, {'members': MembersController(services)})

    @expose(
        'workflows:list',
        further_rules=('workflows:list:all_projects',),
        query=WORKFLOWS.arguments,
        answer=WORKFLOWS,
    )
    def get_all(self, call: Call) -> Row:
        repository = self.services.repositories.workflows
        return list_for_projects(self.services, call, WORKFLOWS, repository, _complete)

    @expose(
        'workflows:get',
        query={'namespace': types.text, 'fields': types.names},
        answer=Workflow,
    )
    def get_one(self, call: Call, identifier: str) -> Row:
        fields = WORKFLOWS.fields_of_one(call.query.get('fields'), ignore_unknown=True)
        key = Key(identifier, call.namespace())
        columns = WORKFLOWS.columns_of(fields)
        services = self.services
        with services.database.read() as conn:
            row = services.definitions.workflows.get(conn, key, call.caller, columns)
        completed = _complete(row)
        return Workflow.render({name: completed[name] for name in fields})

    @expose(
        'workflows:create',
        further_rules=('workflows:publicize',),
        query=uploads.ARGUMENTS,
        ignore_unknown=True,
        body=TEXT,
        answer=_UPLOADED,
        status=201,
        example=_EXAMPLE,
    )
    def post(self, call: Call) -> Row:
        upload = uploads.creation(call, 'workflows', self.services.settings)
        rows = self.services.definitions.create_workflows(call.body, call.caller, **upload)
        return {'workflows': [_render_created(row) for row in rows]}

    @expose(
        'workflows:update',
        further_rules=('workflows:publicize',),
        query=uploads.ARGUMENTS,
        ignore_unknown=True,
        body=TEXT,
        answer=Either(Workflow, _UPLOADED),
    )
    def put(self, call: Call, identifier: str | None = None) -> Row:
        upload = uploads.update(call, 'workflows', self.services.settings)
        rows = self.services.definitions.update_workflows(
            call.body, call.caller, identifier=identifier, **upload
        )
        rendered = [Workflow.render(_complete(row)) for row in rows]
        return {'workflows': rendered} if identifier is None else rendered[0]

    @expose('workflows:delete', query={'namespace': types.text}, status=204)
    def delete(self, call: Call, identifier: str) -> None:
        key = Key(identifier, call.namespace())
        self.services.definitions.delete_workflow(key, call.caller)

    @expose(None, ignore_unknown=True, body=TEXT, answer=uploads.VALIDATION, example=_EXAMPLE)
    def validate(self, call: Call) -> Row:
        """Tell whether definitions of workflows are valid, and all that is wrong with them."""
        return uploads.validation(self.services.definitions.validate_workflows, call.body)


def _complete(row: Row) -> Row:
    """Add what the API tells about a workflow's interface."""
    spec = row.get('spec')
    if spec is None:
        return row
    return row | {'input': workflow_input_text(spec), 'interface': workflow_interface(spec)}


def _render_created(row: Row) -> dict[str, Any]:
    completed = _complete(row)
    return Workflow.render(uploads.without_update_time(completed))
