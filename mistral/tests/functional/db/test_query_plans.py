"""Hot queries cost the same however many rows there are: they find theirs by an index.

PostgreSQL tells how it runs each query on tables of some size, and how many rows it looks at.
"""

# Imported fixtures are used here.
# ruff: noqa: F811

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Connection, event

from mistral.db import migrations
from mistral.db.database import Database
from mistral.db.repositories import Repositories
from mistral.db.store import (
    cron,
    expiration,
    hand_over,
    integrity,
    jobs,
    loading,
    notifications,
    queries,
    unfinished,
)
from mistral.db.store.definitions import GraphCache
from mistral.tests.functional.conftest import empty_database
from mistral.tests.unit.api.conftest import ADMIN, CALLER, Api, make_api, policies  # noqa: F401
from mistral.tests.unit.db.support import NOON

EXECUTIONS: Final = 20_000

#: Tables that grow with each execution, and triggers that are looked at every second.
BIG: Final = frozenset(
    (
        'workflow_executions_v2',
        'task_executions_v2',
        'action_executions_v2',
        'scheduled_jobs_v2',
        'cron_triggers_v2',
        'notifications',
    )
)

#: So many rows may be looked at, by each query, for a page of a list and for what belongs to one
#: object. PostgreSQL may well look at rows of other projects if those are in the order of the list.
FOR_A_PAGE: Final = EXECUTIONS // 10
FOR_ONE: Final = 10

#: And for what goes on: few of all.
FOR_RUNNING: Final = 200


def uid(kind: int, number: int) -> str:
    """The id of an execution (kind 0), of one of its tasks (1 to 3) or of their actions (11...)."""
    return f'{kind:08}-0000-0000-0000-{number:012}'


#: An execution in the midst of the others, its sub-workflow, and the ids of a task and an action.
ROOT, CHILD = uid(0, 5000), uid(0, 5001)
TASK: Final = uid(2, 5000)
ACTION: Final = uid(12, 5000)
MARKERS: Final = {'/executions': ROOT, '/tasks': TASK, '/action_executions': ACTION}
WORKFLOW_ID: Final = uid(100, 2)

