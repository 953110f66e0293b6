"""Writing what a turn has changed, in bulk, and with it everything that must happen afterwards."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, Update, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from mistral.db.chunks import chunks
from mistral.db.models import action_executions, task_executions, workflow_executions
from mistral.db.store import callers, hand_over, jobs, notifications, rows
from mistral.exceptions import DBDuplicateEntryError
from mistral.states import is_completed
from mistral.workflow.effects import CancelTimer, Effect, RunAction
from mistral.workflow.model import CALLER, ChildExecution, ExecutionState, WorkflowExecution


class ConflictError(Exception):
    """Another engine has changed the execution meanwhile: the copy in hand is stale."""


class ConsumedError(Exception):
    """Some of the events that have been applied had taken effect before."""


#: The revision of an execution that has just been created.
_FIRST_REVISION: Final = 1


def _next_revision() -> int:
    """No two writers choose the same, so that each can tell what it has written."""
    return _FIRST_REVISION + 1 + secrets.randbits(62)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a turn has made of an execution. `consumed` are the jobs behind its events.

    `caller` is who the actions run as from now on; None leaves that as it is. `revision` is the one
    that the execution gets, unless it is new.
    """

    state: ExecutionState
    effects: Sequence[Effect]
    consumed: Sequence[str] = ()
    caller: callers.StoredCaller | None = None
    revision: int = field(default_factory=_next_revision)


