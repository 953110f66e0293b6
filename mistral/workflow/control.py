"""What operators ask for: pause, resume, stop, re-run, skip; and how it travels through a tree.

Every execution changes only itself. To its sub-workflows and its parent it sends events, which
survive crashes; so a tree of any depth settles without holding more than one execution at a time.
"""

from collections.abc import Mapping
from typing import Any, Final

from mistral import states
from mistral.exceptions import NotAllowedException, WorkflowException
from mistral.workflow import completion, joins, publishing, transitions
from mistral.workflow.commands import (
    COMPLETING_TASK,
    ContinueTask,
    EvaluateJoin,
    RerunTask,
    RunEngineCommand,
    Transit,
)
from mistral.workflow.data_flow import deep_merge
from mistral.workflow.events import Event, Pause, Rerun, Resume, Skip, Stop
from mistral.workflow.model import ChildExecution, TaskExecution
from mistral.workflow.turn import Turn

#: The timer of an execution itself.
_TIME_LIMIT: Final = 'time-limit'

#: What a task that starts from scratch still has to know: where it came from, what it has tried.
_KEPT_BY_RERUN: Final = frozenset(
    ('triggered_by', '_sources', '_ran_at', '_laps', '_lap_since', '_superseded')
)


def pause(turn: Turn, message: Any = None, *, ordered: bool = False) -> None:
    """Pause the execution and its sub-workflows; raises WorkflowException if it is over."""
    if turn.state.execution.state == states.PAUSED:
        return
    turn.set_workflow_state(states.PAUSED, message, ordered=ordered)
    _tell_subworkflows(turn, Pause(ordered=True))


def resume(turn: Turn, env: Mapping[str, Any] | None = None, *, ordered: bool = False) -> None:
    """Go on where a pause has stopped; nothing happens unless the execution is paused or idle."""
    execution = turn.state.execution
    if execution.state not in (states.PAUSED, states.IDLE):
        return
    if env:
        _merge_env(turn, env)
    turn.set_workflow_state(states.RUNNING, ordered=ordered)
    error = execution.runtime_context.pop('_hard_error', None)
    if error is None:
        _take_up(turn)
    else:
        _tell_subworkflows(turn, Resume(ordered=True))
        turn.do(RunEngineCommand('fail', error))


def stop(turn: Turn, event: Stop) -> None:
    """End the execution as asked.

    Raises WorkflowException if its state does not allow that, EvaluationException if the output
    of a success cannot be worked out.
    """
    execution = turn.state.execution
    if event.state == states.CANCELLED:
        if not states.is_completed(execution.state):
            completion.cancel(turn, event.message)
        _tell_subworkflows(turn, Stop(states.CANCELLED, event.message))
    elif event.state == states.SUCCESS:
        completion.succeed(turn, event.message)
    elif not states.is_completed(execution.state):
        completion.fail(turn, event.message)


def limit_time(turn: Turn) -> None:
    """Let the clock of the workflow's `timeout` run, from the beginning."""
    execution = turn.state.execution
    limit = execution.runtime_context.get('_time_limit')
    if limit:
        turn.start_timer(execution, _TIME_LIMIT, limit)


def on_timer(turn: Turn, timer_id: str, kind: str) -> None:
    """End an execution that has not ended in time, and all below it."""
    execution = turn.state.execution
    if not turn.is_timer_of(execution, timer_id, kind):
        return
    turn.forget_timer(execution, kind)
    limit = execution.runtime_context['_time_limit']
    reason = f'Workflow timed out [timeout(s)={limit}].'
    completion.fail(turn, reason)
    _tell_subworkflows(turn, Stop(states.CANCELLED, reason))


def update_env(turn: Turn, env: Mapping[str, Any]) -> None:
    """Merge into the environment of an execution that does not run; else NotAllowedException."""
    if turn.state.execution.state not in (states.IDLE, states.PAUSED, states.ERROR):
        raise NotAllowedException(
            'Updating env to workflow execution is only permitted if '
            'it is in IDLE, PAUSED, or ERROR state.'
        )
    _merge_env(turn, env)


def rerun(turn: Turn, event: Rerun) -> None:
    """Run a failed task again; see `_open_for_rerun` for when that is refused."""
    task = _open_for_rerun(turn, event.task_execution_id, event.env)
    if task is not None:
        turn.do(RerunTask(task, event.reset))


def prepare_rerun(turn: Turn, task: TaskExecution, *, reset: bool) -> None:
    """Forget the failed attempts; without `reset` the items that succeeded keep their results."""
    keep_results = not reset and bool(turn.state.node(task).spec.with_items)
    turn.freeze_dependents(task)
    for child in task.children:
        if not (keep_results and child.state == states.SUCCESS):
            turn.supersede(task, child)
    _clear_runtime_context(turn, task)
    if keep_results:
        task.runtime_context['_keep_results'] = True
    task.finished_at = None


def skip(turn: Turn, event: Skip) -> None:
    """Take a failed task for done: its `on-skip` and `publish-on-skip` apply."""
    task = _open_for_rerun(turn, event.task_execution_id, event.env)
    if task is None:
        return
    turn.freeze_dependents(task)
    _clear_runtime_context(turn, task)
    turn.set_task_state(task, states.SKIPPED, 'Task was skipped.')
    publishing.publish(turn, task)
    turn.do(Transit(task, COMPLETING_TASK))


