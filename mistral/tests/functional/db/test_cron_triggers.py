"""Cron triggers with real engines: schedulers compete for them, on each kind of database."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest

from mistral.actions.catalog import CatalogSettings, load_catalog
from mistral.context import SYSTEM, RequestContext
from mistral.db.database import Database
from mistral.db.query import ListQuery
from mistral.db.repositories import Repositories
from mistral.db.store import cron
from mistral.db.store.definitions import GraphCache
from mistral.db.times import utc_now
from mistral.engine.engine import Engine, EngineSettings
from mistral.engine.local_actions import LocalActions
from mistral.engine.ports import EngineParts
from mistral.executors.runner import run_now
from mistral.expressions import Expressions
from mistral.lang.parser import Parser
from mistral.rpc import base
from mistral.rpc.clients import EngineClient
from mistral.rpc.local import LocalTransport
from mistral.scheduler.service import Duty, SchedulerService
from mistral.services.action_definitions import StoredActionDefinitions
from mistral.services.cron_firing import CronFiring
from mistral.services.cron_triggers import CronTriggersService
from mistral.services.definitions import DefinitionsService
from mistral.tests.waiting import wait_for
from mistral.workflow.ports import CoreSettings

CALLER = RequestContext()
REPOSITORIES = Repositories()
WORKFLOW = """
version: '2.0'
wf:
  input: [n]
  tasks: {t: {action: std.noop}}
"""
SECOND = timedelta(seconds=1)


class NoNotifier:
    def notify(self, effects: Any) -> None:
        pass


class Schedulers:
    """Two of them, each with an engine of its own. They look often, to meet as often."""

    def __init__(self, database: Database, expressions: Expressions) -> None:
        definitions = DefinitionsService(database, REPOSITORIES, Parser(expressions))
        definitions.create_workflows(WORKFLOW, CALLER)
        self._database = database
        self._expressions = expressions
        self._triggers = CronTriggersService(
            database, REPOSITORIES.cron_triggers, definitions.workflows
        )

    def add(self, name: str, n: int, **values: Any) -> str:
        given = {'name': name, 'workflow_name': 'wf', 'workflow_input': {'n': n}, **values}
        return self._triggers.create(given, CALLER)['id']

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with ExitStack() as running:
            for _ in range(2):
                engine = self._engine()
                transport = LocalTransport()
                transport.serve(base.ENGINE, engine.service)
                firing = CronFiring(self._database, EngineClient(transport))
                scheduler = SchedulerService([Duty('cron', 0.005, firing.fire_due)])
                for part in (engine, scheduler):
                    part.start()
                    running.callback(part.stop)
            yield

    def executions(self) -> list[dict[str, Any]]:
        with self._database.read() as connection:
            return REPOSITORIES.executions.list(connection, ListQuery(), CALLER)

    def triggers(self) -> list[dict[str, Any]]:
        with self._database.read() as connection:
            return REPOSITORIES.cron_triggers.list(connection, ListQuery(), CALLER)

    def _engine(self) -> Engine:
        stored = StoredActionDefinitions(self._database, REPOSITORIES)
        catalog = load_catalog(CatalogSettings(), stored, self._expressions)
        parts = EngineParts(
            self._database, self._expressions, catalog, GraphCache(), CoreSettings()
        )
        settings = EngineSettings(workers=1)
        return Engine(parts, settings, LocalActions(), NoNotifier(), run_now)


@pytest.fixture(scope='module')
def expressions() -> Expressions:
    return Expressions.load()


@pytest.fixture
def schedulers(database: Database, expressions: Expressions) -> Schedulers:
    return Schedulers(database, expressions)


def test_each_occurrence_starts_one_execution(schedulers: Schedulers) -> None:
    """Every second, for three seconds, and several at the same time."""
    for n in range(4):
        schedulers.add(f't{n}', n, pattern='* * * * * *', remaining_executions=3)
    with schedulers.at_work():
        wait_for(lambda: not schedulers.triggers(), 'end of all triggers')
    started = sorted(execution['input']['n'] for execution in schedulers.executions())
    assert started == [n for n in range(4) for _ in range(3)]


def test_what_one_leaves_in_the_middle_the_other_brings_to_its_end(
    schedulers: Schedulers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step of the schedulers fails for the first time: they stop between start and move."""
    crashed = threading.Event()

    def failing_once(step: Callable[..., bool]) -> Callable[..., bool]:
        def fail(*arguments: Any) -> bool:
            if not crashed.is_set():
                crashed.set()
                raise RuntimeError('a crash')
            return step(*arguments)

        return fail

    monkeypatch.setattr(cron, 'remove', failing_once(cron.remove))
    schedulers.add('t', 1, pattern='* * * * * *', remaining_executions=1)
    with schedulers.at_work():
        wait_for(lambda: not schedulers.triggers(), 'end of the trigger')
    assert crashed.is_set()
    assert len(schedulers.executions()) == 1


def test_columns_after_a_move(schedulers: Schedulers, database: Database) -> None:
    """Times are whole seconds on each kind of database, so that they can be compared."""
    id_ = schedulers.add('t', 1, pattern='* * * * * *')
    with schedulers.at_work():
        wait_for(lambda: len(schedulers.executions()) >= 2, 'two executions')
    with database.read() as connection:
        row = REPOSITORIES.cron_triggers.get(connection, id_, SYSTEM)
        occurrence = cron.Occurrence(id_, row['next_execution_time'])
        assert cron.load(connection, occurrence) is not None
        assert cron.load(connection, cron.Occurrence(id_, occurrence.time - SECOND)) is None
    assert row['updated_at'] >= row['created_at']
    assert utc_now() - row['next_execution_time'] < 60 * SECOND


def test_triggers_that_differ_in_their_count_only(
    schedulers: Schedulers, database: Database
) -> None:
    """Their counts go down one after the other, or a unique key would be hurt."""
    ids = [schedulers.add(f't{n}', n, pattern='* * * * * *') for n in range(3)]
    twins = {
        'first_execution_time': utc_now(),
        'workflow_input_hash': 'i',
        'next_execution_time': utc_now(),
    }
    with database.transaction() as connection:
        for n, id_ in enumerate(ids):
            values = {**twins, 'remaining_executions': n + 1}
            REPOSITORIES.cron_triggers.update(connection, id_, values, CALLER)
    with schedulers.at_work():
        wait_for(lambda: not schedulers.triggers(), 'end of all triggers')
    assert len(schedulers.executions()) == 6