def save(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write the changes of executions and the jobs that stand for their effects.

    Raises ConflictError if an execution has moved on under another engine or is gone,
    ConsumedError if one of the jobs is gone, DBDuplicateEntryError for a new execution whose id
    exists; nothing may be committed then.
    """
    consumed = [job_id for outcome in outcomes for job_id in outcome.consumed]
    if consumed and jobs.remove(connection, consumed) != len(consumed):
        raise ConsumedError
    # In one order everywhere, so that engines with several of the same cannot block each other.
    outcomes = sorted(outcomes, key=lambda outcome: outcome.state.execution.id)
    states = [outcome.state for outcome in outcomes]
    _save_executions(connection, outcomes)
    _save_callers(connection, outcomes)
    _save_tasks(connection, states)
    _save_children(connection, states)
    new_jobs: list[jobs.Job] = []
    news: list[dict[str, Any]] = []
    cancelled: list[str] = []
    for outcome in outcomes:
        new_jobs += jobs.of_effects(outcome.state.execution, outcome.effects, now)
        news += notifications.of_effects(outcome.state.execution, outcome.effects, now)
        cancelled += (e.timer_id for e in outcome.effects if isinstance(e, CancelTimer))
    jobs.add(connection, new_jobs, now)
    notifications.add(connection, news)
    if cancelled:
        jobs.remove(connection, cancelled)
    hand_over.hand_over_again(connection, [id_ for o in outcomes for id_ in _repeated(o)], now)


def were_saved(connection: Connection, outcomes: Sequence[Outcome]) -> bool:
    """Tell whether a transaction that may have been committed was.

    It was if one of the rows is there that it has made. One that has made none is told by the
    revision that it gave to an execution. If another engine has written over that one, the answer
    is no: the events come again then, and change nothing.
    """
    new = next((row for outcome in outcomes for row in _new_rows(outcome.state)), None)
    if new is not None:
        table, id_ = new
        query = select(table.c.id).where(table.c.id == id_)
    else:
        columns = workflow_executions.c
        query = select(columns.id).where(
            columns.id == outcomes[0].state.execution.id,
            columns.revision == outcomes[0].revision,
        )
    return connection.execute(query).first() is not None


def are_current(connection: Connection, states: Sequence[ExecutionState]) -> bool:
    """Tell whether these copies of executions are of the revisions that are stored."""
    wanted = {state.execution.id: state.execution.revision for state in states}
    columns = workflow_executions.c
    query = select(columns.id, columns.revision).where(columns.id.in_(sorted(wanted)))
    return {row.id: row.revision for row in connection.execute(query)} == wanted


def mark_saved(outcome: Outcome) -> None:
    """Note that the changes of an execution are durable."""
    state = outcome.state
    state.execution.revision = outcome.revision if state.execution.revision else _FIRST_REVISION
    for created in state.changes.new_executions:
        created.execution.revision = _FIRST_REVISION
    state.changes = type(state.changes)()


def _repeated(outcome: Outcome) -> Iterator[str]:
    for effect in outcome.effects:
        if isinstance(effect, RunAction) and effect.again:
            yield effect.action_execution_id


def _new_rows(state: ExecutionState) -> Iterator[tuple[Table, str]]:
    if state.execution.revision == 0:
        yield workflow_executions, state.execution.id
    for task_id in state.changes.new_tasks:
        yield task_executions, task_id
    for child in state.changes.new_children.values():
        yield (action_executions if child.kind == 'action' else workflow_executions), child.id


def _save_executions(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Take the executions for this engine: only copies of the latest revision may be written."""
    new = [o.state.execution for o in outcomes if o.state.execution.revision == 0]
    if new:
        _insert_executions(connection, new)
    changed, untouched = [], []
    for outcome in outcomes:
        execution = outcome.state.execution
        keys = {
            'of_id': execution.id,
            'of_revision': execution.revision,
            'new_revision': outcome.revision,
        }
        if execution.revision and outcome.state.changes.execution:
            changed.append({**keys, **_values(rows.execution_changes(execution))})
        elif execution.revision:
            untouched.append(keys)
    for statement, parameters in ((_UPDATE_EXECUTION, changed), (_SET_REVISION, untouched)):
        if parameters and connection.execute(statement, parameters).rowcount != len(parameters):
            raise ConflictError


def _save_callers(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Nobody runs anything for a tree of executions that has ended."""
    given = [(o.state.execution, o.caller) for o in outcomes if o.caller is not None]
    new = {execution.id: caller for execution, caller in given if execution.revision == 0}
    if new:
        callers.add(connection, new)
    changed = {_root(execution): caller for execution, caller in given if execution.revision}
    for root_id, caller in changed.items():
        _change_caller(connection, root_id, caller)
    ended = [
        o.state.execution.id
        for o in outcomes
        if o.state.execution.task_execution_id is None
        and CALLER in o.state.execution.context
        and is_completed(o.state.execution.state)
    ]
    if ended:
        callers.remove(connection, ended)


def _change_caller(connection: Connection, root_id: str, caller: callers.StoredCaller) -> None:
    if callers.replace(connection, root_id, caller):
        return
    try:
        callers.add(connection, {root_id: caller})
    except IntegrityError as e:
        # Somebody else has brought one at the same time.
        raise ConflictError from e


def _root(execution: WorkflowExecution) -> str:
    return execution.root_execution_id or execution.id


def _insert_executions(connection: Connection, new: Sequence[WorkflowExecution]) -> None:
    try:
        connection.execute(
            _INSERT_EXECUTION,
            [
                {**rows.execution_to_row(execution), 'revision': _FIRST_REVISION}
                for execution in new
            ],
        )
    except IntegrityError as e:
        ids = ', '.join(execution.id for execution in new)
        raise DBDuplicateEntryError(f"Duplicate entry for WorkflowExecution ['id']: {ids}") from e


def _save_tasks(connection: Connection, states: Sequence[ExecutionState]) -> None:
    new = [
        rows.task_to_row(task, state.node(task), state.execution)
        for state in states
        for task in state.changes.new_tasks.values()
    ]
    if new:
        connection.execute(_INSERT_TASK, new)
    changed = [
        {'of_id': task.id, **_values(rows.task_changes(task))}
        for state in states
        for task in state.changes.tasks.values()
    ]
    if changed:
        connection.execute(_UPDATE_TASK, changed)


def _save_children(connection: Connection, states: Sequence[ExecutionState]) -> None:
    subworkflows = [new.execution for state in states for new in state.changes.new_executions]
    if subworkflows:
        _insert_executions(connection, subworkflows)
    new_actions = [
        rows.action_to_row(child, state.execution)
        for state in states
        for child in state.changes.new_children.values()
        if child.kind == 'action'
    ]
    for chunk in chunks(new_actions):
        connection.execute(_INSERT_ACTION, chunk)
    changed = [child for state in states for child in state.changes.children.values()]
    # Executors claim actions meanwhile: all who lock several of them do so in one order.
    changed.sort(key=lambda child: child.id)
    _update_actions(connection, [child for child in changed if child.kind == 'action'])
    superseded = [c.id for c in changed if c.kind == 'workflow' and c.superseded]
    if superseded:
        # The rows belong to the sub-workflows; that they no longer count is for others to say.
        connection.execute(_REJECT_EXECUTION, [{'of_id': id_} for id_ in superseded])


def _update_actions(connection: Connection, actions: Sequence[ChildExecution]) -> None:
    """Actions whose output is not in memory keep the one that is stored."""
    changed = [{'of_id': child.id, **_values(rows.action_changes(child))} for child in actions]
    with_output = [row for row in changed if 'new_output' in row]
    without_output = [row for row in changed if 'new_output' not in row]
    if with_output:
        connection.execute(_UPDATE_ACTION, with_output)
    if without_output:
        connection.execute(_UPDATE_ACTION_STATE, without_output)


def _update_of(table: Table, columns: Iterable[str]) -> Update:
    """Sets the columns from parameters `new_<column>`, in the row whose id is `of_id`."""
    return (
        update(table)
        .where(table.c.id == bindparam('of_id'))
        .values({column: bindparam(f'new_{column}') for column in columns})
    )


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    return {f'new_{column}': value for column, value in row.items()}


_INSERT_EXECUTION: Final = insert(workflow_executions)
_INSERT_TASK: Final = insert(task_executions)
_INSERT_ACTION: Final = insert(action_executions)
_SET_REVISION: Final = (
    update(workflow_executions)
    .where(
        workflow_executions.c.id == bindparam('of_id'),
        workflow_executions.c.revision == bindparam('of_revision'),
    )
    .values(revision=bindparam('new_revision'))
)
_UPDATE_EXECUTION: Final = _SET_REVISION.values(
    {column: bindparam(f'new_{column}') for column in rows.EXECUTION_CHANGES}
)
_REJECT_EXECUTION: Final = (
    update(workflow_executions)
    .where(workflow_executions.c.id == bindparam('of_id'))
    .values(accepted=False)
)
_UPDATE_TASK: Final = _update_of(task_executions, rows.TASK_CHANGES)
_UPDATE_ACTION: Final = _update_of(action_executions, (*rows.ACTION_CHANGES, 'output'))
_UPDATE_ACTION_STATE: Final = _update_of(action_executions, rows.ACTION_CHANGES)
