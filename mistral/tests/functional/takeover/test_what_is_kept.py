"""What Mistral 23 had stored reads the same over REST as it did there."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Select, Table, inspect, select

from mistral.db import models
from mistral.db.database import Database
from mistral.tests.functional.conftest import empty_database
from mistral.tests.functional.service.processes import ServerProcess, run
from mistral.tests.functional.service.rest import ENDED
from mistral.tests.functional.takeover import delayed, paused
from mistral.tests.functional.takeover.conftest import load_dump
from mistral.tests.functional.takeover.fill_reference import DEFINITIONS, record

Answers = Mapping[str, Any]

#: All that Mistral 23 shows of executions, tasks and actions agrees, but for what is listed here.
#: `task_name` of actions has a value now: see 'Differences from Mistral 23'.
NEW_FIELDS: Final = {'action_executions': {'task_name'}}

#: Fields whose texts are JSON: what they say counts, not how it is written.
JSON_FIELDS: Final = frozenset(
    {
        *('input', 'output', 'params', 'published', 'published_global', 'result'),
        *('runtime_context', 'variables', 'interface', 'workflow_input', 'workflow_params'),
    }
)

#: Tables of what REST does not show yet, by their collections.
TABLES: Final = {
    'cron_triggers': models.cron_triggers,
    'event_triggers': models.event_triggers,
    'code_sources': models.code_sources,
    'dynamic_actions': models.dynamic_action_definitions,
}


@pytest.fixture(scope='module')
def shown(server: ServerProcess) -> dict[str, Any]:
    """What the server answers now, about the same things."""
    return record(server.rest)


def plain(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _parsed(value) if name in JSON_FIELDS and isinstance(value, str) else value
        for name, value in resource.items()
    }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        # The `input` of a definition is a list of names.
        return text


def ended_trees(answers: Answers) -> list[str]:
    """Executions that had ended, with all around them."""
    executions = answers['executions']

    def has_ended(id_: str) -> bool:
        root = executions[id_]['root_execution_id'] or id_
        return {executions[id_]['state'], executions[root]['state']} <= ENDED

    return [id_ for id_ in executions if has_ended(id_)]


def paused_roots(answers: Answers) -> list[str]:
    """Executions that change only when they are resumed: in these no delay goes on."""
    return [answers['ids']['paused'][story.name] for story in paused.STORIES]


def below(answers: Answers, execution_ids: list[str]) -> dict[str, list[str]]:
    """Ids of executions, their tasks and the actions of these."""
    executions = set(execution_ids)
    tasks = [
        id_ for id_, each in answers['tasks'].items() if each['workflow_execution_id'] in executions
    ]
    actions = [
        id_
        for id_, each in answers['action_executions'].items()
        if each['task_execution_id'] in set(tasks)
    ]
    return {'executions': execution_ids, 'tasks': tasks, 'action_executions': actions}


@pytest.mark.parametrize('chosen', [ended_trees, paused_roots])
def test_executions_read_the_same(answers: Answers, shown: Answers, chosen: Any) -> None:
    for kind, ids in below(answers, chosen(answers)).items():
        assert len(ids) > 10
        for id_ in ids:
            now = plain(shown[kind][id_])
            for field in NEW_FIELDS.get(kind, ()):
                assert now.pop(field)
            assert now == plain(answers[kind][id_])


def test_actions_that_were_run_on_their_own_read_the_same(answers: Answers, shown: Answers) -> None:
    for id_ in answers['ids']['actions'].values():
        now = plain(shown['action_executions'][id_])
        assert now.pop('task_name') is None
        assert now == plain(answers['action_executions'][id_])


@pytest.mark.parametrize('kind', DEFINITIONS)
def test_definitions_read_the_same(answers: Answers, shown: Answers, kind: str) -> None:
    # Actions without a text are code.
    now = {each['id']: plain(each) for each in shown[kind] if each.get('definition') != ''}
    assert now == {each['id']: plain(each) for each in answers[kind]}


@pytest.mark.parametrize('kind', TABLES)
def test_triggers_and_code_are_in_the_database(
    answers: Answers, server: ServerProcess, database_url: str, kind: str
) -> None:
    stored = rows(database_url, TABLES[kind])
    assert len(answers[kind]) > 0
    assert stored.keys() == {each['id'] for each in answers[kind]}
    for each in answers[kind]:
        row = stored[each['id']]
        comparable = {name: value for name, value in plain(each).items() if name in row}
        assert len(comparable) > 5
        assert {name: str(row[name]) for name in comparable} == {
            name: str(value) for name, value in comparable.items()
        }


def test_what_is_not_due_yet_waits(
    answers: Answers, server: ServerProcess, database_url: str
) -> None:
    id_ = answers['ids']['not yet'][delayed.NOT_YET.name]
    (task,) = server.rest.tasks(id_)
    assert task['state'] == 'DELAYED'
    (job,) = [
        job
        for job in rows(database_url, models.scheduled_jobs).values()
        if job['func_args'].get('task_execution_id') == task['id']
    ]
    assert job['execute_at'].year == int(task['created_at'][:4]) + 10


def test_nothing_of_mistral_23_is_left_to_do(server: ServerProcess, database_url: str) -> None:
    assert rows(database_url, models.delayed_calls) == {}
    functions = {job['func_name'] for job in rows(database_url, models.scheduled_jobs).values()}
    assert not any(name.startswith('mistral.') for name in functions)


def test_no_row_is_lost(tmp_path: Path) -> None:
    """But for delayed calls, which are jobs now, and tasks that are to be created anew."""
    changed = {models.delayed_calls.name, models.scheduled_jobs.name}
    tasks = models.task_executions
    not_started = select(tasks.c.id).where(tasks.c.state == 'IDLE', tasks.c.state_info.is_(None))
    with empty_database('mariadb', tmp_path) as url:
        load_dump(url)
        database = Database(url)
        known = set(inspect(database.engine).get_table_names()) - changed
        tables = {table for table in models.metadata.sorted_tables if table.name in known}
        with database.read() as connection:
            before = {table: column(connection, select(table.c.id)) for table in tables}
            created_anew = column(connection, not_started)
        done = run(tmp_path, 'mistral-db-manage', 'upgrade', 'head', OS_DATABASE__CONNECTION=url)
        with database.read() as connection:
            after = {table: column(connection, select(table.c.id)) for table in tables}
        database.dispose()
    assert re.search(r'Took over 1\d\d executions of Mistral 23', done.stderr)
    assert len(created_anew) > 5
    before[tasks] -= created_anew
    assert {table.name: len(ids) for table, ids in after.items()} == {
        table.name: len(ids) for table, ids in before.items()
    }
    assert after == before


def column(connection: Connection, query: Select[Any]) -> set[Any]:
    return set(connection.execute(query).scalars())


def rows(database_url: str, table: Table) -> dict[str, Any]:
    database = Database(database_url)
    try:
        with database.read() as connection:
            found = connection.execute(select(table)).mappings().all()
    finally:
        database.dispose()
    return {row['id']: dict(row) for row in found}
