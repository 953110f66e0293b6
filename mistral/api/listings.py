"""Executions, tasks and action executions: their collections, which several URLs list."""

import json
from collections.abc import Mapping
from typing import Any, Final

import wsme.exc

from mistral.api import filters, types
from mistral.api.collections import Collection
from mistral.api.requests import Call
from mistral.api.resources import ActionExecution, Execution, Task
from mistral.api.services import ApiServices
from mistral.db.query import Filter
from mistral.db.repositories import Row
from mistral.services.published import published_global
from mistral.services.task_results import TASK_COLUMNS, read_task_results

EXECUTIONS: Final = Collection(
    name='executions',
    resource=Execution,
    filters={
        'workflow_name': filters.TEXT,
        'workflow_id': filters.UUID,
        'description': filters.TEXT,
        'tags': filters.TAGS,
        'params': filters.JSON,
        'task_execution_id': filters.UUID,
        # Ids of executions and projects may be any text.
        'root_execution_id': filters.IDENTIFIER,
        'project_id': filters.IDENTIFIER,
        'state': filters.TEXT,
        'state_info': filters.TEXT,
        'input': filters.JSON,
        'output': filters.JSON,
        **filters.TIMES,
    },
    flags={'include_output': types.flag, 'all_projects': types.flag, 'nulls': types.names},
    marker=types.text,
    hidden=frozenset({'output', 'published_global'}),
    derived={'published_global': ('context', 'spec')},
    unlisted=frozenset({'source_execution_id'}),
    sort_only=frozenset({'name'}),
)

#: Columns of executions that may be empty, for `nulls`.
_NULLABLE: Final = frozenset(EXECUTIONS.sort_columns - {'id', 'name'}) | {
    'tags',
    'params',
    'input',
    'output',
}

TASKS: Final = Collection(
    name='tasks',
    resource=Task,
    filters={
        'name': filters.TEXT,
        'workflow_name': filters.TEXT,
        'workflow_id': filters.UUID,
        'workflow_execution_id': filters.IDENTIFIER,
        'tags': filters.TAGS,
        'state': filters.TEXT,
        'state_info': filters.TEXT,
        'published': filters.JSON,
        'processed': filters.FLAG,
        **filters.TIMES,
    },
    hidden=frozenset({'result', 'published_global'}),
    derived={
        'result': TASK_COLUMNS,
        'published_global': ('published_global', 'spec', 'state', 'workflow_execution_id'),
    },
    unlisted=frozenset({'reset', 'env'}),
)

ACTION_EXECUTIONS: Final = Collection(
    name='action_executions',
    resource=ActionExecution,
    filters={
        'name': filters.TEXT,
        'workflow_name': filters.TEXT,
        'task_name': filters.TEXT,
        'task_execution_id': filters.UUID,
        'tags': filters.TAGS,
        'state': filters.TEXT,
        'state_info': filters.TEXT,
        'accepted': filters.FLAG,
        'input': filters.JSON,
        'output': filters.JSON,
        'description': filters.TEXT,
        **filters.TIMES,
    },
    flags={'include_output': types.flag},
    hidden=frozenset({'output'}),
    unlisted=frozenset({'params'}),
)


def without(arguments: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The query arguments of a list that the URL itself narrows."""
    return {name: datatype for name, datatype in arguments.items() if name not in names}


def list_executions(
    services: ApiServices,
    call: Call,
    within: Mapping[str, str] | None = None,
    hidden: frozenset[str] = frozenset(),
) -> Row:
    """A page of executions; `within` fixes attributes, `hidden` leaves attributes out."""
    query = call.query
    page = EXECUTIONS.page(
        call,
        services.settings.max_limit,
        within=within,
        extra_filters=_null_filters(query),
        # Naming a project reaches into it, which is why the caller must be allowed to.
        all_projects=(
            bool(query.get('all_projects') or 'project_id' in query) or _reaches_over(call, within)
        ),
        shown=frozenset({'output'} if query.get('include_output') else ()),
        hidden=hidden,
    )
    with services.database.read() as conn:
        rows = services.repositories.executions.list(conn, page.query, call.caller)
    return page.answer(rows, complete_execution)


def complete_execution(row: Row) -> Row:
    """Add the attributes that are computed to an execution's row."""
    if 'context' not in row:
        return row
    return row | {'published_global': published_global(row['context'], row['spec'])}


def list_tasks(services: ApiServices, call: Call, within: Mapping[str, str] | None = None) -> Row:
    page = TASKS.page(
        call, services.settings.max_limit, within=within, all_projects=_reaches_over(call, within)
    )
    with services.database.read() as conn:
        rows = services.repositories.tasks.list(conn, page.query, call.caller)
        results = {}
        if 'result' in page.fields:
            results = read_task_results(conn, services.repositories, rows, call.caller)
    return page.answer(rows, lambda row: complete_task(row, results))


def complete_task(row: Row, results: Mapping[str, Any]) -> Row:
    """Add the result to a task's row, and leave internal keys out of its runtime context."""
    completed = dict(row)
    if 'runtime_context' in row:
        completed['runtime_context'] = {
            name: value
            for name, value in (row['runtime_context'] or {}).items()
            if not name.startswith('_')
        }
    if row['id'] in results:
        completed['result'] = json.dumps(results[row['id']])
    return completed


def list_action_executions(
    services: ApiServices, call: Call, within: Mapping[str, str] | None = None
) -> Row:
    shown = frozenset({'output'} if call.query.get('include_output') else ())
    page = ACTION_EXECUTIONS.page(
        call,
        services.settings.max_limit,
        within=within,
        all_projects=_reaches_over(call, within),
        shown=shown,
    )
    with services.database.read() as conn:
        rows = services.repositories.action_executions.list(conn, page.query, call.caller)
    return page.answer(rows)


def _reaches_over(call: Call, within: Mapping[str, str] | None) -> bool:
    """Administrators see what belongs to any object that they look into."""
    return bool(within) and call.caller.is_admin


def _null_filters(query: Mapping[str, Any]) -> list[Filter]:
    """`nulls` names columns that must be empty; a filter on the same attribute overrides it."""
    names = query.get('nulls', ())
    for name in names:
        if name not in EXECUTIONS.attributes:
            raise wsme.exc.ClientSideError(f"'{name}' is not a valid field name.")
        if name not in _NULLABLE:
            raise wsme.exc.ClientSideError(f"The field '{name}' can't hold None value.")
    return [Filter(name, 'is_null') for name in names if name not in query]
