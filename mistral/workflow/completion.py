"""The end of a workflow: when it is reached, which state it is, what the output is."""

from collections.abc import Mapping
from typing import Any

from mistral import states
from mistral.exceptions import MistralException
from mistral.workflow import joins
from mistral.workflow.commands import EvaluateJoin, RunEngineCommand
from mistral.workflow.data_flow import EMPTY_CONTEXT, BranchContext, deep_merge
from mistral.workflow.model import TaskExecution
from mistral.workflow.ports import InfrastructureError
from mistral.workflow.report import failure_report
from mistral.workflow.scope import TurnScope
from mistral.workflow.turn import Turn


def check(turn: Turn) -> None:
    """Complete a running workflow in which nothing is left to happen."""
    state = turn.state
    if state.execution.state != states.RUNNING or not state.tasks:
        return
    if state.incomplete:
        _release_stuck_join(turn)
        return
    try:
        _conclude(turn)
    except InfrastructureError:
        raise
    except Exception as e:  # noqa: BLE001
        # Whatever is wrong with the end of a workflow, it has to end.
        execution = state.execution
        turn.ports.report_failure(None, e)
        fail(
            turn,
            f'Failed to check and complete [wf_ex_id={execution.id}, '
            f'wf_name={execution.workflow_name}]: {e}',
        )


def _conclude(turn: Turn) -> None:
    """Find out how the workflow ends: a cancelled task counts more than a failed one."""
    tasks = turn.state.tasks.values()
    cancelled = sorted({task.name for task in tasks if task.state == states.CANCELLED})
    failed = [task for task in tasks if _is_unhandled(turn, task)]
    if cancelled:
        cancel(turn, 'Cancelled tasks: ' + ', '.join(cancelled))
    elif failed:
        fail(turn, failure_report(turn, failed))
    else:
        succeed(turn, None)


def run_command(turn: Turn, command: RunEngineCommand) -> None:
    """Carry out `fail` or `succeed`; a workflow that is already over stays as it is."""
    execution = turn.state.execution
    if execution.state != states.RUNNING:
        return
    if command.name == 'fail':
        fail(turn, command.message)
    else:
        succeed(turn, command.message)


def succeed(turn: Turn, message: Any) -> None:
    """End in SUCCESS; raises a MistralException if the output cannot be worked out or stored."""
    turn.require_transition(states.SUCCESS)
    output = _success_output(turn)
    turn.check_size('output', output, 'WorkflowExecution')
    turn.state.execution.output = output
    turn.set_workflow_state(states.SUCCESS, message)


def fail(turn: Turn, message: Any) -> None:
    """End in ERROR; the reason is in `state_info` and, under `result`, in the output."""
    turn.require_transition(states.ERROR)
    spec = turn.state.graph.spec
    extra: Mapping[str, Any]
    try:
        if spec.output_on_error is not None:
            extra = _evaluate(turn, spec.output_on_error)
        else:
            extra = final_context(turn).data
        reason = None if message is None else _cut(turn, str(message), extra)
        output = deep_merge({'result': reason}, extra)
        turn.check_size('output', output, 'WorkflowExecution')
    except MistralException as e:
        turn.ports.report_failure(None, e)
        message = (
            'Failed to evaluate expression in output-on-error! '
            f"(output-on-error: '{spec.raw.get('output-on-error')}', "
            f"exception: '{e}' Cause: '{message}'"
        )
        output = {'result': _cut(turn, message, {})}
    turn.state.execution.output = output
    turn.set_workflow_state(states.ERROR, message)


def cancel(turn: Turn, message: str | None) -> None:
    turn.require_transition(states.CANCELLED)
    reason = None if message is None else _cut(turn, message, {})
    turn.state.execution.output = {'result': reason}
    turn.set_workflow_state(states.CANCELLED, message)


def final_context(turn: Turn) -> BranchContext:
    """What the branches have published by the end: the contexts of the tasks that led nowhere."""
    state = turn.state
    if state.graph.spec.type == 'reverse':
        target = state.latest(state.execution.params.get('task_name') or '')
        return turn.outbound(target) if target and target.is_completed else EMPTY_CONTEXT
    return turn.merged_outbound(
        task for task in state.tasks.values() if task.is_completed and not task.has_next_tasks
    )


def _success_output(turn: Turn) -> dict[str, Any]:
    spec = turn.state.graph.spec
    output = _evaluate(turn, spec.output) if spec.output else None
    return output or dict(final_context(turn).data)


def _evaluate(turn: Turn, data: Mapping[str, Any]) -> dict[str, Any]:
    view = turn.view(final_context(turn).data, env_at=1)
    evaluated: dict[str, Any] = turn.ports.evaluate(data, view, TurnScope(turn))
    return evaluated


def _is_unhandled(turn: Turn, task: TaskExecution) -> bool:
    if task.state != states.ERROR:
        return False
    return turn.state.graph.spec.type == 'reverse' or not task.error_handled


def _release_stuck_join(turn: Turn) -> None:
    """If only joins are left and none can go on, one has to fail: nothing will arrive."""
    for task in turn.state.incomplete.values():
        if task.state != states.WAITING or task.runtime_context.get('_timers'):
            return
    turn.do(EvaluateJoin(joins.first_to_give_up(turn.state), stuck=True))


def _cut(turn: Turn, text: str, beside: Mapping[str, Any]) -> str:
    """Reasons are cut rather than refused: they must fit the output, with what stands beside."""
    limit = turn.ports.settings.field_size_limit_kb
    if limit < 0:
        return text
    # Sizes are those of printed text; a kilobyte is left for the key and the like.
    size = len(str({'result': text, **beside})) - len(str({'result': ''}))
    excess = size - (limit - 1) * 1024
    return text if excess <= 0 else text[: max(len(text) - excess, 0)] + '...'
