"""The life of a task: start, attempts, delays, completion."""

from typing import Final

from mistral import states
from mistral.workflow import children, completion, joins, policies, publishing, with_items
from mistral.workflow.commands import (
    COMPLETING_TASK,
    CompleteTask,
    ContinueItems,
    ContinueTask,
    EvaluateJoin,
    Phase,
    RunEngineCommand,
    Transit,
)
from mistral.workflow.commands import RUNNING_TASK as RUNNING
from mistral.workflow.model import TaskExecution
from mistral.workflow.policies import RetryPolicy, TaskPolicies
from mistral.workflow.ports import TaskError
from mistral.workflow.turn import Turn

#: The timers of a task: its next attempt, the end of 'wait-after', its time limit.
CONTINUE: Final = 'continue'
COMPLETE: Final = 'complete'
TIMEOUT: Final = 'timeout'


def start(turn: Turn, task: TaskExecution, *, rerun: bool = False) -> None:
    """Run a task from the beginning: policies first, then its action or sub-workflow.

    A join comes here for each attempt; it is held and delayed only before the first one.
    """
    is_first = task.runtime_context.keys().isdisjoint(('_held', 'wait_before_policy'))
    turn.set_task_state(task, states.RUNNING, rerun=rerun)
    chosen = policies.evaluate(turn, task)
    if chosen.pause_before and is_first:
        _hold(turn, task)
        return
    _apply_limits(turn, task, chosen)
    if chosen.wait_before and is_first:
        task.runtime_context['wait_before_policy'] = {'skip': True}
        _delay(turn, task, 'wait-before', chosen.wait_before, CONTINUE)
        return
    _run(turn, task)


def resume(turn: Turn, task: TaskExecution, *, after_hold: bool) -> None:
    """Go on with a task that was held by 'pause-before' or delayed before an attempt."""
    turn.set_task_state(task, states.RUNNING)
    _apply_limits(turn, task, policies.evaluate(turn, task), again=not after_hold)
    _run(turn, task)


def complete(turn: Turn, command: CompleteTask) -> None:
    """End an attempt: publish, then delay, fail or repeat as the policies say, then move on."""
    task = command.task
    if task.is_completed:
        return
    turn.cancel_timer(task, TIMEOUT)
    turn.cancel_timer(task, CONTINUE)
    turn.set_task_state(task, command.state, command.state_info)
    if command.state != states.CANCELLED:
        publishing.publish(turn, task)
        publishing.drop_results(turn, task)
    over = states.is_completed(turn.state.execution.state)
    if over or not _put_off(turn, task, policies.evaluate(turn, task)):
        turn.do(Transit(task, command.phase))


def on_timer(turn: Turn, task: TaskExecution, timer_id: str, kind: str) -> None:
    """Act on a timer unless it was cancelled or replaced meanwhile."""
    if not turn.is_timer_of(task, timer_id, kind):
        return
    turn.forget_timer(task, kind)
    if kind == TIMEOUT:
        limit = task.runtime_context.get('_timeout')
        text = f'Task timed out [timeout(s)={limit}].'
        turn.do(CompleteTask(task, states.ERROR, text, COMPLETING_TASK))
    elif kind == COMPLETE:
        outcome = task.runtime_context.pop('_outcome')
        turn.do(CompleteTask(task, outcome['state'], outcome['state_info'], COMPLETING_TASK))
    elif task.state == states.WAITING:
        turn.do(EvaluateJoin(task))
    else:
        turn.do(ContinueTask(task))


def continue_items(turn: Turn, command: ContinueItems) -> None:
    """Start the next portion of items, unless the attempt has ended meanwhile."""
    task = command.task
    if task.state not in (states.RUNNING, states.PAUSED) or not with_items.has_more_to_start(task):
        return
    try:
        with_items.start_portion(turn, task)
    except TaskError as e:
        turn.do(CompleteTask(task, states.ERROR, str(e), command.phase))


def fail_hard(turn: Turn, task: TaskExecution, phase: Phase, error: Exception) -> None:
    """Force the task and its workflow to ERROR: what the user wrote cannot be carried out.

    Nothing that was not done yet is done: no publishing, no transitions, no `on-error`.
    """
    turn.ports.report_failure(task, error)
    details = ''.join(f', {name}={value}' for name, value in phase.details)
    workflow_name = turn.state.execution.workflow_name
    text = f'{phase.text} [error={error}, wf={workflow_name}, task={task.name}{details}]:'
    fail_with(turn, task, text)


