"""Answers about whole trees of executions: the report and the sub-executions."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mistral import states
from mistral.api import types
from mistral.api.answers import (
    FLAG_OR_NULL,
    INTEGER,
    TEXT_OR_NULL,
    ListOf,
    Other,
    Schema,
    array_of,
    json_object,
)
from mistral.api.listings import EXECUTIONS, complete_execution
from mistral.api.requests import Call
from mistral.api.resources import Execution
from mistral.api.services import ApiServices
from mistral.db.query import Filter, ListQuery, Sort
from mistral.db.repositories import Row
from mistral.services import execution_report
from mistral.services.execution_tree import ExecutionTreeReader

_DEPTH: Final = {'max_depth': int, 'errors_only': types.flag}

#: Query arguments of the two kinds of answers.
SUB_EXECUTION_ARGUMENTS: Final = {**_DEPTH, 'include_output': types.flag}
REPORT_ARGUMENTS: Final = {**_DEPTH, 'statistics_only': types.flag}

SUB_EXECUTIONS: Final = ListOf('executions', Execution)

_ENTRY: Final = dict.fromkeys(execution_report.EXECUTION_COLUMNS, TEXT_OR_NULL)
_ACTION: Final = json_object({'accepted': FLAG_OR_NULL, 'last_heartbeat': TEXT_OR_NULL, **_ENTRY})

#: An execution has tasks, and tasks have executions.
_EXECUTION_REFERENCE: Final[Schema] = {'$ref': '#/components/schemas/ReportedExecution'}
_TASK: Final = json_object(
    {
        'action_executions': array_of(_ACTION),
        'workflow_executions': array_of(_EXECUTION_REFERENCE),
        'retry_count': INTEGER,
        **_ENTRY,
    },
    optional=('retry_count',),
)

#: Schemas that answers refer to by name.
SCHEMAS: Final[Mapping[str, Schema]] = {
    'ReportedExecution': json_object(
        {'task_executions': array_of(_TASK), **_ENTRY}, optional=('task_executions',)
    ),
}

#: What `report` answers.
REPORT: Final = Other(
    json_object(
        {
            'statistics': json_object(dict.fromkeys(execution_report.STATISTICS, INTEGER)),
            'root_workflow_execution': _EXECUTION_REFERENCE,
        },
        optional=('root_workflow_execution',),
    )
)


def sub_executions_of_execution(services: ApiServices, call: Call, id: str) -> Row:
    """The execution and all below it as a flat list, depth first."""
    fields = _fields(call)
    with services.database.read() as conn:
        execution = services.repositories.executions.get(conn, id, call.caller, _columns(fields))
        walked = _walk(_reader(services, call, conn, fields), call, [execution])
    return {'executions': [_render(row, fields) for row in walked]}


def sub_executions_of_task(services: ApiServices, call: Call, id: str) -> Row:
    """The executions that a task started, each with all below it, as a flat list."""
    fields = _fields(call)
    repositories = services.repositories
    with services.database.read() as conn:
        columns = ('id', 'workflow_execution_id')
        task = repositories.tasks.get(conn, id, call.caller, columns)
        # Who may see the task alone sees nothing below it.
        repositories.executions.get(conn, task['workflow_execution_id'], call.caller, ('id',))
        reader = _reader(services, call, conn, fields)
        walked = _walk(reader, call, reader.started_by([id]))
    return {'executions': [_render(row, fields) for row in walked]}


def report(services: ApiServices, call: Call, id: str) -> Row:
    """The tree of an execution with statistics about its tasks."""
    options = execution_report.ReportOptions(
        max_depth=_max_depth(call),
        statistics_only=call.query.get('statistics_only', False),
    )
    with services.database.read() as conn:
        columns = (*execution_report.EXECUTION_COLUMNS, 'workflow_id')
        root = services.repositories.executions.get(conn, id, call.caller, columns)
        reader = ExecutionTreeReader(
            conn,
            services.repositories,
            call.caller,
            execution_columns=execution_report.EXECUTION_COLUMNS,
            task_columns=execution_report.TASK_COLUMNS,
            action_columns=None if options.statistics_only else execution_report.ACTION_COLUMNS,
        )
        tree = reader.read(
            [id],
            errors_only=call.query.get('errors_only', False),
            levels=None if options.max_depth is None else options.max_depth + 1,
        )
        estimate = _estimate(services, call, conn, root)
    return _with_time_texts(execution_report.build_report(tree, root, options, estimate))


def _estimate(services: ApiServices, call: Call, conn: Any, root: Row) -> int:
    earlier = []
    if root['state'] == states.RUNNING:
        query = ListQuery(
            filters=(
                Filter('workflow_id', 'eq', root['workflow_id']),
                Filter('state', 'eq', states.SUCCESS),
            ),
            sort=(Sort('created_at', descending=True),),
            limit=execution_report.ESTIMATE_SAMPLE,
            columns=('id', 'created_at', 'updated_at'),
        )
        earlier = services.repositories.executions.list(conn, query, call.caller)
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    return execution_report.estimate_seconds_left(root, earlier, now)


def _reader(
    services: ApiServices, call: Call, conn: Any, fields: tuple[str, ...]
) -> ExecutionTreeReader:
    columns = _columns(fields)
    return ExecutionTreeReader(conn, services.repositories, call.caller, execution_columns=columns)


def _walk(reader: ExecutionTreeReader, call: Call, starts: Sequence[Row]) -> list[Row]:
    """Executions, each with those below it, as far as the request asks for them."""
    tree = reader.read(
        [row['id'] for row in starts],
        errors_only=call.query.get('errors_only', False),
        levels=_max_depth(call),
    )
    return [row for start in starts for row in tree.walk(start)]


def _fields(call: Call) -> tuple[str, ...]:
    shown = {'output'} if call.query.get('include_output') else set()
    left_out = EXECUTIONS.hidden - shown
    return tuple(name for name in EXECUTIONS.attributes if name not in left_out)


def _columns(fields: tuple[str, ...]) -> tuple[str, ...]:
    return EXECUTIONS.columns_of(fields)


def _render(row: Row, fields: tuple[str, ...]) -> Row:
    completed = complete_execution(row)
    return Execution.render({name: completed[name] for name in fields})


def _max_depth(call: Call) -> int | None:
    """Negative or absent means all the way down."""
    depth = call.query.get('max_depth', -1)
    return None if depth < 0 else depth


def _with_time_texts(data: Any) -> Any:
    if isinstance(data, datetime.datetime):
        return types.Time.tobasetype(data)
    if isinstance(data, Mapping):
        return {name: _with_time_texts(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_with_time_texts(each) for each in data]
    return data
