"""Where a completed task leads: transitions, engine commands, dependants, the backlog.

The two kinds of workflows differ only in `_next_in_direct` and `_next_in_reverse`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mistral import states
from mistral.lang.specs import ENGINE_COMMANDS, Clause, TransitionSpec
from mistral.workflow import joins
from mistral.workflow.commands import Phase, RunEngineCommand, RunTask, StartTask
from mistral.workflow.model import TaskExecution
from mistral.workflow.scope import TurnScope
from mistral.workflow.turn import Turn

_CLAUSES: Final[Mapping[str, tuple[Clause, ...]]] = {
    states.SUCCESS: ('on-success', 'on-complete'),
    states.ERROR: ('on-error', 'on-complete'),
}

_Step = RunTask | RunEngineCommand


def start_tasks(turn: Turn) -> None:
    """Create the first tasks of an execution."""
    state = turn.state
    if state.graph.spec.type == 'reverse':
        for name in _runnable_in_reverse(turn):
            run_task(turn, RunTask(name))
    else:
        for name in state.graph.start_tasks:
            run_task(turn, RunTask(name))


def transit(turn: Turn, task: TaskExecution, phase: Phase, *, resumed: bool = False) -> None:
    """Move on from a completed task; while the workflow is paused that has to wait.

    With `resumed` the task's own `pause` commands have had their effect already.
    """
    execution = turn.state.execution
    if execution.state == states.PAUSED:
        turn.touch_task(task)
        return
    steps: list[_Step] = []
    if execution.state == states.RUNNING:
        if turn.state.graph.spec.type == 'reverse':
            steps = [RunTask(name) for name in _runnable_in_reverse(turn, behind=task)]
        else:
            steps = _next_in_direct(turn, task, phase)
    task.processed = True
    turn.touch_task(task)
    if resumed:
        steps = [step for step in steps if not _is_pause(step)]
    dispatch(turn, steps)
    joins.on_task_completed(turn, task)


def dispatch(turn: Turn, steps: Sequence[_Step]) -> None:
    """Carry out what one task leads to, in the order of the text.

    Tasks come before joins. `fail` and `succeed` drop what stands behind them; what stands
    behind `pause`, or comes while the workflow is paused, goes to the backlog.
    """
    for position, step in enumerate(steps):
        if isinstance(step, RunEngineCommand):
            _dispatch_tasks(turn, steps[:position])
            turn.do(step)
            if step.name == 'pause':
                to_backlog(turn, steps[position + 1 :])
            return
    _dispatch_tasks(turn, steps)


def run_task(turn: Turn, command: RunTask) -> None:
    """Create the named task, or let a branch arrive at the named join."""
    state = turn.state
    if state.execution.state == states.PAUSED:
        to_backlog(turn, [command])
        return
    if state.execution.state != states.RUNNING:
        return
    if state.graph.spec.type == 'reverse' and state.latest(command.name) is not None:
        # Two requirements that were met in one turn have both asked for it.
        return
    spec = state.graph.nodes[command.name].spec
    if spec.join is not None and command.source_id and command.event:
        joins.trigger(turn, command.name, state.tasks[command.source_id], command.event)
        return
    if state.latest(command.name) is not None:
        # What counts at a join is the last task of each name.
        joins.recount(state)
    task = TaskExecution(
        id=turn.ports.new_id(),
        name=command.name,
        seq=state.take_seq(),
        type='WORKFLOW' if spec.workflow is not None else 'ACTION',
        state=states.IDLE,
        created_at=turn.ports.now(),
        tags=list(spec.tags),
    )
    if command.source_id:
        task.runtime_context['triggered_by'] = [
            {'task_id': command.source_id, 'event': command.event}
        ]
    state.add_task(task)
    turn.do(StartTask(task))


def to_backlog(turn: Turn, steps: Sequence[_Step]) -> None:
    """Keep steps until the workflow is resumed."""
    if not steps:
        return
    backlog = turn.state.execution.runtime_context.setdefault('_backlog', [])
    backlog.extend(_to_stored(step) for step in steps)
    turn.touch_execution()


def take_backlog(turn: Turn) -> list[_Step]:
    stored = turn.state.execution.runtime_context.pop('_backlog', [])
    return [_from_stored(turn, entry) for entry in stored]


def _next_in_direct(turn: Turn, task: TaskExecution, phase: Phase) -> list[_Step]:
    """Evaluate the clauses of the task's state, and note on the task what they led to."""
    fired: list[tuple[Clause, TransitionSpec]] = []
    if task.state == states.SKIPPED:
        fired = _fired(turn, task, 'on-skip') or _fired(turn, task, 'on-success')
    else:
        for clause in _CLAUSES.get(task.state, ()):
            fired += _fired(turn, task, clause)
    tasks = [(clause, entry) for clause, entry in fired if not _is_command(turn, entry.target)]
    task.next_tasks = [[entry.target, clause] for clause, entry in tasks]
    task.has_next_tasks = bool(tasks)
    task.error_handled = any(clause == 'on-error' for clause, _ in fired)
    steps: list[_Step] = []
    for clause, entry in fired:
        if not _is_command(turn, entry.target):
            steps.append(RunTask(entry.target, task.id, clause))
        elif entry.target != 'noop':
            message = _message(turn, task, entry)
            steps.append(RunEngineCommand(entry.target, message, task, phase))
    return steps


