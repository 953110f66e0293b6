"""Reads what Mistral 23 has left, and writes what becomes of it.

Columns are always named: this runs on a schema to which later revisions may add more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Label,
    Select,
    Table,
    Update,
    bindparam,
    case,
    delete,
    or_,
    select,
    union,
    update,
)

from mistral import states
from mistral.db.models import (
    action_executions,
    delayed_calls,
    scheduled_jobs,
    task_executions,
    workflow_definitions,
    workflow_executions,
)
from mistral.db.store import jobs
from mistral.db.takeover.definitions import name_workbooks
from mistral.db.takeover.left import Call, Child, Execution, Task
from mistral.db.takeover.translation import Calls, TakenOver, translate
from mistral.exceptions import DBError

_UNFINISHED: Final = (
    states.IDLE, states.RUNNING, states.PAUSED, states.WAITING, states.DELAYED,
)  # fmt: skip

#: Where the functions are that Mistral 23 calls later.
_FUNCTIONS: Final = 'mistral.'

_EXECUTION: Final = workflow_executions.c
_TASK: Final = task_executions.c
_ACTION: Final = action_executions.c


def take_over(connection: Connection, now: datetime) -> int:
    """Translate all executions with which the engine may have to go on; returns how many.

    Those that have ended for good are left as they are. No process of Mistral 23 may be running.
    Raises DBError for rows that cannot be understood.
    """
    name_workbooks(connection)
    ids = list(connection.execute(_to_be_translated()).scalars())
    calls = _delayed_calls(connection)
    for execution_id in ids:
        try:
            execution = _read(connection, execution_id)
            _write(connection, execution, translate(execution, calls, now), now)
        except (LookupError, TypeError, ValueError) as e:
            raise DBError(
                f'Workflow execution {execution_id} cannot be taken over, its rows are not as '
                f'Mistral 23 writes them: {type(e).__name__}: {e}. Mend them, or delete it.'
            ) from e
    _forget_calls(connection)
    connection.execute(_GIVE_UP_ACTIONS)
    return len(ids)


def _to_be_translated() -> Any:
    """Unfinished executions, and others that a re-run may open while a task is in between."""
    is_failed_join = _TASK.unique_key.is_not(None) & _TASK.started_at.is_(None)
    is_unprocessed = or_(_TASK.processed.is_(False), _TASK.processed.is_(None))
    has_failed_midway = (_TASK.state == states.ERROR) & or_(is_failed_join, is_unprocessed)
    return union(
        select(_EXECUTION.id).where(_EXECUTION.state.in_(_UNFINISHED)),
        select(_TASK.workflow_execution_id).where(
            _TASK.seq.is_(None),
            _TASK.workflow_execution_id.is_not(None),
            or_(_TASK.state.in_(_UNFINISHED), has_failed_midway),
        ),
    )


def _read(connection: Connection, execution_id: str) -> Execution:
    key = {'execution_id': execution_id}
    row = connection.execute(_READ_EXECUTION, key).mappings().one()
    tasks = {task['id']: _task(task) for task in connection.execute(_READ_TASKS, key).mappings()}
    for action in connection.execute(_READ_ACTIONS, key).mappings():
        tasks[action['task_execution_id']].children.append(_action(action))
    for child in connection.execute(_READ_SUBWORKFLOWS, key).mappings():
        tasks[child['task_execution_id']].children.append(_subworkflow(child))
    return Execution(
        id=row['id'],
        state=row['state'],
        runtime_context=row['runtime_context'] or {},
        workbook=row['workbook_name'],
        tasks=list(tasks.values()),
    )


def _task(row: Mapping[Any, Any]) -> Task:
    return Task(
        id=row['id'],
        name=row['name'],
        state=row['state'],
        created_at=row['created_at'],
        state_info=row['state_info'],
        started_at=row['started_at'],
        processed=bool(row['processed']),
        is_join=row['unique_key'] is not None,
        next_tasks=row['next_tasks'] or [],
        runtime_context=row['runtime_context'] or {},
    )


def _action(row: Mapping[Any, Any]) -> Child:
    context = row['runtime_context'] or {}
    return Child(
        id=row['id'],
        kind='action',
        state=row['state'],
        accepted=bool(row['accepted']),
        created_at=row['created_at'],
        runtime_context=context,
        index=context.get('index') or 0,
        output=row['output'],
    )


def _subworkflow(row: Mapping[Any, Any]) -> Child:
    return Child(
        id=row['id'],
        kind='workflow',
        state=row['state'],
        accepted=bool(row['accepted']),
        created_at=row['created_at'],
        runtime_context=row['runtime_context'] or {},
        index=(row['params'] or {}).get('index') or 0,
        output=row['output'],
    )


def _delayed_calls(connection: Connection) -> Calls:
    """What Mistral 23 would call, whichever of its two schedulers it used.

    Calls that one of its processes has begun count, too: nobody has seen the end of them.
    """
    legacy, default = delayed_calls.c, scheduled_jobs.c
    queries: Iterable[Select[Any]] = (
        select(legacy.target_method_name, legacy.method_arguments, legacy.execution_time),
        select(default.func_name, default.func_args, default.execute_at).where(
            default.func_name.startswith(_FUNCTIONS)
        ),
    )
    calls: dict[str, list[Call]] = defaultdict(list)
    for query in queries:
        for path, arguments, due in connection.execute(query):
            task_id = (arguments or {}).get('task_ex_id')
            if task_id is not None:
                calls[task_id].append(Call(path.rpartition('.')[2], due, arguments))
    return calls


def _forget_calls(connection: Connection) -> None:
    """Nobody will make them any more; and they hold the tokens of users."""
    connection.execute(delete(delayed_calls))
    is_of_mistral_23 = scheduled_jobs.c.func_name.startswith(_FUNCTIONS)
    connection.execute(delete(scheduled_jobs).where(is_of_mistral_23))


def _write(connection: Connection, execution: Execution, taken: TakenOver, now: datetime) -> None:
    connection.execute(
        _UPDATE_EXECUTION,
        {
            'of_id': execution.id,
            'new_state': taken.state,
            'new_runtime_context': taken.runtime_context,
        },
    )
    of_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for task in execution.tasks:
        for child in task.children:
            of_kind[child.kind].append(_change(child.id, taken.children, taken.numbers))
    tasks = [_change(task_id, taken.tasks, taken.numbers) for task_id in taken.tasks]
    for statement, changes in (
        (_UPDATE_TASK, tasks),
        (_UPDATE_ACTION, of_kind['action']),
        (_UPDATE_SUBWORKFLOW, of_kind['workflow']),
    ):
        if changes:
            connection.execute(statement, changes)
    if taken.removed:
        connection.execute(_DELETE_TASK, [{'of_id': task_id} for task_id in taken.removed])
    jobs.add(connection, taken.jobs, now)


def _change(
    id_: str, contexts: Mapping[str, dict[str, Any]], numbers: Mapping[str, int]
) -> dict[str, Any]:
    return {'of_id': id_, 'new_runtime_context': contexts[id_], 'new_seq': numbers[id_]}


def _update_of(table: Table, *columns: str) -> Update:
    """Sets the columns from parameters `new_<column>`, in the row whose id is `of_id`."""
    values: dict[str, Any] = {column: bindparam(f'new_{column}') for column in columns}
    return update(table).where(table.c.id == bindparam('of_id')).values(values)


def _error(columns: Any) -> Label[Any]:
    """The output of a child that has not succeeded. All others may be large, and say nothing."""
    return case((columns.state != states.SUCCESS, columns.output)).label('output')


_OF_EXECUTION: Final = _TASK.workflow_execution_id == bindparam('execution_id')

_READ_EXECUTION: Final = (
    select(
        _EXECUTION.id,
        _EXECUTION.state,
        _EXECUTION.runtime_context,
        workflow_definitions.c.workbook_name,
    )
    .outerjoin(workflow_definitions, _EXECUTION.workflow_id == workflow_definitions.c.id)
    .where(_EXECUTION.id == bindparam('execution_id'))
)
_READ_TASKS: Final = select(
    _TASK.id, _TASK.name, _TASK.state, _TASK.created_at, _TASK.state_info, _TASK.started_at,
    _TASK.processed, _TASK.unique_key, _TASK.next_tasks, _TASK.runtime_context,
).where(_OF_EXECUTION)  # fmt: skip
_READ_ACTIONS: Final = (
    select(
        _ACTION.id, _ACTION.task_execution_id, _ACTION.state, _ACTION.accepted,
        _ACTION.created_at, _ACTION.runtime_context,
        _error(_ACTION),
    )
    .join(task_executions, _ACTION.task_execution_id == _TASK.id)
    .where(_OF_EXECUTION)
)  # fmt: skip
_READ_SUBWORKFLOWS: Final = (
    select(
        _EXECUTION.id, _EXECUTION.task_execution_id, _EXECUTION.state, _EXECUTION.accepted,
        _EXECUTION.created_at, _EXECUTION.runtime_context, _EXECUTION.params,
        _error(_EXECUTION),
    )
    .join(task_executions, _EXECUTION.task_execution_id == _TASK.id)
    .where(_OF_EXECUTION)
)  # fmt: skip
_UPDATE_EXECUTION: Final = _update_of(workflow_executions, 'state', 'runtime_context')
_UPDATE_TASK: Final = _update_of(task_executions, 'seq', 'runtime_context')
_UPDATE_ACTION: Final = _update_of(action_executions, 'seq', 'runtime_context')
_UPDATE_SUBWORKFLOW: Final = _update_of(workflow_executions, 'runtime_context')
#: No executor has them any more, or will ever have: the usual patience would be in vain.
_GIVE_UP_ACTIONS: Final = (
    update(action_executions)
    .where(_ACTION.state == states.RUNNING, or_(_ACTION.is_sync, _ACTION.is_sync.is_(None)))
    .values(last_heartbeat=_ACTION.created_at, is_sync=True)
)
_DELETE_TASK: Final = delete(task_executions).where(_TASK.id == bindparam('of_id'))
