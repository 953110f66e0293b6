"""`/v2/executions`: starting, watching and steering workflow executions."""

from typing import Final

from mistral import states
from mistral.api import types
from mistral.api.execution_tree import (
    REPORT,
    REPORT_ARGUMENTS,
    SUB_EXECUTION_ARGUMENTS,
    SUB_EXECUTIONS,
    report,
    sub_executions_of_execution,
)
from mistral.api.exposure import expose
from mistral.api.listings import (
    EXECUTIONS,
    TASKS,
    complete_execution,
    list_executions,
    list_tasks,
    without,
)
from mistral.api.requests import Call
from mistral.api.resources import Execution
from mistral.api.routing import Controller
from mistral.api.services import ApiServices
from mistral.db.repositories import Row
from mistral.exceptions import NotAllowedException
from mistral.services.environments import check_env_may_change
from mistral.services.execution_requests import ExecutionUpdate, StartRequest

#: Attributes that answers to changes leave out, by what was changed.
_AFTER_STATE: Final = frozenset({'published_global'})
_AFTER_ENV: Final = _AFTER_STATE | {'input', 'output'}
_AFTER_DESCRIPTION: Final = _AFTER_ENV | {'params'}


class ExecutionsController(Controller):
    def __init__(self, services: ApiServices) -> None:
        children = {
            'tasks': ExecutionTasksController(services),
            'report': ExecutionReportController(services),
            'executions': SubExecutionsController(services),
        }
        super().__init__(services, children)

    @expose(
        'executions:list',
        further_rules=('executions:list:all_projects',),
        query=EXECUTIONS.arguments,
        answer=EXECUTIONS,
    )
    def get_all(self, call: Call) -> Row:
        if call.query.get('all_projects') or 'project_id' in call.query:
            call.authorize('executions:list:all_projects')
        return list_executions(self.services, call)

    @expose('executions:get', query={'fields': types.names}, answer=Execution)
    def get_one(self, call: Call, id: str) -> Row:
        return self._show(call, id, EXECUTIONS.fields_of_one(call.query.get('fields')))

    @expose(
        'executions:create',
        body=Execution,
        body_name='wf_ex',
        answer=Execution,
        status=201,
        example={'workflow_name': 'hello', 'input': {'name': 'Ada'}},
    )
    def post(self, call: Call) -> Row:
        """Start a workflow."""
        given = call.body.given()
        existing = self._find(call, given.get('id'))
        # A new one is shown as it was created: by now the workflow may have ended.
        return _render(existing or self._start(call, given), _all_but(_AFTER_STATE))

    @expose('executions:update', body=Execution, body_name='wf_ex', answer=Execution)
    def put(self, call: Call, id: str) -> Row:
        """Pause, resume or end an execution, or change its environment or description."""
        services = self.services
        with services.database.read() as conn:
            columns = ('id', 'state', 'description')
            current = services.repositories.executions.get(conn, id, call.caller, columns)
        update = ExecutionUpdate.from_body(call.body.given())
        if update.env and not update.state:
            check_env_may_change(current['state'])

        if update.state == states.SKIPPED:
            # Only tasks can be skipped; this has always been answered like any other request.
            return self._show_without(call, id, _AFTER_STATE)
        if update.state:
            changed = self._change_state(call, id, update.state, update)
            # Engines do not hear of changed descriptions.
            shown = changed | {'description': current['description']}
            return _render(shown, _all_but(_AFTER_STATE))
        if update.env:
            services.engine.update_env(call.caller, id, update.env)
        if update.description:
            with services.database.transaction() as conn:
                changes = {'description': update.description}
                services.repositories.executions.update(conn, id, changes, call.caller)
        return self._show_without(call, id, _AFTER_ENV if update.env else _AFTER_DESCRIPTION)

    @expose('executions:delete', query={'force': types.flag}, status=204)
    def delete(self, call: Call, id: str) -> None:
        repository = self.services.repositories.executions
        with self.services.database.transaction() as conn:
            state = repository.get(conn, id, call.caller, ('id', 'state'))['state']
            if not (call.query.get('force') or states.is_completed(state)):
                raise NotAllowedException(
                    'Only completed executions can be deleted. Use --force to override this. '
                    f'Execution {id} is in {state} state'
                )
            repository.delete(conn, id, call.caller)

    def _find(self, call: Call, execution_id: str | None) -> Row | None:
        if not execution_id:
            return None
        columns = EXECUTIONS.columns_of(_all_but(_AFTER_STATE))
        with self.services.database.read() as conn:
            repository = self.services.repositories.executions
            return repository.find(conn, call.caller, columns, id=execution_id)

    def _start(self, call: Call, given: Row) -> Row:
        source = None
        if source_id := given.get('source_execution_id'):
            columns = ('id', 'workflow_id', 'workflow_namespace', 'input', 'params')
            with self.services.database.read() as conn:
                repository = self.services.repositories.executions
                source = repository.get(conn, source_id, call.caller, columns)
        request = StartRequest.from_body(given, source)
        return self.services.engine.start_workflow(
            call.caller,
            workflow_identifier=request.workflow_identifier,
            namespace=request.namespace,
            execution_id=request.execution_id,
            input=request.input,
            description=request.description,
            params=request.params,
        )

    def _change_state(self, call: Call, id: str, state: str, update: ExecutionUpdate) -> Row:
        """Returns the execution as the change has left it, whatever has happened since."""
        engine = self.services.engine
        match state:
            case states.PAUSED:
                return engine.pause_workflow(call.caller, id)
            case states.RUNNING:
                return engine.resume_workflow(call.caller, id, update.env)
            case _:
                return engine.stop_workflow(call.caller, id, state, update.state_info)

    def _show(self, call: Call, id: str, fields: tuple[str, ...]) -> Row:
        columns = EXECUTIONS.columns_of(fields)
        with self.services.database.read() as conn:
            row = self.services.repositories.executions.get(conn, id, call.caller, columns)
        return _render(row, fields)

    def _show_without(self, call: Call, id: str, left_out: frozenset[str]) -> Row:
        return self._show(call, id, _all_but(left_out))


def _all_but(left_out: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in EXECUTIONS.attributes if name not in left_out)


def _render(row: Row, fields: tuple[str, ...]) -> Row:
    completed = complete_execution(row)
    return Execution.render({name: completed[name] for name in fields})


class ExecutionTasksController(Controller):
    """`/v2/executions/{id}/tasks`"""

    @expose('tasks:list', query=without(TASKS.arguments, 'workflow_execution_id'), answer=TASKS)
    def get_all(self, call: Call, workflow_execution_id: str) -> Row:
        """List the tasks of an execution."""
        with self.services.database.read() as conn:
            executions = self.services.repositories.executions
            executions.get(conn, workflow_execution_id, call.caller, ('id',))
        within = {'workflow_execution_id': workflow_execution_id}
        return list_tasks(self.services, call, within)


class ExecutionReportController(Controller):
    """`/v2/executions/{id}/report`"""

    @expose('executions:get', query=REPORT_ARGUMENTS, answer=REPORT)
    def get_all(self, call: Call, workflow_execution_id: str) -> Row:
        """The tree of an execution with statistics about its tasks."""
        return report(self.services, call, workflow_execution_id)


class SubExecutionsController(Controller):
    """`/v2/executions/{id}/executions`"""

    @expose('executions:get', query=SUB_EXECUTION_ARGUMENTS, answer=SUB_EXECUTIONS)
    def get_all(self, call: Call, workflow_execution_id: str) -> Row:
        """An execution and all below it."""
        return sub_executions_of_execution(self.services, call, workflow_execution_id)