#: A fifth of all belongs to one project. Every fourth execution is a sub-workflow of the one before
#: it. One in 400 runs, one in 20 has failed. Most jobs are due later.
FILL: Final = f"""
CREATE FUNCTION uid(kind int, number int) RETURNS text IMMUTABLE LANGUAGE sql
AS $$ SELECT lpad(kind::text, 8, '0') || '-0000-0000-0000-' || lpad(number::text, 12, '0') $$;

CREATE FUNCTION chance(what text, i int, sides int) RETURNS int IMMUTABLE LANGUAGE sql
AS $$ SELECT abs(hashtext(what || i)) % sides $$;

CREATE TEMPORARY TABLE facts AS
SELECT i, timestamp '2026-01-01' + i * interval '30 s' AS created_at, 'wf' || i % 50 AS workflow,
    CASE WHEN i IN (5000, 5001) OR chance('project', i, 5) = 0 THEN '{CALLER.project_id}'
         ELSE 'p' || i % 7 END AS project,
    CASE WHEN chance('runs', i, 400) = 0 THEN 'RUNNING'
         WHEN chance('fails', i, 20) = 0 THEN 'ERROR' ELSE 'SUCCESS' END AS state,
    CASE WHEN i % 4 = 1 AND i > 1 THEN i - 1 END AS root
FROM generate_series(1, {EXECUTIONS}) AS i;

INSERT INTO workflow_executions_v2 (id, name, workflow_name, workflow_id, scope, project_id,
    created_at, updated_at, state, accepted, root_execution_id, spec, input, output, params,
    context, runtime_context)
SELECT uid(0, i), workflow, workflow, uid(100, i % 50), 'private', project, created_at, created_at,
    state, true, uid(0, root), '{{"name": "wf", "tasks": {{}}}}', '{{}}',
    '{{"x": "' || repeat('x', 200) || '"}}', '{{}}', '{{}}', '{{}}'
FROM facts;

INSERT INTO task_executions_v2 (id, name, workflow_execution_id, workflow_name, scope,
    project_id, created_at, updated_at, state, type, processed, seq, action_spec, published,
    runtime_context)
SELECT uid(n, i), 't' || n, uid(0, i), workflow, 'private', project, created_at, created_at,
    CASE WHEN n = 3 THEN state ELSE 'SUCCESS' END,
    CASE WHEN n = 2 THEN 'WORKFLOW' ELSE 'ACTION' END, true, n, '{{}}', '{{}}', '{{}}'
FROM facts, generate_series(1, 3) AS n;

INSERT INTO action_executions_v2 (id, name, task_execution_id, workflow_name, scope, project_id,
    created_at, updated_at, state, accepted, is_sync, last_heartbeat, hand_over_at, seq, output)
SELECT uid(10 + n, i), 'std.echo', uid(n, i), workflow, 'private', project, created_at, created_at,
    CASE WHEN n = 3 THEN state ELSE 'SUCCESS' END, true, true, created_at, created_at, 1,
    '{{"result": 1}}'
FROM facts, generate_series(1, 3) AS n;

UPDATE workflow_executions_v2 AS child SET task_execution_id = uid(2, facts.root)
FROM facts WHERE child.id = uid(0, facts.i) AND facts.root IS NOT NULL;

INSERT INTO scheduled_jobs_v2 (id, created_at, func_name, func_args, execute_at, key)
SELECT uid(200, i), created_at, 'engine.deliver_event', '{{"type": "Settle"}}',
    timestamp '2026-01-01' + i * interval '1 h', uid(0, i)
FROM facts;

INSERT INTO cron_triggers_v2 (id, name, created_at, scope, project_id, pattern, workflow_name,
    next_execution_time)
SELECT uid(300, i), 'trigger' || i, created_at, 'private', project, '@hourly', workflow,
    timestamp '2026-01-01' + i * interval '1 h'
FROM facts WHERE i <= 10000;

INSERT INTO notifications (created_at, lane, entry, object_id, event, data, due_at, attempts)
SELECT created_at, 'lane' || i / 3, '{{}}', uid(0, i), 'TASK_SUCCEEDED', '{{}}',
    timestamp '2026-01-01' + i * interval '1 h', 0
FROM facts;
"""

#: What users ask for, in pages.
LISTS: Final = (
    '/executions',
    '/executions?sort_dirs=desc',
    '/executions?sort_keys=created_at,name&sort_dirs=desc',
    '/executions?state=SUCCESS',
    '/executions?state=ERROR',
    '/executions?state=RUNNING&sort_dirs=desc',
    '/executions?state=in:RUNNING,PAUSED',
    '/executions?workflow_name=wf2',
    '/executions?workflow_name=wf2&state=ERROR',
    f'/executions?workflow_id={WORKFLOW_ID}',
    '/executions?sort_keys=updated_at&sort_dirs=desc',
    '/executions?sort_keys=name',
    '/executions?sort_keys=name&sort_dirs=desc',
    '/executions?sort_keys=state',
    '/executions?nulls=root_execution_id&sort_dirs=desc',
    '/executions?created_at=gt:2026-01-05 00:00:00',
    f'/executions?root_execution_id={ROOT}',
    '/tasks',
    '/tasks?sort_dirs=desc',
    '/tasks?state=ERROR',
    '/tasks?state=RUNNING',
    '/tasks?name=t1',
    f'/tasks?workflow_execution_id={ROOT}',
    '/action_executions',
    '/action_executions?sort_dirs=desc',
    '/action_executions?state=ERROR',
    '/action_executions?state=RUNNING',
    '/action_executions?name=std.echo',
)

#: What administrators ask for.
LISTS_OF_ALL: Final = (
    '/executions?all_projects=true',
    '/executions?all_projects=true&state=RUNNING',
    '/executions?all_projects=true&sort_keys=updated_at&sort_dirs=desc',
    '/executions?all_projects=true&sort_keys=name',
    '/executions?all_projects=true&nulls=root_execution_id&sort_dirs=desc',
    '/executions?project_id=p3&state=ERROR',
)

