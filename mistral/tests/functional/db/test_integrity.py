"""Tasks that have missed the end of their actions, because rows were changed by hand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from mistral.actions.catalog import CatalogSettings, load_catalog
from mistral.db.database import Database
from mistral.db.models import action_executions, task_executions, workflow_executions
from mistral.db.repositories import Repositories
from mistral.db.store.definitions import GraphCache
from mistral.db.times import utc_now
from mistral.engine.ports import EngineParts
from mistral.expressions import Expressions
from mistral.services.action_definitions import StoredActionDefinitions
from mistral.services.sweeps import HeartbeatRules, Sweeps
from mistral.tests.unit.engine.conftest import Bench
from mistral.workflow.ports import CoreSettings

WORKFLOW = """
wf:
  output: {r: <% task(t).result %>}
  tasks:
    t: {action: std.async_noop, on-error: e}
    e: {action: std.noop}
items:
  tasks:
    t: {with-items: 'i in [1, 2]', action: std.async_noop}
parent:
  tasks:
    t: {workflow: wf}
"""
LONG_AGO = timedelta(hours=1)


@pytest.fixture(scope='module')
def expressions() -> Expressions:
    return Expressions.load()


@pytest.fixture
def bench(database: Database, expressions: Expressions) -> Bench:
    stored = StoredActionDefinitions(database, Repositories())
    catalog = load_catalog(CatalogSettings(), stored, expressions)
    bench = Bench(EngineParts(database, expressions, catalog, GraphCache(), CoreSettings()))
    bench.define(WORKFLOW)
    return bench


@pytest.fixture
def sweep(bench: Bench, database: Database) -> Callable[[], list[str]]:
    """Look for stuck tasks; returns the executions that are looked at."""

    def sweep() -> list[str]:
        found: list[str] = []

        def deliver(events: Any) -> None:
            for execution_id, event, job_id in events:
                found.append(execution_id)
                bench.send(execution_id, event, job_id)

        sweeps = Sweeps(
            database, deliver, HeartbeatRules(), patience=timedelta(0), taken_for=timedelta(0)
        )
        sweeps.stuck_tasks(timedelta(minutes=1))
        bench.run()
        return found

    return sweep


def change(database: Database, table: Any, **values: Any) -> None:
    """Change all rows, long ago."""
    with database.transaction() as connection:
        connection.execute(update(table).values(updated_at=utc_now() - LONG_AGO, **values))


def end_actions(database: Database, state: str, result: Any) -> None:
    change(database, action_executions, state=state, output={'result': result}, accepted=True)
    change(database, task_executions)


def test_a_task_goes_on(bench: Bench, database: Database, sweep: Callable[[], list[str]]) -> None:
    id_ = bench.start('wf')
    bench.run()
    end_actions(database, 'SUCCESS', 7)
    assert sweep() == [id_]
    execution = bench.load(id_)
    assert execution is not None
    assert (execution.execution.state, execution.execution.output) == ('SUCCESS', {'r': 7})
    assert sweep() == []


def test_an_error_is_one(bench: Bench, database: Database, sweep: Callable[[], list[str]]) -> None:
    id_ = bench.start('wf')
    bench.run()
    end_actions(database, 'ERROR', 'broken')
    assert sweep() == [id_]
    assert bench.task(id_, 't').state_info == 'broken'
    assert bench.task(id_, 'e').state == 'SUCCESS'


def test_items(bench: Bench, database: Database, sweep: Callable[[], list[str]]) -> None:
    id_ = bench.start('items')
    bench.run()
    end_actions(database, 'SUCCESS', 7)
    assert sweep() == [id_]
    assert bench.state(id_) == 'SUCCESS'


def test_what_is_at_work_or_fresh_is_left_alone(
    bench: Bench, database: Database, sweep: Callable[[], list[str]]
) -> None:
    id_ = bench.start('parent')
    bench.run()
    change(database, task_executions)
    change(database, action_executions)
    assert sweep() == []
    # The action has ended, the sub-workflow has not; and it has only just ended.
    end_actions(database, 'SUCCESS', 7)
    with database.transaction() as connection:
        connection.execute(update(action_executions).values(updated_at=utc_now()))
    assert sweep() == []
    change(database, action_executions)
    (child,) = sweep()
    assert child != id_
    assert bench.state(id_) == 'SUCCESS'


def test_executions_that_do_not_run_are_left_alone(
    bench: Bench, database: Database, sweep: Callable[[], list[str]]
) -> None:
    bench.start('wf')
    bench.run()
    end_actions(database, 'SUCCESS', 7)
    change(database, workflow_executions, state='PAUSED')
    assert sweep() == []
