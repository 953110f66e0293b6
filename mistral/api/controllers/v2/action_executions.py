"""`/v2/action_executions`: runs of actions, alone or as part of a task."""

from collections.abc import Mapping
from typing import Any, Final

from mistral_lib.actions import Result
from wsme.types import Unset

from mistral import states
from mistral.api import types
from mistral.api.exposure import expose
from mistral.api.listings import ACTION_EXECUTIONS, list_action_executions, without
from mistral.api.requests import Call
from mistral.api.resources import ActionExecution
from mistral.api.routing import Controller
from mistral.api.services import ApiServices
from mistral.db.repositories import Row
from mistral.exceptions import DBEntityNotFoundError, InputException, NotAllowedException

#: States that a client may report, in the order of the message that lists them.
_REPORTABLE: Final = [
    states.SUCCESS,
    states.ERROR,
    states.CANCELLED,
    states.PAUSED,
    states.RUNNING,
]

_UNKNOWN_ERROR: Final = 'Unknown error'


class ActionExecutionsController(Controller):
    @expose('action_executions:list', query=ACTION_EXECUTIONS.arguments, answer=ACTION_EXECUTIONS)
    def get_all(self, call: Call) -> Row:
        return list_action_executions(self.services, call)

    @expose('action_executions:get', query={'fields': types.names}, answer=ActionExecution)
    def get_one(self, call: Call, id: str) -> Row:
        return show_action_execution(self.services, call, id)

    @expose(
        'action_executions:create',
        body=ActionExecution,
        body_name='action_ex',
        answer=ActionExecution,
        status=201,
        example={'name': 'std.echo', 'input': {'output': 'Hello'}},
    )
    def post(self, call: Call) -> Row:
        """Run an action outside of workflows."""
        body = call.body
        if not body.name:
            raise InputException('Please provide at least action name to run action.')
        run = self.services.engine.start_action(
            call.caller,
            name=body.name,
            input=body.input or {},
            description=body.description or '',
            namespace=body.workflow_namespace or '',
            **_run_options(body.params or {}),
        )
        answer = dict.fromkeys(ACTION_EXECUTIONS.attributes) | {'workflow_namespace': ''} | run
        if answer['id'] is None:
            answer['description'] = body.description or None
        return ActionExecution.render(answer)

    @expose(
        'action_executions:update',
        body=ActionExecution,
        body_name='action_ex',
        answer=ActionExecution,
    )
    def put(self, call: Call, id: str) -> Row:
        """Tell the result of an asynchronous action, or pause or resume it."""
        state = call.body.state
        if state not in _REPORTABLE:
            raise InputException(f'Error. Expected one of {_REPORTABLE}, actual: {state}')
        services = self.services
        with services.database.read() as conn:
            # The engine does not ask whose action it is.
            services.repositories.action_executions.get(conn, id, call.caller, ('id',))
        engine = services.engine
        if states.is_completed(state):
            engine.complete_action(call.caller, id, _result(state, call.body.output))
        else:
            engine.update_action(call.caller, id, state)
        return show_action_execution(services, call, id)

    @expose('action_executions:delete', status=204)
    def delete(self, call: Call, id: str) -> None:
        if not self.services.settings.allow_action_execution_deletion:
            raise NotAllowedException('Action execution deletion is not allowed.')
        repository = self.services.repositories.action_executions
        with self.services.database.transaction() as conn:
            row = repository.get(conn, id, call.caller, ('id', 'task_execution_id', 'state'))
            if row['task_execution_id'] is not None:
                raise NotAllowedException('Only ad-hoc action execution can be deleted.')
            if not states.is_completed(row['state']):
                raise NotAllowedException('Only completed action execution can be deleted.')
            repository.delete(conn, id, call.caller)


class TaskActionExecutionsController(Controller):
    """`/v2/tasks/{id}/action_executions`"""

    @expose(
        'action_executions:list',
        query=without(ACTION_EXECUTIONS.arguments, 'task_execution_id'),
        answer=ACTION_EXECUTIONS,
    )
    def get_all(self, call: Call, task_execution_id: str) -> Row:
        """List the action executions of a task."""
        within = {'task_execution_id': types.checked_uuid('task_execution_id', task_execution_id)}
        return list_action_executions(self.services, call, within)

    @expose('action_executions:get', query={'fields': types.names}, answer=ActionExecution)
    def get_one(self, call: Call, task_execution_id: str, id: str) -> Row:
        """Read one of the action executions of a task."""
        return show_action_execution(self.services, call, id, task_execution_id)


def show_action_execution(
    services: ApiServices, call: Call, id: str, task_execution_id: str | None = None
) -> Row:
    """One action execution; with a task's id it must belong to that task."""
    fields = ACTION_EXECUTIONS.fields_of_one(call.query.get('fields'), ignore_unknown=True)
    columns = (*ACTION_EXECUTIONS.columns_of(fields), 'task_execution_id')
    with services.database.read() as conn:
        row = services.repositories.action_executions.get(conn, id, call.caller, columns)
    if task_execution_id is not None and row['task_execution_id'] != task_execution_id:
        raise DBEntityNotFoundError(f'ActionExecution not found [id={id}]')
    return ActionExecution.render({name: row[name] for name in fields})


def _run_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """How a direct run is done; parameters that mean nothing here are ignored."""
    timeout = params.get('timeout')
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int | float)):
        raise InputException(f'The timeout must be a number of seconds, not {timeout!r}.')
    return {
        'save_result': bool(params.get('save_result')),
        'run_sync': bool(params.get('run_sync')),
        'timeout': timeout,
        'target': params.get('target'),
    }


def _result(state: str, output: Any) -> Result:
    match state:
        case states.SUCCESS:
            return Result(data={} if output is Unset else output)
        case states.ERROR:
            return Result(error=output or _UNKNOWN_ERROR)
        case _:
            return Result(cancel=True)
