"""Creating a workflow execution: input, environment, vars. Nothing runs yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mistral import states
from mistral.exceptions import InputException, WorkflowException
from mistral.lang.specs import REQUIRED, WorkflowSpec
from mistral.workflow.model import CALLER, ExecutionState, WorkflowExecution
from mistral.workflow.ports import Ports, WorkflowDefinition
from mistral.workflow.scope import TurnScope
from mistral.workflow.turn import Turn


@dataclass(frozen=True, slots=True)
class Parent:
    """Where a sub-workflow hangs: its parent execution, the task there, the root of the tree."""

    execution_id: str
    task_execution_id: str
    root_execution_id: str


def create_execution(
    ports: Ports,
    definition: WorkflowDefinition,
    *,
    input_: Mapping[str, Any],
    params: Mapping[str, Any],
    description: str | None,
    project_id: str,
    execution_id: str | None = None,
    parent: Parent | None = None,
    security: Mapping[str, Any] | None = None,
) -> ExecutionState:
    """A new execution in state RUNNING, without tasks.

    Raises InputException, EvaluationException (vars, environment), WorkflowException or
    SizeLimitExceededException; then nothing has been created.
    """
    spec = definition.spec
    execution = WorkflowExecution(
        id=execution_id or ports.new_id(),
        workflow_id=definition.id,
        workflow_name=definition.name,
        workflow_namespace=definition.namespace,
        spec=spec.raw,
        project_id=project_id,
        created_at=ports.now(),
        name=definition.name,
        description=description,
        tags=list(spec.tags),
        input=complete_input(spec, input_),
        params=dict(params),
        task_execution_id=parent.task_execution_id if parent else None,
        parent_execution_id=parent.execution_id if parent else None,
        root_execution_id=parent.root_execution_id if parent else None,
    )
    execution.runtime_context['_workbook'] = definition.workbook_name or ''
    state = ExecutionState(execution, definition.graph)
    turn = Turn(state, ports)
    if spec.type == 'reverse':
        _check_target(spec, execution.params.get('task_name'))
    if not execution.params.get('namespace'):
        execution.params['namespace'] = definition.namespace
    execution.params['env'] = _environment(turn, execution.params)
    turn.check_size('input', execution.input, 'WorkflowExecution')
    turn.check_size('params', execution.params, 'WorkflowExecution')
    execution.context['__execution'] = {'id': execution.id}
    if security:
        execution.context[CALLER] = dict(security)
    if spec.vars:
        variables = ports.evaluate(spec.vars, turn.view(), TurnScope(turn))
        execution.context.update(variables)
    if spec.timeout is not None:
        execution.runtime_context['_time_limit'] = _time_limit(turn, spec)
    execution.state = states.RUNNING
    execution.updated_at = execution.created_at
    return state


def complete_input(spec: WorkflowSpec, input_: Mapping[str, Any]) -> dict[str, Any]:
    """The given input with defaults for what is missing; raises InputException."""
    missing = [
        name for name, default in spec.input.items() if default is REQUIRED and name not in input_
    ]
    unexpected = [name for name in input_ if name not in spec.input]
    if missing or unexpected:
        text = f'Invalid input [name={spec.name}, class={spec.spec_class_name}'
        if missing:
            text += f', missing={missing}'
        if unexpected:
            text += f', unexpected={unexpected}'
        raise InputException(text + ']')
    completed = dict(input_)
    for name, default in spec.input.items():
        completed.setdefault(name, default)
    return completed


def _time_limit(turn: Turn, spec: WorkflowSpec) -> int:
    """The seconds that the execution may take; 0 for no limit."""
    value = turn.ports.evaluate(spec.timeout, turn.view(), TurnScope(turn))
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputException(
            f"The timeout of the workflow '{spec.name}' is {value!r}; it has to be a whole number "
            'of seconds, at least 0.'
        )
    return value


def _check_target(spec: WorkflowSpec, task_name: Any) -> None:
    if task_name not in spec.tasks:
        raise WorkflowException(
            f'Invalid task name [wf_spec=ReverseWorkflowSpec {dict(spec.raw)}, '
            f'task_name={task_name}]'
        )


def _environment(turn: Turn, params: Mapping[str, Any]) -> dict[str, Any]:
    """The environment of the start request, by value or by name, evaluated once."""
    env = params.get('env')
    if not env:
        return {}
    if isinstance(env, str):
        variables = turn.ports.find_environment(env)
        if variables is None:
            raise InputException(f'Environment is not found: {env}')
        env = variables
    if not isinstance(env, Mapping):
        raise InputException(f'Unexpected value type for environment [env={env}, type={type(env)}]')
    if params.get('evaluate_env', True) is False:
        return dict(env)
    evaluated: dict[str, Any] = turn.ports.evaluate(env, {'__env': env}, TurnScope(turn))
    return evaluated
