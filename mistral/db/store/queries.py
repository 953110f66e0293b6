"""Questions of a running workflow about other rows: environments, ancestors, other executions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, case, or_, select

from mistral import states
from mistral.db.chunks import chunks
from mistral.db.models import (
    action_executions,
    environments,
    task_executions,
    workflow_executions,
)
from mistral.db.store.rows import Row
from mistral.workflow.scope import time_text

_Rows = Sequence[Row]

_EXECUTION_FILTERS: Final = ('id', 'root_execution_id', 'state')

#: What `tasks()` finds and sorts tasks by; none of it is large.
_PLACE: Final = tuple(
    task_executions.c[name]
    for name in ('id', 'state', 'type', 'workflow_execution_id', 'created_at', 'seq')
)

#: What it shows of those that it has found.
_SHOWN: Final = tuple(
    task_executions.c[name]
    for name in (
        'id', 'name', 'action_spec', 'state', 'state_info', 'published', 'type',
        'workflow_execution_id', 'created_at', 'updated_at',
    )
)  # fmt: skip


def execution(connection: Connection, execution_id: str) -> dict[str, Any] | None:
    """The row of a workflow execution."""
    query = select(workflow_executions).where(workflow_executions.c.id == execution_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def execution_of_action(
    connection: Connection, action_execution_id: str
) -> tuple[bool, str | None]:
    """Whether the action exists, and the workflow execution of its task if it has one."""
    query = (
        select(task_executions.c.workflow_execution_id)
        .select_from(action_executions)
        .outerjoin(task_executions, action_executions.c.task_execution_id == task_executions.c.id)
        .where(action_executions.c.id == action_execution_id)
    )
    row = connection.execute(query).first()
    return (False, None) if row is None else (True, row[0])


def execution_of_task(connection: Connection, task_execution_id: str) -> str | None:
    columns = task_executions.c
    query = select(columns.workflow_execution_id).where(columns.id == task_execution_id)
    execution_id: str | None = connection.execute(query).scalar()
    return execution_id


def environment(connection: Connection, project_id: str, name: str) -> dict[str, Any] | None:
    """The variables of a stored environment, the project's own before a public one."""
    columns = environments.c
    query = (
        select(columns.variables)
        .where(
            columns.name == name,
            or_(columns.project_id == project_id, columns.scope == 'public'),
        )
        .order_by(case((columns.project_id == project_id, 0), else_=1))
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else dict(row[0] or {})


def env(connection: Connection, execution_id: str) -> dict[str, Any]:
    """The current environment of an execution."""
    columns = workflow_executions.c
    params = connection.execute(select(columns.params).where(columns.id == execution_id)).scalar()
    return (params or {}).get('env') or {}


def ancestors(connection: Connection, execution_id: str | None) -> list[tuple[str, str, str]]:
    """(id, workflow name, state) of an execution and of all above it."""
    columns = workflow_executions.c
    found = []
    while execution_id is not None:
        query = (
            select(
                columns.id,
                columns.workflow_name,
                columns.state,
                task_executions.c.workflow_execution_id,
            )
            .outerjoin(task_executions, columns.task_execution_id == task_executions.c.id)
            .where(columns.id == execution_id)
        )
        row = connection.execute(query).first()
        if row is None:
            break
        found.append((row[0], row[1], row[2]))
        execution_id = row[3]
    return found


def descendants(connection: Connection, execution_id: str) -> list[list[str]]:
    """The unfinished sub-workflows below an execution, level by level."""
    columns = workflow_executions.c
    found: list[list[str]] = []
    level = [execution_id]
    while level:
        below: list[str] = []
        for chunk in chunks(level):
            query = (
                select(columns.id)
                .join(task_executions, columns.task_execution_id == task_executions.c.id)
                .where(
                    task_executions.c.workflow_execution_id.in_(chunk),
                    columns.state.not_in([states.SUCCESS, states.ERROR]),
                )
            )
            below.extend(connection.execute(query).scalars())
        if below:
            found.append(below)
        level = below
    return found


def executions(connection: Connection, project_id: str, filters: Mapping[str, Any]) -> _Rows:
    """Workflow executions of a project for `executions()`."""
    columns = workflow_executions.c
    query = select(workflow_executions).where(columns.project_id == project_id)
    for name in _EXECUTION_FILTERS:
        if name in filters:
            query = query.where(columns[name] == filters[name])
    if 'from_time' in filters:
        query = query.where(columns.created_at >= _time(filters['from_time']))
    if 'to_time' in filters:
        query = query.where(columns.created_at < _time(filters['to_time']))
    query = query.order_by(columns.created_at, columns.id)
    return [_with_text_times(row) for row in connection.execute(query).mappings()]


def tasks(
    connection: Connection,
    project_id: str,
    workflow_execution_id: str | None,
    *,
    recursive: bool,
    state: str | None,
    flat: bool,
) -> _Rows:
    """Task executions for `tasks()`: of one execution, its sub-workflows too, or of the project.

    Those of an execution come before those of its sub-workflows.
    """
    columns = task_executions.c
    query = select(*_PLACE).where(columns.project_id == project_id)
    if state is not None and not recursive:
        query = query.where(columns.state == state)
    if workflow_execution_id is not None:
        found = _of_executions(connection, query, [workflow_execution_id])
        level = found
        while recursive and level:
            children = _subworkflows(connection, [row['id'] for row in level])
            level = _of_executions(connection, query, children)
            found += level
    else:
        found = sorted(connection.execute(query).mappings(), key=_order)
    if state is not None:
        found = [row for row in found if row['state'] == state]
    if flat:
        found = _flat(connection, found)
    return _shown(connection, [row['id'] for row in found], state)


def _of_executions(
    connection: Connection, query: Select[Any], execution_ids: Sequence[str]
) -> list[Row]:
    found: list[Row] = []
    for chunk in chunks(execution_ids):
        limited = query.where(task_executions.c.workflow_execution_id.in_(chunk))
        found.extend(connection.execute(limited).mappings())
    return sorted(found, key=_order)


def _subworkflows(connection: Connection, task_ids: Sequence[str]) -> list[str]:
    columns = workflow_executions.c
    found: list[str] = []
    for chunk in chunks(task_ids):
        query = select(columns.id).where(columns.task_execution_id.in_(chunk))
        found.extend(connection.execute(query).scalars())
    return found


def _flat(connection: Connection, found: _Rows) -> list[Row]:
    """Without the tasks that only show the state of one of their sub-workflows."""
    columns = workflow_executions.c
    shown: dict[str, set[str]] = {}
    for chunk in chunks([row['id'] for row in found if row['type'] == 'WORKFLOW']):
        query = select(columns.task_execution_id, columns.state).where(
            columns.task_execution_id.in_(chunk)
        )
        for task_id, state in connection.execute(query):
            shown.setdefault(task_id, set()).add(state)
    return [row for row in found if row['state'] not in shown.get(row['id'], ())]


def _shown(connection: Connection, task_ids: Sequence[str], state: str | None) -> list[Row]:
    """Tasks as `tasks()` shows them, in the order of the ids; of one state or (None) of any."""
    found: list[Row] = []
    for chunk in chunks(task_ids):
        query = select(*_SHOWN).where(task_executions.c.id.in_(chunk))
        if state is not None:
            # It may have changed meanwhile.
            query = query.where(task_executions.c.state == state)
        rows = {row['id']: row for row in connection.execute(query).mappings()}
        results = _results(connection, list(rows))
        found.extend(_task(rows[id_], results) for id_ in chunk if id_ in rows)
    return found


def _results(connection: Connection, task_ids: Sequence[str]) -> dict[str, list[tuple[int, Any]]]:
    """(item index, value) of the accepted children by task."""
    values: dict[str, list[tuple[int, Any]]] = {}
    actions, executions = action_executions.c, workflow_executions.c
    of_actions = select(actions.task_execution_id, actions.runtime_context, actions.output).where(
        actions.task_execution_id.in_(task_ids), actions.accepted.is_(True)
    )
    for task_id, context, output in connection.execute(of_actions):
        entry = ((context or {}).get('index', 0), (output or {}).get('result'))
        values.setdefault(task_id, []).append(entry)
    of_workflows = select(executions.task_execution_id, executions.params, executions.output).where(
        executions.task_execution_id.in_(task_ids), executions.accepted.is_(True)
    )
    for task_id, params, output in connection.execute(of_workflows):
        values.setdefault(task_id, []).append(((params or {}).get('index', 0), output or {}))
    return values


def _task(row: Row, results: Mapping[str, list[tuple[int, Any]]]) -> dict[str, Any]:
    spec = row['action_spec'] or {}
    children = sorted(results.get(row['id'], ()), key=lambda entry: entry[0])
    values = [value for _, value in children]
    is_single = len(values) == 1 and 'with-items' not in spec
    return {
        'id': row['id'],
        'name': row['name'],
        'spec': spec,
        'state': row['state'],
        'state_info': row['state_info'],
        'result': values[0] if is_single else values,
        'published': row['published'] or {},
        'type': row['type'],
        'workflow_execution_id': row['workflow_execution_id'],
        'created_at': time_text(row['created_at']),
        'updated_at': time_text(row['updated_at']),
    }


def _order(row: Row) -> tuple[Any, ...]:
    return row['created_at'], row['workflow_execution_id'], row['seq'] or 0


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _with_text_times(row: Row) -> dict[str, Any]:
    shown = dict(row)
    del shown['revision']
    for name in ('created_at', 'updated_at'):
        shown[name] = time_text(shown[name])
    return shown
