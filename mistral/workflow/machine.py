"""The entry to the core: an event comes in, the state changes, effects come out.

An event takes steps; a step may call for more steps, until nothing is left to do. Then the
workflow is complete if nothing is left to wait for either.
"""

from typing import Any

from mistral import states
from mistral.exceptions import DBEntityNotFoundError
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
    RerunTask,
    RunEngineCommand,
    RunTask,
    StartTask,
    Transit,
)
from mistral.workflow.effects import Effect
from mistral.workflow.model import ExecutionState, TaskExecution
from mistral.workflow.ports import InfrastructureError, Ports
from mistral.workflow.turn import Turn


def apply(state: ExecutionState, event: events.Event, ports: Ports) -> list[Effect]:
    """Apply an event to an execution and return what has to be done about it.

    `state` is changed in place and notes what changed. An event that cannot be applied raises a
    MistralException; the state is of no use then and has to be loaded anew.
    """
    turn = Turn(state, ports)
    _handle(turn, event)
    _work_off(turn)
    return turn.effects


def _handle(turn: Turn, event: events.Event) -> None:
    match event:
        case events.ActionCompleted():
            results.on_action_completed(turn, event)
        case events.SubworkflowUpdated():
            results.on_subworkflow_updated(turn, event)
        case events.TimerFired():
            task = turn.state.tasks.get(event.task_execution_id)
            if task is not None:
                tasks.on_timer(turn, task, event.timer_id, event.kind)
        case events.ContinueItems():
            task = turn.state.tasks.get(event.task_execution_id)
            if task is not None:
                turn.do(ContinueItems(task))
        case events.Begin():
            _begin(turn)
        case events.ActionUpdated():
            results.on_action_updated(turn, event)
        case events.Pause():
            control.pause(turn)
        case events.Resume():
            control.resume(turn, event.env)
            _begin(turn)
        case events.Stop():
            control.stop(turn, event)
        case events.UpdateEnv():
            control.update_env(turn, event.env)
        case events.Rerun():
            control.rerun(turn, _known(turn, event))
        case events.Skip():
            control.skip(turn, _known(turn, event))
        case events.Settle():
            pass
        case events.Recover():
            _recover(turn, event)


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
        _execute(turn, command)
        return
    try:
        _execute(turn, command)
    except InfrastructureError:
        raise
    except Exception as e:
        # Whatever goes wrong for a task ends the task; the execution must never get stuck.
        tasks.fail_hard(turn, task, command.phase, e)


def _execute(turn: Turn, command: Command) -> None:
    match command:
        case StartTask(task=task):
            if task.state == states.IDLE:
                tasks.start(turn, task)
        case ContinueTask(task=task, after_hold=after_hold):
            tasks.resume(turn, task, after_hold=after_hold)
        case ContinueItems(task=task):
            tasks.continue_items(turn, task)
        case CompleteTask():
            tasks.complete(turn, command)
        case Transit(task=task, phase=phase, resumed=resumed):
            transitions.transit(turn, task, phase, resumed=resumed)
        case RunTask():
            transitions.run_task(turn, command)
        case EvaluateJoin(task=task, stuck=stuck):
            if joins.evaluate(turn, task, stuck=stuck):
                tasks.start(turn, task)
        case CloseBranches(task=task, names=names):
            joins.close_branches(turn, task, names)
        case RunEngineCommand():
            _run_engine_command(turn, command)
        case RerunTask(task=task, reset=reset):
            _rerun_task(turn, task, reset=reset)


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
    if task.is_join and not task.children:
        # It failed because branches were missing: see whether they are there now.
        joins.wait_again(turn, task)
        turn.do_later(EvaluateJoin(task))
    else:
        tasks.start(turn, task, rerun=True)


def _begin(turn: Turn) -> None:
    if not turn.state.tasks and turn.state.execution.state == states.RUNNING:
        turn.announce_start()
        transitions.start_tasks(turn)


def _recover(turn: Turn, event: events.Recover) -> None:
    """Finish what a crash may have left between two steps."""
    _begin(turn)
    lost = set(event.lost_actions)
    for task in list(turn.state.incomplete.values()):
        for child in task.children:
            if child.id in lost and not child.is_completed:
                _recover_action(turn, child.id)
        if task.state == states.RUNNING and with_items.has_more_to_start(task):
            turn.do(ContinueItems(task))
        elif task.state == states.WAITING:
            turn.do_later(EvaluateJoin(task))


def _recover_action(turn: Turn, action_execution_id: str) -> None:
    found = turn.state.find_child(action_execution_id)
    if found is None:
        return
    task, child = found
    if not children.repeat_action(turn, task, child):
        error = (
            'The executor stopped while the action was running, so it is not known whether the '
            "action was carried out. Set 'safe-rerun: true' on the task to have such actions "
            'repeated.'
        )
        results.on_action_completed(turn, events.ActionCompleted(child.id, error=error))


def _known(turn: Turn, event: Any) -> Any:
    if event.task_execution_id not in turn.state.tasks:
        raise DBEntityNotFoundError(f'Task execution not found [id={event.task_execution_id}]')
    return event
