"""`/v2/actions`: actions of all kinds, and the definitions of ad-hoc ones."""

from typing import Any, Final

from mistral.api import filters, types
from mistral.api.answers import ListOf
from mistral.api.collections import Collection
from mistral.api.controllers.v2 import uploads
from mistral.api.exposure import TEXT, expose
from mistral.api.filters import Condition
from mistral.api.memory_list import select
from mistral.api.requests import Call
from mistral.api.resources import Action
from mistral.api.routing import Controller
from mistral.db.repositories import Row
from mistral.exceptions import DBEntityNotFoundError
from mistral.services.definition_store import Key

ACTIONS: Final = Collection(
    name='actions',
    resource=Action,
    filters={
        'name': filters.TEXT,
        'namespace': filters.TEXT,
        'input': filters.TEXT,
        'description': filters.TEXT,
        'definition': filters.TEXT,
        'tags': filters.TAGS,
        'scope': filters.TEXT,
        'is_system': filters.FLAG,
        **filters.TIMES,
    },
    default_sort='name',
    # The id of an installed action is its name.
    marker=types.text,
)

_UPLOADED: Final = ListOf('actions', Action)

_DEFAULT_NAMESPACE: Final = Condition('eq', '', 'eq:')

_EXAMPLE: Final = """version: '2.0'
greet:
  input: [name]
  base: std.echo
  base-input: {output: "Hello <% $.name %>"}
"""


class ActionsController(Controller):
    """The namespace may also be given as a second path segment."""

    commands = ('validate',)
    item_segments = 2

    @expose('actions:list', query=ACTIONS.arguments, answer=ACTIONS)
    def get_all(self, call: Call) -> Row:
        limit = self.services.settings.max_limit
        page = ACTIONS.page(call, limit)
        namespace = call.query.get('namespace', _DEFAULT_NAMESPACE)
        only = namespace.value if namespace.operator == 'eq' else None
        rows = [
            _row_of(descriptor) for descriptor in self.services.actions.find_all(only, call.caller)
        ]
        conditions = (*page.query.filters, namespace.on('namespace'))
        selected = select(rows, page.query, conditions, not_found='Action not found [id={}]')
        answer = page.answer(selected)
        answer['actions'] = [_without_times_of_installed(item) for item in answer['actions']]
        return answer

    @expose('actions:get', query={'namespace': types.text}, answer=Action)
    def get_one(self, call: Call, name: str, namespace: str | None = None) -> Row:
        return _without_times_of_installed(
            Action.render(self._find(call, name, call.namespace(namespace)))
        )

    @expose(
        'actions:create',
        further_rules=('actions:publicize',),
        query=uploads.ARGUMENTS,
        ignore_unknown=True,
        body=TEXT,
        answer=_UPLOADED,
        status=201,
        example=_EXAMPLE,
    )
    def post(self, call: Call) -> Row:
        upload = uploads.creation(call, 'actions', self.services.settings)
        rows = self.services.definitions.create_actions(call.body, call.caller, **upload)
        return {'actions': [Action.render(uploads.without_update_time(row)) for row in rows]}

    @expose(
        'actions:update',
        further_rules=('actions:publicize',),
        query=uploads.ARGUMENTS,
        ignore_unknown=True,
        body=TEXT,
        answer=_UPLOADED,
    )
    def put(self, call: Call, identifier: str | None = None, namespace: str | None = None) -> Row:
        upload = uploads.update(call, 'actions', self.services.settings)
        upload['namespace'] = call.namespace(namespace)
        rows = self.services.definitions.update_actions(
            call.body, call.caller, identifier=identifier, **upload
        )
        return {'actions': [Action.render(row) for row in rows]}

    @expose('actions:delete', query={'namespace': types.text}, status=204)
    def delete(self, call: Call, identifier: str, namespace: str | None = None) -> None:
        key = Key(identifier, call.namespace(namespace))
        self.services.definitions.delete_action(key, call.caller)

    @expose(None, ignore_unknown=True, body=TEXT, answer=uploads.VALIDATION, example=_EXAMPLE)
    def validate(self, call: Call) -> Row:
        """Tell whether definitions of actions are valid, and all that is wrong with them."""
        return uploads.validation(self.services.definitions.validate_actions, call.body)

    def _find(self, call: Call, name: str, namespace: str) -> Row:
        services = self.services
        descriptor = services.actions.find(name, namespace, call.caller)
        if descriptor is not None:
            return _row_of(descriptor)
        try:
            with services.database.read() as conn:
                key = Key(name, namespace)
                row = services.definitions.actions.get(conn, key, call.caller)
        except DBEntityNotFoundError:
            raise DBEntityNotFoundError(
                f'Action not found [name={name}, namespace={namespace}]'
            ) from None
        return row | {'input': row['input'] or ''}


def _row_of(descriptor: Any) -> Row:
    """An action's attributes; those that only stored actions have may be missing."""
    stored_id = getattr(descriptor, 'id', None)
    return {
        'id': stored_id or descriptor.name,
        'name': descriptor.name,
        'is_system': stored_id is None or bool(getattr(descriptor, 'is_system', False)),
        'input': descriptor.params_spec or '',
        'description': descriptor.description,
        'tags': getattr(descriptor, 'tags', None),
        'definition': getattr(descriptor, 'definition', None) or '',
        'scope': descriptor.scope,
        'project_id': descriptor.project_id,
        'created_at': getattr(descriptor, 'created_at', None),
        'updated_at': getattr(descriptor, 'updated_at', None),
        'namespace': descriptor.namespace or '',
    }


def _without_times_of_installed(item: Row) -> Row:
    """Installed actions have never been created; their times are empty texts."""
    if item.get('id') != item.get('name') or item.get('created_at') is not None:
        return item
    times = {name: '' for name in ('created_at', 'updated_at') if name in item}
    return item | times