def fail_with(turn: Turn, task: TaskExecution, text: str) -> None:
    """Force the task and its workflow to ERROR with this text."""
    turn.cancel_timers(task)
    task.runtime_context['_failed_hard'] = True
    turn.set_task_state(task, states.ERROR, text)
    execution = turn.state.execution
    if execution.state == states.PAUSED:
        # It stays paused, but cannot go on: the error is told when it is resumed.
        execution.runtime_context['_hard_error'] = text
        turn.touch_execution()
    elif execution.state == states.RUNNING:
        completion.fail(turn, text)


def _run(turn: Turn, task: TaskExecution) -> None:
    spec = turn.state.node(task).spec
    try:
        if spec.with_items:
            keep_results = task.runtime_context.pop('_keep_results', False)
            with_items.start(turn, task, keep_results=keep_results)
        else:
            view = turn.view(turn.inbound(task).data, task=task)
            input_ = children.evaluate_input(turn, task, view)
            children.start_child(turn, task, view, input_)
    except TaskError as e:
        turn.do(CompleteTask(task, states.ERROR, str(e), RUNNING))


def _hold(turn: Turn, task: TaskExecution) -> None:
    task.runtime_context['_held'] = True
    turn.set_task_state(task, states.IDLE, "Set by 'pause-before' policy")
    execution = turn.state.execution
    turn.trace(
        "Workflow paused before task '%s' [%s -> PAUSED] (wf_ex_id=%s, task_ex_id=%s)",
        task.name, execution.state, execution.id, task.id,
    )  # fmt: skip
    turn.do(RunEngineCommand('pause', None, task))


def _apply_limits(
    turn: Turn, task: TaskExecution, chosen: TaskPolicies, *, again: bool = False
) -> None:
    """Arm the time limit (unless it runs already) and note the concurrency."""
    context = task.runtime_context
    if chosen.concurrency:
        context['concurrency'] = chosen.concurrency
    if chosen.timeout and not (again and TIMEOUT in (context.get('_timers') or {})):
        context['_timeout'] = chosen.timeout
        turn.start_timer(task, TIMEOUT, chosen.timeout)
        execution = turn.state.execution
        turn.trace(
            'Timeout check scheduled [task=%s, timeout(s)=%s]. (wf_ex_id=%s, task_ex_id=%s)',
            task.id, chosen.timeout, execution.id, task.id,
        )  # fmt: skip


def _delay(turn: Turn, task: TaskExecution, policy: str, seconds: float, timer: str) -> None:
    text = f"Delayed by '{policy}' policy [delay={seconds}]"
    if task.is_join and policy == 'retry':
        joins.wait_again(turn, task, text)
    else:
        turn.set_task_state(task, states.DELAYED, text)
    turn.start_timer(task, timer, seconds)


def _put_off(turn: Turn, task: TaskExecution, chosen: TaskPolicies) -> bool:
    """Apply the policies that follow an attempt; True if the task is not over yet."""
    context = task.runtime_context
    if chosen.wait_after and 'wait_after_policy' not in context:
        context['wait_after_policy'] = {'skip': True}
        context['_outcome'] = {'state': task.state, 'state_info': task.state_info}
        _delay(turn, task, 'wait-after', chosen.wait_after, COMPLETE)
        return True
    if task.state == states.SUCCESS and policies.fails_on(turn, task):
        turn.set_task_state(task, states.ERROR, "Failed by 'fail-on' policy")
    return chosen.retry is not None and _retry(turn, task, chosen.retry)


def _retry(turn: Turn, task: TaskExecution, policy: RetryPolicy) -> bool:
    if task.state == states.CANCELLED or not policy.count:
        return False
    wants_retry = policies.wants_retry(turn, task, policy)
    task.runtime_context.setdefault('retry_task_policy', {})
    turn.touch_task(task)
    if not wants_retry:
        return False
    number = policies.retries_made(task) + 1
    task.runtime_context['retry_task_policy'] = {'retry_no': number}
    for child in task.children:
        turn.supersede(task, child)
    delay = policy.delay_before(number, turn.ports.random())
    _delay(turn, task, 'retry', delay, CONTINUE)
    return True
