"""What must hold after each turn, and when nothing is left to happen."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mistral import states
from mistral.db.store import rows
from mistral.exceptions import MistralException
from mistral.tests.simulation.storage import StoredTable
from mistral.workflow import events, joins
from mistral.workflow.effects import Effect, Trace
from mistral.workflow.model import ExecutionState, TaskExecution

if TYPE_CHECKING:
    from mistral.tests.simulation.cluster import Cluster

#: What may change an execution that is over.
_REOPENING = (events.Rerun, events.Skip, events.SubworkflowUpdated)


class ViolationError(Exception):
    """Something that must always hold does not."""


@dataclass
class Inspector:
    """Watches one cluster. `require` raises ViolationError."""

    #: The first result of each action.
    results: dict[str, str] = field(default_factory=dict)
    #: How often each join has begun to run.
    runs: Counter[str] = field(default_factory=Counter)
    #: Executions in which somebody has asked for more than the workflow itself.
    reopened: set[str] = field(default_factory=set)
    seen_failures: int = 0

    def require(self, condition: bool, text: str) -> None:
        if not condition:
            raise ViolationError(text)

    def note_effects(self, state: ExecutionState, found: Sequence[Effect]) -> None:
        for effect in found:
            if isinstance(effect, Trace) and effect.template.startswith('Task '):
                _, task_id, previous, new = effect.values[:4]
                if (previous, new) == (states.WAITING, states.RUNNING):
                    self.runs[task_id] += 1

    def after_turn(
        self,
        cluster: 'Cluster',
        execution_id: str,
        before: Mapping[str, Any],
        events_: Sequence[events.Event],
    ) -> None:
        state = cluster.state(execution_id)
        if any(isinstance(event, _REOPENING) for event in events_):
            self.reopened.add(execution_id)
        self._check_failures(cluster)
        self._check_over(state, before, events_)
        self._check_results(cluster, state)
        self._check_memory(cluster, state)
        self._check_tasks(state)
        if state.execution.state == states.RUNNING:
            for task in state.incomplete.values():
                self.require(
                    _has_a_future(cluster, state, task),
                    f'nothing will wake {task.name} ({task.id}, {task.state}) in {execution_id}',
                )
            self.require(bool(state.incomplete) or not state.tasks, f'{execution_id} does not end')

    def at_rest(self, cluster: 'Cluster') -> None:
        """Check executions when nothing happens by itself any more."""
        for execution_id, row in cluster.storage.executions.stored.items():
            self.require(
                row['state'] in states.COMPLETED or row['state'] == states.PAUSED,
                f'{execution_id} is {row["state"]} for ever',
            )
            for task in cluster.tasks(execution_id):
                for child in task.children:
                    self.require(
                        child.is_completed or child.state == states.PAUSED,
                        f'{child.kind} {child.id} is {child.state} for ever',
                    )
                is_held = any(child.state == states.PAUSED for child in task.children)
                if row['state'] in states.COMPLETED and not is_held:
                    self.require(
                        task.is_completed or task.state in (states.WAITING, states.IDLE),
                        f'{task.name} ({task.id}) is {task.state} in {execution_id}, which is over',
                    )

    def _check_failures(self, cluster: 'Cluster') -> None:
        for error in cluster.failures[self.seen_failures :]:
            if not isinstance(error, MistralException):
                raise ViolationError(f'unexpected {error!r}') from error
        self.seen_failures = len(cluster.failures)

    def _check_over(
        self, state: ExecutionState, before: Mapping[str, Any], events_: Sequence[events.Event]
    ) -> None:
        """A finished execution stays as it is, unless somebody re-opens it."""
        execution = state.execution
        if before['state'] not in states.COMPLETED:
            return
        if any(isinstance(event, (*_REOPENING, events.Stop)) for event in events_):
            return
        for name in ('state', 'state_info', 'output'):
            self.require(
                _json(getattr(execution, name)) == _json(before[name]),
                f'{name} of {execution.id} has changed after its end: {events_}',
            )

    def _check_results(self, cluster: 'Cluster', state: ExecutionState) -> None:
        """An action that has a result keeps it."""
        for task in state.tasks.values():
            for child in task.children:
                if child.kind == 'action' and child.is_completed:
                    first = self.results.setdefault(child.id, child.state)
                    self.require(first == child.state, f'{child.id}: {first}, then {child.state}')

    def _check_memory(self, cluster: 'Cluster', state: ExecutionState) -> None:
        """What is in memory is what is stored, and what follows from that."""
        storage = cluster.storage
        execution = state.execution
        changes = rows.execution_changes(execution)
        del changes['accepted']  # its parent decides on that
        self._compare(storage.executions, execution.id, changes)
        for task in state.tasks.values():
            self._compare(storage.tasks, task.id, rows.task_changes(task))
            running = [c for c in task.children if not (c.is_completed or c.superseded)]
            if task.type == 'ACTION':
                self.require(task.running_children == len(running), f'{task.id}: running_children')
            for child in task.children:
                if child.kind == 'action':
                    self._compare(storage.actions, child.id, rows.action_changes(child))
        incomplete = {task.id for task in state.tasks.values() if not task.is_completed}
        self.require(incomplete == state.incomplete.keys(), f'{execution.id}: incomplete')

    def _compare(self, table: StoredTable, id_: str, values: Mapping[str, Any]) -> None:
        stored = table.stored[id_]
        for name, value in values.items():
            self.require(
                table.bind(name, value) == stored[name],
                f'{name} of {id_} is {value} but stored as {stored[name]}',
            )

    def _check_tasks(self, state: ExecutionState) -> None:
        is_reverse = state.graph.spec.type == 'reverse'
        for name, tasks in state.by_name.items():
            if is_reverse or tasks[0].is_join:
                self.require(len(tasks) == 1, f'{name} exists {len(tasks)} times')
        for join_id in state.joins:
            self.require(state.tasks[join_id].state == states.WAITING, f'{join_id} is tracked')
        triggers: Counter[tuple[str, str, str]] = Counter()
        for task in state.tasks.values():
            self._check_children(state, task)
            if task.is_join:
                self._check_join(state, task)
            else:
                triggers.update((t['task_id'], t['event'], task.name) for t in task.triggered_by)
        if state.execution.id not in self.reopened:
            for trigger, count in triggers.items():
                laps = 1 + state.tasks[trigger[0]].runtime_context.get('_laps', 0)
                self.require(count <= laps, f'{trigger} has started {count} tasks')

    def _check_children(self, state: ExecutionState, task: TaskExecution) -> None:
        """Each item (or the task itself) has one child that counts, apart from retries."""
        current = [child for child in task.children if task.is_current(child)]
        indexes = Counter(child.index for child in current)
        for index, count in indexes.items():
            self.require(count == 1, f'item {index} of {task.name} has {count} children')
        if not state.node(task).spec.with_items:
            self.require(len(current) <= 1, f'{task.name} has {len(current)} children')
            return
        context = task.runtime_context
        may_exceed = any(child.reopened for child in task.children)
        if context.get('concurrency') and task.state == states.RUNNING and not may_exceed:
            running = sum(not child.is_completed for child in current)
            self.require(running <= context['concurrency'], f'{running} items of {task.name} run')
        if task.state == states.SUCCESS:
            succeeded = sum(child.state == states.SUCCESS for child in current)
            count = context['with_items']['count']
            self.require(succeeded == count, f'{task.name}: {succeeded} of {count} items')

    def _check_join(self, state: ExecutionState, join: TaskExecution) -> None:
        """A join runs once per lap, apart from retries, and only a loop makes laps."""
        context = join.runtime_context
        tracker = state.joins.get(join.id)
        if tracker is not None and state.execution.state == states.RUNNING:
            anew = _count_anew(state, join)
            self.require(tracker == anew, f'{join.name}: counted {tracker}, really {anew}')
        if state.execution.id in self.reopened:
            return
        retry = state.node(join).policies.retry
        attempts = 1 + (int(retry.count) if retry else 0)
        laps = 1 + context.get('_laps', 0)
        self.require(
            self.runs[join.id] <= attempts * laps,
            f'{join.name} ran {self.runs[join.id]} times in {laps} laps',
        )
        if laps > 1:
            behind = joins._names_behind(state, join.name)
            inbound = state.node(join).inbound
            self.require(any(name in behind for name in inbound), f'{join.name} is in no loop')


def _count_anew(state: ExecutionState, join: TaskExecution) -> joins.JoinTracker:
    """What a join has got, from what is stored alone."""
    known = state.dead_names
    state.dead_names = set()
    try:
        return joins._build_tracker(state, join)
    finally:
        state.dead_names = known


def _has_a_future(cluster: 'Cluster', state: ExecutionState, task: TaskExecution) -> bool:
    """Whether something is under way that a task of a running execution waits for."""
    if task.runtime_context.get('_timers'):
        return True
    if task.state == states.WAITING:
        return any(other.state != states.WAITING for other in state.incomplete.values()) or any(
            other.runtime_context.get('_timers') for other in state.incomplete.values()
        )
    if task.state not in (states.RUNNING, states.PAUSED):
        return False
    children = {child.id for child in task.children if not child.superseded}
    if any(not child.is_completed for child in task.children if not child.superseded):
        return True
    for job in cluster.jobs.values():
        event = job.event
        if isinstance(event, events.SubworkflowUpdated) and event.execution_id in children:
            return True
        if isinstance(event, events.ContinueItems) and event.task_execution_id == task.id:
            return True
    return False


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
