"""The shell of the engine on a SQLite database, without threads: nothing happens by itself."""

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from mistral.actions.catalog import CatalogSettings, load_catalog
from mistral.context import RequestContext
from mistral.db.database import Database
from mistral.db.repositories import Repositories
from mistral.db.store import definitions, jobs, loading
from mistral.engine.cache import WarmExecutions
from mistral.engine.mailbox import Letter
from mistral.engine.ports import EngineParts, EnginePorts
from mistral.engine.unit_of_work import UnitsOfWork
from mistral.expressions import Expressions
from mistral.lang.parser import Parser
from mistral.services.action_definitions import StoredActionDefinitions
from mistral.services.definitions import DefinitionsService
from mistral.utils.plugins import EntryPoints
from mistral.workflow import creation, effects, events
from mistral.workflow.model import ExecutionState, TaskExecution, WorkflowExecution
from mistral.workflow.ports import CoreSettings

CALLER = RequestContext()


class Bench:
    """Units of work whose effects are kept in `dispatched`, by execution id."""

    def __init__(self, parts: EngineParts) -> None:
        self.parts = parts
        self.database = parts.database
        self.dispatched: list[tuple[str, effects.Effect]] = []
        self.warm = WarmExecutions(1000)
        self.units = UnitsOfWork(parts, self.warm, self._dispatch)

    def _dispatch(self, execution: WorkflowExecution, found: Sequence[effects.Effect]) -> None:
        self.dispatched += ((execution.id, effect) for effect in found)

    def define(self, text: str) -> None:
        service = DefinitionsService(self.database, Repositories(), Parser(self.parts.expressions))
        service.create_workflows("version: '2.0'\n" + text, CALLER)

    def beginning(self, name: str, id_: str | None = None, **input_: Any) -> tuple[str, Letter]:
        """The letter that starts an execution, and the id that this will have."""
        with self.database.read() as connection:
            definition = definitions.find_by_name(
                connection, self.parts.graphs, CALLER.project_id, [name], ['']
            )
        assert definition is not None
        execution_id = id_ or str(uuid.uuid4())

        def create() -> ExecutionState:
            return creation.create_execution(
                EnginePorts(self.parts, CALLER),
                definition,
                input_=input_,
                params={},
                description='',
                project_id=CALLER.project_id,
                execution_id=execution_id,
            )

        return execution_id, Letter(events.Begin(), reply=Future(), create=create)

    def start(self, name: str, **input_: Any) -> str:
        id_, letter = self.beginning(name, **input_)
        self.units.handle({id_: [letter]})
        letter.reply.result(0)
        return id_

    def send(self, id_: str, event: events.Event, job_id: str | None = None) -> None:
        """An event that nobody waits for."""
        self.units.handle({id_: [Letter(event, job_id)]})

    def ask(self, id_: str, event: events.Event) -> WorkflowExecution | None:
        """An event that somebody waits for."""
        letter = Letter(event, reply=Future())
        self.units.handle({id_: [letter]})
        return letter.reply.result(0)

    def take(self, kind: type[effects.Effect]) -> list[Any]:
        """The effects of a kind so far; they are forgotten."""
        taken = [effect for _, effect in self.dispatched if isinstance(effect, kind)]
        self.dispatched = [entry for entry in self.dispatched if not isinstance(entry[1], kind)]
        return taken

    def run(self) -> None:
        """Run actions and deliver messages until none are left."""
        while self.dispatched:
            execution_id, effect = self.dispatched.pop(0)
            match effect:
                case effects.RunAction(is_sync=True):
                    data = effect.action.run(None)
                    self.send(
                        execution_id, events.ActionCompleted(effect.action_execution_id, data)
                    )
                case effects.Send():
                    self.send(effect.execution_id, effect.event, effect.message_id)

    def load(self, id_: str) -> ExecutionState | None:
        """An execution as it is in the database."""
        with self.database.read() as connection:
            return loading.load(connection, id_, self.parts.graphs)

    def state(self, id_: str) -> str:
        return self.load(id_).execution.state

    def task(self, id_: str, name: str) -> TaskExecution:
        (task,) = self.load(id_).by_name[name]
        return task

    def jobs(self) -> list[jobs.Job]:
        with self.database.read() as connection:
            return jobs.pending(connection)


@pytest.fixture(scope='session')
def expressions() -> Expressions:
    return Expressions.load()


@pytest.fixture
def parts(database: Database, expressions: Expressions, plugins: EntryPoints) -> EngineParts:
    stored = StoredActionDefinitions(database, Repositories())
    catalog = load_catalog(CatalogSettings(), stored, expressions, plugins)
    return EngineParts(database, expressions, catalog, definitions.GraphCache(), CoreSettings())


@pytest.fixture
def bench(parts: EngineParts) -> Bench:
    return Bench(parts)


#: Makes something happen at a place in the code: `interfere(object, 'method', what)`, where `what`
#: gets the method and its arguments.
Interfere = Callable[[Any, str, Callable[..., Any]], None]


@pytest.fixture
def interfere(monkeypatch: pytest.MonkeyPatch) -> Interfere:
    def interfere(owner: Any, name: str, what: Callable[..., Any]) -> None:
        method = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args, **kwargs: what(method, *args, **kwargs))

    return interfere
