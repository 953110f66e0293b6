"""News of a task's children: results, pauses, sub-workflows that were re-opened."""

from typing import Any

from mistral import states
from mistral.exceptions import DBEntityNotFoundError, InvalidStateTransitionException
from mistral.workflow import control, with_items
from mistral.workflow.commands import CompleteTask, Phase, handling_action
from mistral.workflow.events import ActionCompleted, ActionUpdated, SubworkflowUpdated
from mistral.workflow.model import NOT_LOADED, ChildExecution, TaskExecution
from mistral.workflow.ports import ActionResult, InfrastructureError
from mistral.workflow.tasks import fail_with
from mistral.workflow.turn import STATE_INFO_LIMIT, Turn


def on_action_completed(turn: Turn, event: ActionCompleted) -> None:
    """Take in the result of an action.

    Raises DBEntityNotFoundError for an unknown action, InvalidStateTransitionException for one
    that has its result already (then nothing changes).
    """
    task, child = _find(turn, event.action_execution_id)
    if child.is_completed:
        raise InvalidStateTransitionException(f'Action {child.id} is already completed')
    result = ActionResult(event.data, event.error, event.cancel)
    try:
        result = turn.ports.finish_action(
            child.name, turn.state.execution.workflow_namespace, result
        )
        turn.check_size('output', _value(result), 'ActionExecution')
    except InfrastructureError:
        raise
    except Exception as e:  # noqa: BLE001
        # Whatever is wrong with a result, the action has ended and must not be waited for.
        _refuse_result(turn, task, child, e)
        return
    state = _state(result)
    child.output = {'result': _value(result)}
    child.accepted = not child.superseded
    _trace(turn, task, child, state, result)
    turn.set_child_state(task, child, state)
    reason = None if state == states.SUCCESS or not _value(result) else str(_value(result))
    _tell_task(turn, task, child, reason, handling_action(child.name))


def on_action_updated(turn: Turn, event: ActionUpdated) -> None:
    """Pause or resume an asynchronous action; raises InvalidStateTransitionException."""
    task, child = _find(turn, event.action_execution_id)
    if child.is_sync and event.state == states.PAUSED:
        raise InvalidStateTransitionException(
            'Transition to the PAUSED state is only supported for asynchronous action execution.'
        )
    if not states.is_valid_transition(child.state, event.state):
        raise InvalidStateTransitionException(
            f'Invalid state transition from {child.state} to {event.state}.'
        )
    turn.set_child_state(task, child, event.state)
    control.on_child_paused_or_resumed(turn, task, child)


def on_subworkflow_updated(turn: Turn, event: SubworkflowUpdated) -> None:
    """A sub-workflow has paused, gone on, been re-opened or ended. Stale news changes nothing."""
    found = turn.state.find_child(event.execution_id)
    if found is None:
        return
    task, child = found
    if event.revision <= child.revision:
        return
    child.revision = event.revision
    is_over = states.is_completed(event.state)
    child.output = NOT_LOADED
    child.accepted = is_over and not child.superseded
    turn.set_child_state(task, child, event.state)
    if event.reopened > child.reopened:
        control.reopen_task(turn, task, child, event.reopened)
    if not is_over:
        control.on_child_paused_or_resumed(turn, task, child, ordered=event.ordered)
        return
    reason = None if event.state == states.SUCCESS else event.message
    _tell_task(turn, task, child, reason, handling_action(child.name))


def tell_again(turn: Turn, task: TaskExecution) -> None:
    """Let a task go on whose children have all ended, should it have missed that.

    A result and what follows from it are one step, so that takes somebody who has changed the
    database by hand.
    """
    children = [child for child in task.children if task.waits_for(child)]
    if not children or not all(child.is_completed for child in children):
        return
    child = children[-1]
    child.accepted = not child.superseded
    turn.touch_child(child)
    turn.ports.load_outputs([child])
    value = child.output.get('result') if isinstance(child.output, dict) else None
    reason = None if child.state == states.SUCCESS or not value else str(value)
    _tell_task(turn, task, child, reason, handling_action(child.name))


def _find(turn: Turn, action_execution_id: str) -> tuple[TaskExecution, ChildExecution]:
    found = turn.state.find_child(action_execution_id)
    if found is None:
        raise DBEntityNotFoundError(f'ActionExecution not found [id={action_execution_id}]')
    return found


def _tell_task(
    turn: Turn, task: TaskExecution, child: ChildExecution, reason: str | None, phase: Phase
) -> None:
    """Let the task go on, unless its outcome is known or another attempt has begun: then the
    result is only recorded."""
    if not task.waits_for(child):
        return
    if turn.state.node(task).spec.with_items:
        with_items.on_child_completed(turn, task, child, phase)
    else:
        turn.do(CompleteTask(task, child.state, reason, phase))


def _refuse_result(
    turn: Turn, task: TaskExecution, child: ChildExecution, error: Exception
) -> None:
    """A result that cannot be taken fails the action, its task and the workflow."""
    turn.ports.report_failure(task, error)
    text = f'Failed to complete action [error={error}, action={child.name}, task={task.name}]:'
    child.output = {'result': text[:STATE_INFO_LIMIT]}
    child.accepted = False
    turn.set_child_state(task, child, states.ERROR)
    if task.waits_for(child):
        fail_with(turn, task, text)


def _state(result: ActionResult) -> str:
    if result.cancel:
        return states.CANCELLED
    return states.SUCCESS if result.error is None else states.ERROR


def _value(result: ActionResult) -> Any:
    is_success = result.error is None and not result.cancel
    return result.data if is_success else result.error


def _trace(
    turn: Turn, task: TaskExecution, child: ChildExecution, state: str, result: ActionResult
) -> None:
    turn.trace(
        "Action '%s' (%s)(task_name=%s, task_ex_id=%s) [%s -> %s, "
        'Result [data=%.100s, error=%.100s, cancel=%s]]',
        child.name, child.id, task.name, task.id, child.state, state,
        result.data, result.error, result.cancel,
    )  # fmt: skip