#: What belongs to one execution, task or action.
SINGLE: Final = (
    f'/executions/{ROOT}',
    f'/executions/{ROOT}/tasks',
    f'/executions/{ROOT}/report',
    f'/executions/{ROOT}/executions',
    f'/tasks/{TASK}',
    f'/tasks/{TASK}/action_executions',
    f'/tasks/{TASK}/workflow_executions',
    f'/tasks/{TASK}/executions',
    f'/action_executions/{ACTION}',
)

NOW: Final = NOON + timedelta(days=2)

Use = Callable[[Connection], object]

#: What engines ask about one execution.
ABOUT_ONE: Final[dict[str, Use]] = {
    'all of it': lambda c: loading.load(c, ROOT, GraphCache()),
    'its tasks and their results': lambda c: queries.tasks(
        c, CALLER.project_id, ROOT, recursive=True, state=None, flat=True
    ),
    'its events': lambda c: jobs.of_execution(c, ROOT),
    'events by ids': lambda c: jobs.existing(c, [uid(200, 1)]),
    'events that are done': lambda c: jobs.remove(c, [uid(200, 1)]),
    'of which execution an action is': lambda c: queries.execution_of_action(c, ACTION),
    'of which execution a task is': lambda c: queries.execution_of_task(c, TASK),
    'environment of the root': lambda c: queries.env(c, ROOT),
    'those above it': lambda c: queries.ancestors(c, CHILD),
    'those below it': lambda c: queries.descendants(c, ROOT),
    'those of its root': lambda c: queries.executions(
        c, CALLER.project_id, {'root_execution_id': ROOT}
    ),
    'claim of an action': lambda c: hand_over.claim(
        c, 'executor', [hand_over.Claim(uid(13, 5000))], NOW
    ),
    'deletion with all below it': lambda c: Repositories().executions.delete(c, ROOT, CALLER),
}

#: What engines and schedulers ask to find what goes on, or should.
ABOUT_WHAT_GOES_ON: Final[dict[str, Use]] = {
    'overdue events': lambda c: jobs.take_overdue(
        c, NOW, due_before=NOW, taken_before=NOW, limit=500
    ),
    'cron triggers that are due': lambda c: cron.due(c, NOW, 500),
    'lanes of events for publishers': lambda c: notifications.claim(c, NOW, NOW, 500),
    'events for publishers that follow': lambda c: notifications.settle(
        c, [1, 2], ['lane0', 'lane1'], NOW
    ),
    'tasks that are stuck': lambda c: integrity.take_stuck(c, NOW, NOW, 500),
    'old executions': lambda c: expiration.ended_before(
        c, ['ERROR', 'SUCCESS'], expiration.Place(NOW, ''), None, 100
    ),
    'the last execution to keep': lambda c: expiration.boundary(c, ['ERROR', 'SUCCESS'], 100),
    'executions': unfinished.running_executions,
    'actions': unfinished.running_actions,
    'actions outside of workflows': lambda c: unfinished.fail_direct_actions(c, ''),
    'actions that wait for an executor': lambda c: hand_over.take_waiting(c, NOW, 500),
    'actions without heartbeats': lambda c: hand_over.take_lost(
        c, NOW, silent_since=NOW, created_before=NOW, limit=500
    ),
}