def _fired(turn: Turn, task: TaskExecution, clause: Clause) -> list[tuple[Clause, TransitionSpec]]:
    entries = turn.state.node(task).transitions[clause]
    return [
        (clause, entry)
        for entry in entries
        if entry.guard is None or _evaluate(turn, task, entry.guard)
    ]


def _message(turn: Turn, task: TaskExecution, entry: TransitionSpec) -> Any:
    message = entry.parameters.get('msg')
    return None if message is None else _evaluate(turn, task, message)


def _evaluate(turn: Turn, task: TaskExecution, data: Any) -> Any:
    view = turn.view(turn.outbound(task).data, task=task, env_at=1)
    return turn.ports.evaluate(data, view, TurnScope(turn, task))


def _is_command(turn: Turn, target: str) -> bool:
    """Engine commands give way to tasks of the same name."""
    return target in ENGINE_COMMANDS and target not in turn.state.graph.nodes


def _runnable_in_reverse(turn: Turn, behind: TaskExecution | None = None) -> list[str]:
    """Needed tasks that have not run and whose requirements are all met."""
    state = turn.state
    nodes = state.graph.nodes
    needed = _needed_in_reverse(turn)
    candidates = needed if behind is None else nodes[behind.name].required_by
    runnable = [
        name
        for name in candidates
        if name in needed
        and state.latest(name) is None
        and all(_is_success(turn, required) for required in nodes[name].requires)
    ]
    if behind is not None:
        behind.next_tasks = [[name, 'on-success'] for name in runnable]
        behind.has_next_tasks = bool(runnable)
    return runnable


def _needed_in_reverse(turn: Turn) -> Mapping[str, None]:
    """The target task and all that it requires, in definition order."""
    state = turn.state
    target: str = state.execution.params['task_name']
    seen = {target}
    pending = [target]
    while pending:
        for required in state.graph.nodes[pending.pop()].requires:
            if required not in seen:
                seen.add(required)
                pending.append(required)
    return {name: None for name in state.graph.nodes if name in seen}


def _is_success(turn: Turn, name: str) -> bool:
    latest = turn.state.latest(name)
    return latest is not None and latest.state == states.SUCCESS


def _dispatch_tasks(turn: Turn, steps: Sequence[_Step]) -> None:
    nodes = turn.state.graph.nodes
    tasks = [step for step in steps if isinstance(step, RunTask)]
    for step in tasks:
        if nodes[step.name].spec.join is None:
            turn.do(step)
    for step in tasks:
        if nodes[step.name].spec.join is not None:
            turn.do(step)


def _is_pause(step: _Step) -> bool:
    return isinstance(step, RunEngineCommand) and step.name == 'pause'


def _to_stored(step: _Step) -> dict[str, Any]:
    if isinstance(step, RunTask):
        return {'task': step.name, 'source_id': step.source_id, 'event': step.event}
    source_id = step.source.id if step.source else None
    return {'command': step.name, 'message': step.message, 'source_id': source_id}


def _from_stored(turn: Turn, stored: Mapping[str, Any]) -> _Step:
    if 'task' in stored:
        return RunTask(stored['task'], stored['source_id'], stored['event'])
    source = turn.state.tasks.get(stored['source_id'] or '')
    return RunEngineCommand(stored['command'], stored['message'], source)
