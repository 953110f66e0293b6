"""The entry to the core: an event comes in, the state changes, effects come out.

An event takes steps; a step may call for more steps, until nothing is left to do. Then the
workflow is complete if nothing is left to wait for either.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mistral import states
from mistral.exceptions import DBEntityNotFoundError, MistralException
from mistral.workflow import (
    children,
    completion,
    control,
    events,
    joins,
    results,
    tasks,
    transitions,
    with_items,
)
from mistral.workflow.commands import (
    CloseBranches,
    Command,
    CompleteTask,
    ContinueItems,
    ContinueTask,
    EvaluateJoin,
    LateBranch,
    RerunTask,
    RunEngineCommand,
    RunTask,
    StartTask,
    Transit,
)
from mistral.workflow.effects import Effect
from mistral.workflow.model import ChildExecution, ExecutionState, TaskExecution
from mistral.workflow.ports import InfrastructureError, Ports
from mistral.workflow.turn import Turn

_FATE_UNKNOWN: Final = (
    'The executor stopped while the action was running, so it is not known whether the action was '
    "carried out. Set 'safe-rerun: true' on the task to have such actions repeated."
)
_NOT_WANTED: Final = 'The action was not started: its task does not wait for it any more.'


def apply(state: ExecutionState, event: events.Event, ports: Ports) -> list[Effect]:
    """Apply an event to an execution and return what has to be done about it.

    `state` is changed in place and notes what changed. An event that cannot be applied raises a
    MistralException; the state is of no use then and has to be loaded anew.
    """
    turn = Turn(state, ports)
    if state.execution.state == states.RUNNING:
        joins.count(state)
    _HANDLERS[type(event)](turn, event)
    _work_off(turn)
    return turn.effects


def _work_off(turn: Turn) -> None:
    while True:
        command = turn.next_command()
        if command is None:
            completion.check(turn)
            command = turn.next_command()
            if command is None:
                return
        _carry_out(turn, command)


def _carry_out(turn: Turn, command: Command) -> None:
    task = _task_of(command)
    if task is None:
        _STEPS[type(command)](turn, command)
        return
    try:
        _STEPS[type(command)](turn, command)
    except InfrastructureError:
        raise
    except Exception as e:  # noqa: BLE001
        # Whatever goes wrong for a task ends the task; the execution must never get stuck.
        tasks.fail_hard(turn, task, command.phase, e)


def _task_of(command: Command) -> TaskExecution | None:
    if isinstance(command, RunTask):
        return None
    if isinstance(command, RunEngineCommand):
        return command.source
    return command.task


def _run_engine_command(turn: Turn, command: RunEngineCommand) -> None:
    state = turn.state.execution.state
    if states.is_completed(state):
        return
    if command.name == 'pause':
        control.pause(turn, command.message)
    elif state == states.PAUSED:
        transitions.to_backlog(turn, [command])
    else:
        completion.run_command(turn, command)


def _rerun_task(turn: Turn, task: TaskExecution, *, reset: bool) -> None:
    control.prepare_rerun(turn, task, reset=reset)
    if joins.has_failed(task):
        # Branches were missing: see whether they are there now.
        joins.wait_again(turn, task)
        turn.do(EvaluateJoin(task))
    else:
        tasks.start(turn, task, rerun=True)


def _begin(turn: Turn) -> None:
    if not turn.state.tasks and turn.state.execution.state == states.RUNNING:
        turn.announce_start()
        control.limit_time(turn)
        transitions.start_tasks(turn)


def _recover(turn: Turn, event: events.Recover) -> None:
    """Finish what a crash may have left between two steps."""
    _begin(turn)
    # Tasks first: the end of an action below may be that of its task, and must not count twice.
    for task in turn.state.in_order(turn.state.incomplete):
        if task.state == states.RUNNING and with_items.has_more_to_start(task):
            turn.do(ContinueItems(task))
        elif task.state == states.RUNNING:
            results.tell_again(turn, task)
        elif task.state == states.WAITING:
            turn.do(EvaluateJoin(task))
    for action_id in event.lost_actions:
        _recover_action(turn, action_id, children.repeat_action, event.reason or _FATE_UNKNOWN)
    for action_id in event.waiting_actions:
        _recover_action(turn, action_id, children.hand_over_again, _NOT_WANTED)


def _recover_action(
    turn: Turn,
    action_execution_id: str,
    start_again: Callable[[Turn, TaskExecution, ChildExecution], bool],
    failure: str,
) -> None:
    """Start an action again; fail it if that is refused, or if nobody waits for it any more."""
    found = turn.state.find_child(action_execution_id)
    if found is None or found[1].is_completed:
        return
    task, child = found
    error: str | None = failure
    try:
        if task.waits_for(child) and start_again(turn, task, child):
            error = None
    except MistralException as e:
        error = str(e)
    if error is not None:
        results.on_action_completed(turn, events.ActionCompleted(child.id, error=error))


def _rerun(turn: Turn, event: events.Rerun) -> None:
    _require_task(turn, event.task_execution_id)
    control.rerun(turn, event)


def _skip(turn: Turn, event: events.Skip) -> None:
    _require_task(turn, event.task_execution_id)
    control.skip(turn, event)


def _require_task(turn: Turn, task_id: str) -> None:
    if task_id not in turn.state.tasks:
        raise DBEntityNotFoundError(f'Task execution not found [id={task_id}]')


def _resume(turn: Turn, event: events.Resume) -> None:
    control.resume(turn, event.env, ordered=event.ordered)
    # It may have been paused before it could begin.
    _begin(turn)


def _fire_timer(turn: Turn, event: events.TimerFired) -> None:
    if event.task_execution_id is None:
        control.on_timer(turn, event.timer_id, event.kind)
        return
    task = turn.state.tasks.get(event.task_execution_id)
    if task is not None:
        tasks.on_timer(turn, task, event.timer_id, event.kind)


def _continue_items(turn: Turn, event: events.ContinueItems) -> None:
    task = turn.state.tasks.get(event.task_execution_id)
    if task is not None:
        turn.do(ContinueItems(task))


def _start_task(turn: Turn, command: StartTask) -> None:
    if command.task.state == states.IDLE:
        tasks.start(turn, command.task)


def _evaluate_join(turn: Turn, command: EvaluateJoin) -> None:
    if joins.evaluate(turn, command.task, stuck=command.stuck):
        tasks.start(turn, command.task)


def _transit(turn: Turn, command: Transit) -> None:
    transitions.transit(turn, command.task, command.phase, resumed=command.resumed)


#: What each event does.
_HANDLERS: Final[Mapping[type[events.Event], Callable[[Turn, Any], None]]] = {
    events.Begin: lambda turn, _: _begin(turn),
    events.ActionCompleted: results.on_action_completed,
    events.ActionUpdated: results.on_action_updated,
    events.SubworkflowUpdated: results.on_subworkflow_updated,
    events.TimerFired: _fire_timer,
    events.ContinueItems: _continue_items,
    events.Pause: lambda turn, event: control.pause(turn, event.message, ordered=event.ordered),
    events.Resume: _resume,
    events.Stop: control.stop,
    events.UpdateEnv: lambda turn, event: control.update_env(turn, event.env),
    events.Rerun: _rerun,
    events.Skip: _skip,
    events.Settle: lambda _turn, _event: None,
    events.Recover: _recover,
}

#: What each step does.
_STEPS: Final[Mapping[type[Command], Callable[[Turn, Any], None]]] = {
    StartTask: _start_task,
    ContinueTask: lambda turn, c: tasks.resume(turn, c.task, after_hold=c.after_hold),
    ContinueItems: tasks.continue_items,
    RerunTask: lambda turn, c: _rerun_task(turn, c.task, reset=c.reset),
    CompleteTask: tasks.complete,
    Transit: _transit,
    RunTask: transitions.run_task,
    LateBranch: lambda turn, c: joins.arrive_late(turn, c.join, c.task, c.event),
    EvaluateJoin: _evaluate_join,
    CloseBranches: lambda turn, c: joins.close_branches(turn, c.task, c.names),
    RunEngineCommand: _run_engine_command,
}