@pytest.fixture(scope='module')
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with empty_database('postgresql', tmp_path_factory.mktemp('database')) as url:
        database = Database(url)
        try:
            migrations.upgrade(database.engine)
            with database.transaction() as connection:
                connection.exec_driver_sql(FILL.replace('%', '%%'))
                connection.exec_driver_sql('ANALYZE')
            yield database
        finally:
            database.dispose()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    return make_api()


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Collects the statements that are executed, with their parameters."""
    found: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        found.append((statement, parameters[0] if isinstance(parameters, list) else parameters))

    event.listen(database.engine, 'before_cursor_execute', note)
    yield found
    event.remove(database.engine, 'before_cursor_execute', note)


def check(database: Database, found: list[tuple[str, Any]], most_rows: int) -> None:
    """See that no statement reads a big table or an index as a whole, or more rows than these."""
    assert found
    with database.engine.connect() as connection:
        for statement, parameters in found:
            plan = _plan(connection, statement, parameters)
            for node in _reading(plan):
                seen = f'{node}\n{statement}'
                assert node['Node Type'] != 'Seq Scan', seen
                assert _rows_of(node) <= most_rows, seen
            # A row may need some blocks of its own, in the table and in each of its indexes.
            blocks = plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
            assert blocks <= 20 * most_rows + 100, f'{plan}\n{statement}'


def _plan(connection: Connection, statement: str, parameters: Any) -> dict[str, Any]:
    """The plan of a statement, which is carried out but not kept."""
    explain = f'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}'
    (found,) = connection.exec_driver_sql(explain, parameters).scalar_one()
    connection.rollback()
    plan: dict[str, Any] = found['Plan']
    return plan


def _reading(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Where a plan reads big tables."""
    pending = [plan]
    while pending:
        node = pending.pop()
        pending += node.get('Plans', ())
        if node.get('Relation Name') in BIG and 'Scan' in node['Node Type']:
            yield {name: value for name, value in node.items() if name != 'Plans'}


def _rows_of(node: dict[str, Any]) -> float:
    """How many rows were looked at, whether they fitted or not."""
    dropped = sum(rows for name, rows in node.items() if name.startswith('Rows Removed by'))
    return float((node['Actual Rows'] + dropped) * node['Actual Loops'])


@pytest.mark.parametrize('path', LISTS)
def test_lists(database: Database, api: Api, path: str) -> None:
    check_pages(database, api, path)


@pytest.mark.parametrize('path', LISTS_OF_ALL)
def test_lists_of_administrators(database: Database, api: Api, path: str) -> None:
    check_pages(database, api, path, headers=ADMIN)


def check_pages(database: Database, api: Api, path: str, **request: Any) -> None:
    """The first page, and the one that follows a row in the midst of all."""
    separator = '&' if '?' in path else '?'
    first = f'/v2{path}{separator}limit=100'
    kind = path.partition('?')[0]
    pages = [first, f'{first}&marker={MARKERS[kind]}']
    for page in pages:
        with statements(database) as found:
            api.get(page, **request)
        check(database, found, FOR_A_PAGE)


@pytest.mark.parametrize('path', SINGLE)
def test_single_resources_and_what_belongs_to_them(database: Database, api: Api, path: str) -> None:
    with statements(database) as found:
        api.get(f'/v2{path}')
    check(database, found, FOR_ONE)


@pytest.mark.parametrize('what', ABOUT_ONE)
def test_questions_about_one_execution(database: Database, what: str) -> None:
    check(database, asked(database, ABOUT_ONE[what]), FOR_ONE)


@pytest.mark.parametrize('what', ABOUT_WHAT_GOES_ON)
def test_questions_about_what_goes_on(database: Database, what: str) -> None:
    check(database, asked(database, ABOUT_WHAT_GOES_ON[what]), FOR_RUNNING)


def asked(database: Database, use: Use) -> list[tuple[str, Any]]:
    """The statements of something that is not kept."""
    with statements(database) as found, database.engine.connect() as connection:
        use(connection)
        connection.rollback()
    return found


def test_the_check_itself(database: Database) -> None:
    whole_table = ('SELECT * FROM task_executions_v2 WHERE state_info = %s', ('none',))
    with pytest.raises(AssertionError, match="'Seq Scan'"):
        check(database, [whole_table], EXECUTIONS * 3)
    # All tasks of that name, wherever they are in an index by executions and names.
    whole_index = ('SELECT id FROM task_executions_v2 WHERE name = %s', ('none',))
    with pytest.raises(AssertionError, match='Shared Hit Blocks'):
        check(database, [whole_index], FOR_ONE)
    too_much = ("SELECT * FROM task_executions_v2 WHERE state = 'ERROR' LIMIT 500", ())
    with pytest.raises(AssertionError, match='task_executions_v2_state'):
        check(database, [too_much], FOR_ONE)
