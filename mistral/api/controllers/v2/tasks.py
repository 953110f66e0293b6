"""`/v2/tasks`: task executions, and asking for a failed one to run again or to be skipped."""

from typing import Any, Final

from wsme.types import Unset

from mistral import states
from mistral.api import types
from mistral.api.controllers.v2.action_executions import TaskActionExecutionsController
from mistral.api.execution_tree import (
    SUB_EXECUTION_ARGUMENTS,
    SUB_EXECUTIONS,
    sub_executions_of_task,
)
from mistral.api.exposure import expose
from mistral.api.listings import (
    EXECUTIONS,
    TASKS,
    complete_task,
    list_executions,
    list_tasks,
    without,
)
from mistral.api.requests import Call
from mistral.api.resources import Task
from mistral.api.routing import Controller
from mistral.api.services import ApiServices
from mistral.db.repositories import Row
from mistral.exceptions import InputException
from mistral.services.environments import check_env_may_change
from mistral.services.published import published_global_of_task
from mistral.services.task_results import TASK_COLUMNS, has_items, read_task_results

#: What requests to run a task again are checked against.
_CHECKED_COLUMNS: Final = (
    *TASK_COLUMNS,
    'name',
    'workflow_name',
    'workflow_execution_id',
    'state',
)


class TasksController(Controller):
    def __init__(self, services: ApiServices) -> None:
        children = {
            'action_executions': TaskActionExecutionsController(services),
            'workflow_executions': TaskWorkflowExecutionsController(services),
            'executions': TaskSubExecutionsController(services),
        }
        super().__init__(services, children)

    @expose('tasks:list', query=TASKS.arguments, answer=TASKS)
    def get_all(self, call: Call) -> Row:
        return list_tasks(self.services, call)

    @expose('tasks:get', query={'fields': types.names}, answer=Task)
    def get_one(self, call: Call, id: str) -> Row:
        return self._show(call, id)

    @expose('tasks:update', body=Task, body_name='task', answer=Task)
    def put(self, call: Call, id: str) -> Row:
        """Run a failed task again, or skip it."""
        body = call.body
        repositories = self.services.repositories
        with self.services.database.read() as conn:
            task = repositories.tasks.get(conn, id, call.caller, _CHECKED_COLUMNS)
            _check_request(task, body)
            if body.env:
                execution = repositories.executions.get(
                    conn, task['workflow_execution_id'], call.caller, ('state',)
                )
                check_env_may_change(execution['state'])

        env = body.env or None
        if body.state == states.SKIPPED:
            self.services.engine.skip_task(call.caller, id, env)
        else:
            self.services.engine.rerun_task(call.caller, id, bool(body.reset), env)
        return self._show(call, id)

    def _show(self, call: Call, id: str) -> Row:
        fields = TASKS.fields_of_one(call.query.get('fields'))
        columns = TASKS.columns_of(fields)
        with self.services.database.read() as conn:
            row = self.services.repositories.tasks.get(conn, id, call.caller, columns)
            results = {}
            if 'result' in fields:
                results = read_task_results(conn, self.services.repositories, [row], call.caller)
            if 'published_global' in fields:
                row['published_global'] = published_global_of_task(
                    conn, self.services.repositories, row, call.caller
                )
        completed = complete_task(row, results)
        if not call.query.get('fields') and not completed['published_global']:
            del completed['published_global']
        return Task.render({name: completed[name] for name in fields if name in completed})


class TaskWorkflowExecutionsController(Controller):
    """`/v2/tasks/{id}/workflow_executions`"""

    @expose(
        'executions:list',
        query=without(
            EXECUTIONS.arguments,
            'task_execution_id',
            'root_execution_id',
            'project_id',
            'all_projects',
            'nulls',
        ),
        answer=EXECUTIONS,
    )
    def get_all(self, call: Call, task_execution_id: str) -> Row:
        """List the executions that a task has started."""
        within = {'task_execution_id': types.checked_uuid('task_execution_id', task_execution_id)}
        hidden = frozenset({'params', 'input'})
        return list_executions(self.services, call, within, hidden)


class TaskSubExecutionsController(Controller):
    """`/v2/tasks/{id}/executions`"""

    @expose('executions:get', query=SUB_EXECUTION_ARGUMENTS, answer=SUB_EXECUTIONS)
    def get_all(self, call: Call, task_execution_id: str) -> Row:
        """The executions that a task has started, and all below them."""
        task_id = types.checked_uuid('id', task_execution_id)
        return sub_executions_of_task(self.services, call, task_id)


def _check_request(task: Row, body: Task) -> None:
    """Raise InputException unless the body asks for something that this task can do."""
    problem = _problem_of_request(task, body)
    if problem:
        raise InputException(problem)


def _problem_of_request(task: Row, body: Task) -> str | None:
    if body.name and body.name != task['name']:
        return 'Task name does not match.'
    if body.workflow_name and body.workflow_name != task['workflow_name']:
        return 'Workflow name does not match.'
    if body.state not in {states.RUNNING, states.SKIPPED}:
        return 'Invalid task state. Only updating task to RUNNING or SKIPPED is supported.'
    if task['state'] != states.ERROR:
        return (
            'The current task execution must be in ERROR for rerun. '
            'Only updating task to rerun is supported.'
        )
    return _problem_of_rerun(task, body.reset) if body.state == states.RUNNING else None


def _problem_of_rerun(task: Row, reset: Any) -> str | None:
    if reset is Unset:
        return 'Reset field is mandatory to rerun task.'
    if not reset and not has_items(task):
        return 'Only with-items task has the option to not reset.'
    return None
