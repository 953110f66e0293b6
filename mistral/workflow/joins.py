"""Joins: counting the branches that arrive, and knowing at once that too few ever will.

A join exists from the first arrival on. It runs when enough branches have arrived, fails when too
many are lost, and waits otherwise. A branch is lost when its task ended without leading to the
join, or when no running task can lead to it any more.

Each join remembers arrivals and losses, so a completed task costs the same however many branches
the join has. A name that nothing running leads to stays unreachable until something is re-run, so
each name is looked into once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mistral import states
from mistral.lang.graph import TaskNode
from mistral.workflow.commands import (
    COMPLETING_TASK,
    CloseBranches,
    CompleteTask,
    EvaluateJoin,
    LateBranch,
)
from mistral.workflow.model import ExecutionState, TaskExecution
from mistral.workflow.turn import Turn

WAITING_TEXT: Final = 'Task is waiting.'
NOT_TRIGGERED: Final = 'not triggered'


@dataclass(slots=True)
class JoinTracker:
    """Inbound task names that arrived, with (task execution id, event), and those that are lost."""

    inbound: frozenset[str]
    wanted: int
    arrived: dict[str, tuple[str, str]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def is_satisfied(self) -> bool:
        return len(self.arrived) >= self.wanted

    def has_failed(self) -> bool:
        return len(self.lost) > len(self.inbound) - self.wanted


def trigger(turn: Turn, name: str, source: TaskExecution, event: str) -> None:
    """A branch has arrived at the join of that name."""
    join = turn.state.latest(name)
    if join is None:
        join = _create(turn, name, source, event)
    elif join.state == states.WAITING:
        _note_arrival(turn, join, source, event)
    else:
        turn.do(LateBranch(source, join, event))
        return
    turn.do(EvaluateJoin(join))


def arrive_late(turn: Turn, join: TaskExecution, source: TaskExecution, event: str) -> None:
    """A branch has arrived at a join that has run or failed before: see if that runs again."""
    if join.state == states.WAITING:
        _note_arrival(turn, join, source, event)
    elif _passes_through(turn, join, source):
        join.runtime_context['_lap_since'] = join.runtime_context.get('_ran_at', 0)
        _reenter(turn, join)
    elif _may_run_again(turn, join, source):
        _reenter(turn, join)
    else:
        # The branch ends here; what it has published counts for the output of the workflow.
        source.has_next_tasks = len(source.next_tasks) > 1
        turn.touch_task(source)
        turn.do(CloseBranches(source, (join.name,)))
        return
    turn.do(EvaluateJoin(join))


def on_task_completed(turn: Turn, task: TaskExecution) -> None:
    """Have the waiting joins behind a completed task told which ways it has closed."""
    if not turn.state.joins:
        return
    fired = {name for name, _ in task.next_tasks}
    closed = tuple(name for name in turn.state.node(task).outbound if name not in fired)
    if closed:
        turn.do(CloseBranches(task, closed))


def close_branches(turn: Turn, task: TaskExecution, closed: tuple[str, ...]) -> None:
    """Note which branches of waiting joins are lost now that a task did not take these ways."""
    state = turn.state
    if state.execution.state != states.RUNNING:
        # Steps that wait for a resume, or are dropped for now, may still lead to a join.
        recount(state)
        return
    behind = frozenset().union(*(_names_behind(state, name) for name in closed))
    concerned = [id_ for id_ in state.joins if state.tasks[id_].name in behind]
    for join in state.in_order(concerned):
        tracker = state.joins[join.id]
        if tracker is None:
            turn.do(EvaluateJoin(join))
            continue
        suspects = (behind & tracker.inbound) | ({task.name} & tracker.inbound)
        lost = [
            name
            for name in suspects - tracker.lost - tracker.arrived.keys()
            if _is_lost(state, name, join.name)
        ]
        if lost:
            tracker.lost.update(lost)
            if '_lap_since' in join.runtime_context:
                state.joins[join.id] = None
            turn.do(EvaluateJoin(join))


def evaluate(turn: Turn, join: TaskExecution, *, stuck: bool = False) -> bool:
    """Decide on a waiting join; True if it may run now.

    With `stuck` nothing else in the workflow can go on, so what has not arrived is lost.
    """
    state = turn.state
    if join.state != states.WAITING or state.execution.state != states.RUNNING:
        return False
    if 'continue' in (join.runtime_context.get('_timers') or {}):
        return False
    tracker = state.joins.get(join.id)
    if tracker is None:
        tracker = state.joins[join.id] = _build_tracker(state, join)
    if stuck:
        tracker.lost.update(tracker.inbound - tracker.arrived.keys())
    if tracker.is_satisfied():
        _take_over(turn, join, tracker)
        return True
    if tracker.has_failed():
        _fail(turn, join, tracker)
    return False


def count(state: ExecutionState) -> None:
    """Count what the waiting joins have got by now, where nobody has done so."""
    for join_id, tracker in state.joins.items():
        if tracker is None:
            state.joins[join_id] = _build_tracker(state, state.tasks[join_id])


def recount(state: ExecutionState) -> None:
    """Forget what has been counted: something may run again that had been given up."""
    state.dead_names.clear()
    state.joins = dict.fromkeys(state.joins)


def has_failed(join: TaskExecution) -> bool:
    """Whether a task is a join that could not run for lack of branches, the last time."""
    return join.state == states.ERROR and '_sources' in join.runtime_context


def first_to_give_up(state: ExecutionState) -> TaskExecution:
    """The oldest of the waiting joins that waits for no others but those that wait for it."""
    waiting = state.in_order(state.joins)

    def leads(join: TaskExecution, other: TaskExecution) -> bool:
        return other.name in _names_behind(state, join.name)

    return next(
        join
        for join in waiting
        if all(leads(join, other) for other in waiting if leads(other, join))
    )


def wait_again(turn: Turn, join: TaskExecution, state_info: str = WAITING_TEXT) -> None:
    """Put a join back to waiting; its arrivals are counted anew."""
    turn.set_task_state(join, states.WAITING, state_info)
    turn.state.joins[join.id] = None


def _create(turn: Turn, name: str, source: TaskExecution, event: str) -> TaskExecution:
    state = turn.state
    spec = state.graph.nodes[name].spec
    join = TaskExecution(
        id=turn.ports.new_id(),
        name=name,
        seq=state.take_seq(),
        type='WORKFLOW' if spec.workflow is not None else 'ACTION',
        state=states.WAITING,
        state_info=WAITING_TEXT,
        created_at=turn.ports.now(),
        tags=list(spec.tags),
        runtime_context={'triggered_by': [{'task_id': source.id, 'event': event}]},
        unique_key=f'join-task-{state.execution.id}-{name}',
    )
    state.add_task(join)
    return join


def _note_arrival(turn: Turn, join: TaskExecution, source: TaskExecution, event: str) -> None:
    """Count a branch that reaches a waiting join, if it is the one that counts: see `_arrival`."""
    tracker = turn.state.joins.get(join.id)
    if tracker is None:
        return
    if source is turn.state.latest(source.name) and _is_of_this_lap(source, join):
        tracker.arrived[source.name] = (source.id, event)
        tracker.lost.discard(source.name)
    else:
        # It may have been the last hope for a branch that does.
        turn.do(CloseBranches(source, (join.name,)))


def _passes_through(turn: Turn, join: TaskExecution, source: TaskExecution) -> bool:
    """Whether a branch has come through the join itself: a loop, which opens another lap."""
    return any(task is join for task in _history(turn, source))


def _may_run_again(turn: Turn, join: TaskExecution, source: TaskExecution) -> bool:
    """Whether the join runs again for a branch that arrives after it has run or failed.

    It does if the branch has come through a task re-run since, or if the join has failed and would
    not fail now. Any other late branch is surplus.
    """
    if has_failed(join) and not _build_tracker(turn.state, join).has_failed():
        return True
    ran_at = join.runtime_context.get('_ran_at', 0)
    history = _history(turn, source)
    return any(task.runtime_context.get('_rerun_at', -1) > ran_at for task in history)


def _history(turn: Turn, task: TaskExecution) -> Iterator[TaskExecution]:
    """A task and all whose variables it has seen."""
    seen = {task.id}
    pending = [task]
    while pending:
        current = pending.pop()
        yield current
        for source in turn.sources(current):
            if source.id not in seen:
                seen.add(source.id)
                pending.append(source)


def _reenter(turn: Turn, join: TaskExecution) -> None:
    """Let the join wait and run again: what it gave so far stays with those who have seen it."""
    recount(turn.state)
    turn.freeze_dependents(join)
    turn.cancel_timers(join)
    for child in join.children:
        if not child.is_completed:
            turn.supersede(join, child)
    context = join.runtime_context
    for key in (
        'retry_task_policy',
        'wait_after_policy',
        'wait_before_policy',
        '_held',
        '_outcome',
    ):
        context.pop(key, None)
    context['_laps'] = context.get('_laps', 0) + 1
    join.processed = False
    wait_again(turn, join)


def _take_over(turn: Turn, join: TaskExecution, tracker: JoinTracker) -> None:
    """Record who made the join run; their contexts become its own, in order of creation."""
    tasks = turn.state.tasks
    arrivals = sorted(tracker.arrived.values(), key=lambda arrival: tasks[arrival[0]].seq)
    context = join.runtime_context
    context['triggered_by'] = [{'task_id': id_, 'event': event} for id_, event in arrivals]
    context.pop('_sources', None)
    context['_ran_at'] = turn.state.take_seq()
    join.inbound = join.outbound = join.in_context = None
    if context.get('_laps'):
        # The sources descend from the join itself: deriving its context from theirs later on
        # would go round in circles.
        join.in_context = turn.merged_outbound([tasks[id_] for id_, _ in arrivals]).to_stored()
    del turn.state.joins[join.id]


def _fail(turn: Turn, join: TaskExecution, tracker: JoinTracker) -> None:
    node = turn.state.node(join)
    lost = [name for name in node.inbound if name in tracker.lost]
    context = join.runtime_context
    arrived = (id_ for id_, _ in tracker.arrived.values())
    context['_sources'] = sorted(arrived, key=lambda id_: turn.state.tasks[id_].seq)
    context['_ran_at'] = turn.state.take_seq()
    context['triggered_by'] = []
    if node.spec.join == 'all':
        latest = (turn.state.latest(name) for name in lost)
        context['triggered_by'] = [
            {'task_id': task.id, 'event': NOT_TRIGGERED} for task in latest if task is not None
        ]
    join.inbound = join.outbound = None
    del turn.state.joins[join.id]
    turn.do(CompleteTask(join, states.ERROR, f'Failed by tasks: {lost}', COMPLETING_TASK))


def _build_tracker(state: ExecutionState, join: TaskExecution) -> JoinTracker:
    node = state.node(join)
    tracker = JoinTracker(frozenset(node.inbound), _wanted(node))
    for name in node.inbound:
        arrival = _arrival(state, name, join.name)
        if arrival is not None and _is_of_this_lap(state.tasks[arrival[0]], join):
            tracker.arrived[name] = arrival
        elif _is_lost(state, name, join.name):
            # It does not come again: in another lap its arrival before counts on.
            if arrival is not None:
                tracker.arrived[name] = arrival
            else:
                tracker.lost.add(name)
    return tracker


def _arrival(state: ExecutionState, name: str, join_name: str) -> tuple[str, str] | None:
    """The last task of a name and the clause through which it led to the join, if it did."""
    task = state.latest(name)
    event = _fired_event(task, join_name) if task is not None else None
    return (task.id, event) if task is not None and event is not None else None


def _is_of_this_lap(task: TaskExecution, join: TaskExecution) -> bool:
    ran_at = max(task.seq, task.runtime_context.get('_rerun_at', -1))
    return bool(ran_at > join.runtime_context.get('_lap_since', -1))


def _wanted(node: TaskNode) -> int:
    join = node.spec.join
    return len(node.inbound) if join == 'all' or join is None else join


def _fired_event(task: TaskExecution, target: str) -> str | None:
    """The clause through which a finished task led to the target, the last one if several."""
    if not (task.is_completed and task.processed):
        return None
    events = [event for name, event in task.next_tasks if name == target]
    return events[-1] if events else None


def _is_lost(state: ExecutionState, name: str, join_name: str) -> bool:
    """Whether the task of that name can no longer come to lead to the join.

    Walks against the transitions to any task that still runs; ways through the join itself do
    not count, for it is what is waiting.
    """
    if name in state.dead_names:
        return True
    if _is_live(state, name):
        return False
    seen = {name}
    through_join = False
    pending = [name]
    while pending:
        for source in state.graph.nodes[pending.pop()].inbound:
            if source == join_name:
                through_join = True
            elif source not in seen and source not in state.dead_names:
                if _is_live(state, source):
                    return False
                seen.add(source)
                pending.append(source)
    if not through_join:
        state.dead_names.update(seen)
    return True


def _is_live(state: ExecutionState, name: str) -> bool:
    return any(not task.is_completed or not task.processed for task in state.by_name.get(name, ()))


def _names_behind(state: ExecutionState, name: str) -> frozenset[str]:
    """The task and all that transitions can lead to from it."""
    known = state.names_behind.get(name)
    if known is None:
        seen = {name}
        pending = [name]
        while pending:
            for target in state.graph.nodes[pending.pop()].outbound:
                if target not in seen:
                    seen.add(target)
                    pending.append(target)
        known = state.names_behind[name] = frozenset(seen)
    return known