def reopen_task(turn: Turn, task: TaskExecution, child: ChildExecution, reopened: int) -> None:
    """A sub-workflow that had ended runs again: so do its task and its execution.

    Not if the execution or its task has succeeded or gone on without the child meanwhile.
    """
    child.reopened = reopened
    execution = turn.state.execution
    can_run = states.is_valid_transition(execution.state, states.RUNNING)
    if not task.is_current(child) or task.state == states.SKIPPED or not can_run:
        return
    if task.is_decided:
        turn.freeze_dependents(task)
        turn.cancel_timers(task)
        for key in ('_outcome', '_failed_hard'):
            task.runtime_context.pop(key, None)
        task.runtime_context['_rerun_at'] = turn.state.take_seq()
        task.processed = False
        task.finished_at = None
        turn.set_task_state(task, states.RUNNING)
    if execution.state == states.PAUSED:
        joins.recount(turn.state)
    else:
        _reopen_execution(turn, task)


def on_child_paused_or_resumed(
    turn: Turn, task: TaskExecution, child: ChildExecution, *, ordered: bool = False
) -> None:
    """Carry a child's pause or resume up to its task and its execution.

    What was `ordered` from here changes nothing here. If the order has been revoked meanwhile it
    is given again: orders may overtake each other.
    """
    if not task.waits_for(child):
        return
    execution = turn.state.execution
    is_paused = execution.state == states.PAUSED
    if ordered and is_paused != (child.state == states.PAUSED):
        turn.send(child.id, Pause(ordered=True) if is_paused else Resume(ordered=True))
        return
    if child.state == states.PAUSED:
        if states.is_valid_transition(task.state, states.PAUSED) and task.state != states.PAUSED:
            turn.set_task_state(task, states.PAUSED)
        if execution.state == states.RUNNING:
            pause(turn)
        return
    if task.state != states.PAUSED or any(
        other.state == states.PAUSED and not other.superseded for other in task.children
    ):
        return
    turn.set_task_state(task, states.RUNNING)
    if execution.state == states.PAUSED and not any(
        other.state == states.PAUSED for other in turn.state.incomplete.values()
    ):
        resume(turn)


def _open_for_rerun(
    turn: Turn, task_id: str, env: Mapping[str, Any] | None
) -> TaskExecution | None:
    """Take an execution and all above it back to RUNNING for the sake of a failed task.

    Returns None, and changes nothing, while the execution is paused. Raises WorkflowException if
    the task has not failed or the error was handled, NotAllowedException for an environment that
    cannot be changed now.
    """
    task = turn.state.tasks[task_id]
    execution = turn.state.execution
    if task.state != states.ERROR:
        raise WorkflowException(
            'The current task execution must be in ERROR for rerun. '
            'Only updating task to rerun is supported.'
        )
    if execution.state == states.PAUSED:
        return None
    turn.require_transition(states.RUNNING)
    for id_, name, state in turn.ports.ancestors(execution):
        if not states.is_valid_transition(state, states.RUNNING):
            raise WorkflowException(
                f"Can't change workflow execution state from {state} to RUNNING. "
                f'[workflow={name}, execution_id={id_}]'
            )
    if env:
        update_env(turn, env)
    _reopen_execution(turn, task)
    return task


def _reopen_execution(turn: Turn, task: TaskExecution) -> None:
    """Let an execution run (again) for the sake of a task, and with it all that waits in it."""
    execution = turn.state.execution
    was_over = states.is_completed(execution.state)
    execution.runtime_context.pop('_hard_error', None)
    turn.set_workflow_state(states.RUNNING)
    joins.recount(turn.state)
    if was_over:
        limit_time(turn)
        _take_up(turn, besides=task)


def _take_up(turn: Turn, besides: TaskExecution | None = None) -> None:
    """Do what had to wait while the execution was paused, `besides` one of its tasks."""
    _tell_subworkflows(turn, Resume(ordered=True))
    for task in turn.state.in_order(turn.state.incomplete):
        if task.state == states.IDLE:
            turn.do(ContinueTask(task, after_hold=True))
    transitions.dispatch(turn, transitions.take_backlog(turn))
    for task in list(turn.state.tasks.values()):
        waits = task.is_completed and not task.processed and not _failed_hard(task)
        if waits and task is not besides:
            turn.do(Transit(task, COMPLETING_TASK, resumed=True))
    joins.recount(turn.state)
    for join in turn.state.in_order(turn.state.joins):
        turn.do(EvaluateJoin(join))


def _clear_runtime_context(turn: Turn, task: TaskExecution) -> None:
    """Start from scratch, but remember where the task came from and that it ran again."""
    kept = {key: value for key, value in task.runtime_context.items() if key in _KEPT_BY_RERUN}
    task.runtime_context = {**kept, '_rerun_at': turn.state.take_seq()}
    task.processed = False
    turn.touch_task(task)


def _merge_env(turn: Turn, env: Mapping[str, Any]) -> None:
    params = turn.state.execution.params
    turn.state.execution.params = {**params, 'env': deep_merge(params.get('env') or {}, env)}
    turn.touch_execution()


def _tell_subworkflows(turn: Turn, event: Event) -> None:
    """Pass an order down to all that have not ended: one before it may still be on its way."""
    for task in turn.state.tasks.values():
        if task.type == 'WORKFLOW':
            for child in task.children:
                if not child.is_completed:
                    turn.send(child.id, event)


def _failed_hard(task: TaskExecution) -> bool:
    return bool(task.runtime_context.get('_failed_hard'))
