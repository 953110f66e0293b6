"""Starting the actions and sub-workflows of a task."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mistral import states
from mistral.exceptions import InputException, MistralException, SizeLimitExceededException
from mistral.lang.specs import WorkflowSpec
from mistral.workflow import creation
from mistral.workflow.data_flow import ContextView, deep_merge
from mistral.workflow.effects import RunAction
from mistral.workflow.events import Begin
from mistral.workflow.model import CALLER, NOT_LOADED, ChildExecution, TaskExecution
from mistral.workflow.ports import ActionCall, PreparedAction, TaskError
from mistral.workflow.scope import TurnScope
from mistral.workflow.turn import EnvLayer, Turn


def evaluate_input(turn: Turn, task: TaskExecution, view: ContextView) -> dict[str, Any]:
    """The task's input with its inline parameters over it.

    Raises InputException if an expression for the whole input does not give a mapping.
    """
    spec = turn.state.node(task).spec
    scope = TurnScope(turn, task)
    evaluated = turn.ports.evaluate(spec.input, view, scope)
    if not isinstance(evaluated, Mapping):
        raise InputException(
            f'Wrong dynamic input for task: {task.name}. Dict type is expected. '
            f'Actual type: {type(evaluated)}. Actual value: {evaluated!s}'
        )
    if not spec.parameters:
        return dict(evaluated)
    parameters = turn.ports.evaluate(spec.parameters, view, scope)
    merged: dict[str, Any] = deep_merge(evaluated, parameters)
    return merged


def start_child(
    turn: Turn, task: TaskExecution, view: ContextView, input_: dict[str, Any], index: int = 0
) -> None:
    """Start an action or a sub-workflow with an evaluated input.

    Raises TaskError for what the task may handle itself, else a MistralException.
    """
    if turn.state.node(task).spec.workflow is not None:
        _start_subworkflow(turn, task, view, input_, index)
    else:
        _start_action(turn, task, view, input_, index)


def repeat_action(turn: Turn, task: TaskExecution, child: ChildExecution) -> bool:
    """Run an action again whose executor is gone; False if running it twice could do harm."""
    prepared = _prepare_again(turn, task, child)
    if not (child.safe_rerun or prepared.repeatable):
        return False
    turn.effects.append(replace(_run_action(turn, task, child, prepared), again=True))
    return True


def hand_over_again(turn: Turn, task: TaskExecution, child: ChildExecution) -> bool:
    """Hand an action to an executor again that none has started."""
    prepared = _prepare_again(turn, task, child)
    turn.effects.append(_run_action(turn, task, child, prepared))
    return True


def names_to_try(turn: Turn, name: str) -> tuple[str, ...]:
    """Inside a workbook its own members come before everything else of that name."""
    execution = turn.state.execution
    workbook = execution.runtime_context.get('_workbook')
    if workbook is None:
        # An execution started by Mistral 23 shows its workbook in its name only.
        prefix, dot, short_name = execution.workflow_name.rpartition('.')
        workbook = prefix if dot and short_name == execution.spec.get('name') else ''
    return (f'{workbook}.{name}', name) if workbook else (name,)


def _start_action(
    turn: Turn, task: TaskExecution, view: ContextView, input_: dict[str, Any], index: int
) -> None:
    node = turn.state.node(task)
    scope = TurnScope(turn, task)
    name = turn.ports.evaluate(node.spec.action, view, scope) or 'std.noop'
    defaults = (turn.env().get('__actions') or {}).get(node.spec.action)
    if defaults:
        input_ = deep_merge(defaults, input_)
    prepared = _prepare(turn, task, names_to_try(turn, str(name)), input_)
    try:
        turn.check_size('input', prepared.input, 'ActionExecution')
    except SizeLimitExceededException as e:
        raise TaskError(str(e)) from e
    child = ChildExecution(
        id=turn.ports.new_id(),
        task_id=task.id,
        kind='action',
        name=prepared.name,
        index=index,
        seq=turn.state.take_seq(),
        state=states.RUNNING,
        created_at=turn.ports.now(),
        input=prepared.input,
        is_sync=prepared.is_sync,
        safe_rerun=bool(turn.ports.evaluate(node.safe_rerun, view, scope)),
    )
    effect = _run_action(turn, task, child, prepared)
    turn.state.add_child(task, child)
    turn.effects.append(effect)


def _prepare_again(turn: Turn, task: TaskExecution, child: ChildExecution) -> PreparedAction:
    turn.ports.load_inputs([child])
    return _prepare(turn, task, (child.name,), child.input)


def _prepare(
    turn: Turn, task: TaskExecution, names: tuple[str, ...], input_: Mapping[str, Any]
) -> PreparedAction:
    execution = turn.state.execution
    context = ContextView(
        (turn.inbound(task).data, EnvLayer(turn), execution.context),
        merge=turn.ports.settings.data_flow.merge_strategy == 'merge',
    )
    return turn.ports.prepare_action(
        ActionCall(names, execution.workflow_namespace, input_, context, TurnScope(turn))
    )


def _run_action(
    turn: Turn, task: TaskExecution, child: ChildExecution, prepared: PreparedAction
) -> RunAction:
    target = turn.state.node(task).spec.target
    if target is not None:
        view = turn.view(prepared.input, turn.inbound(task).data, task=task, env_at=2)
        target = turn.ports.evaluate(target, view, TurnScope(turn, task))
    return RunAction(
        action_execution_id=child.id,
        task_execution_id=task.id,
        task_name=task.name,
        action=prepared.action,
        name=child.name,
        is_sync=child.is_sync,
        safe_rerun=child.safe_rerun,
        index=child.index,
        timeout=task.runtime_context.get('_timeout'),
        target=target,
    )


def _start_subworkflow(
    turn: Turn, task: TaskExecution, view: ContextView, input_: dict[str, Any], index: int
) -> None:
    name = turn.ports.evaluate(turn.state.node(task).spec.workflow, view, TurnScope(turn, task))
    parent = turn.state.execution
    definition = turn.ports.find_workflow(
        names_to_try(turn, str(name)), parent.namespace, fall_back=True
    )
    if definition is None:
        raise TaskError(f'Failed to find workflow [name={name}] [namespace={parent.namespace}]')
    declared, params = _split_input(definition.spec, input_)
    params['root_execution_id'] = parent.root_execution_id or parent.id
    params['task_execution_id'] = task.id
    params['index'] = index
    params['namespace'] = parent.namespace
    if parent.params.get('notify'):
        params.setdefault('notify', parent.params['notify'])
    try:
        created = creation.create_execution(
            turn.ports,
            definition,
            input_=declared,
            params=params,
            description='sub-workflow execution',
            parent=creation.Parent(parent.id, task.id, parent.root_execution_id or parent.id),
            project_id=parent.project_id,
            security=parent.context.get(CALLER),
        )
    except MistralException as e:
        raise TaskError(str(e)) from e
    seq = turn.state.take_seq()
    created.execution.runtime_context['_seq'] = seq
    turn.state.add_child(
        task,
        ChildExecution(
            id=created.execution.id,
            task_id=task.id,
            kind='workflow',
            name=definition.name,
            index=index,
            seq=seq,
            state=created.execution.state,
            created_at=created.execution.created_at,
            output=NOT_LOADED,
        ),
    )
    turn.state.changes.new_executions.append(created)
    turn.send(created.execution.id, Begin())


def _split_input(
    spec: WorkflowSpec, input_: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the sub-workflow declares is its input; the rest becomes its parameters."""
    declared = {name: value for name, value in input_.items() if name in spec.input}
    return declared, {name: value for name, value in input_.items() if name not in spec.input}
