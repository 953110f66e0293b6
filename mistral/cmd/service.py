"""The composition root: builds a process from its configuration, starts and stops it."""

import logging
from collections.abc import Callable
from typing import Any, Final, Protocol

from mistral import config
from mistral.actions.catalog import CatalogSettings, load_catalog
from mistral.api.app import ApiServices, ApiSettings, create_app
from mistral.api.server import ApiServer, TlsFiles
from mistral.cmd import settings
from mistral.db import migrations
from mistral.db.database import Database
from mistral.db.repositories import Repositories
from mistral.db.store.definitions import GraphCache
from mistral.engine.engine import Engine
from mistral.engine.local_actions import LocalActions
from mistral.engine.ports import EngineParts
from mistral.exceptions import ConfigurationError
from mistral.executors.service import ExecutorService
from mistral.executors.worker_pool import WorkerPool
from mistral.expressions import Expressions
from mistral.lang.parser import Parser
from mistral.notifiers.service import NotifierService, load_publishers
from mistral.policies import PolicyEnforcer
from mistral.rpc import base
from mistral.rpc.clients import EngineClient
from mistral.rpc.local import LocalTransport
from mistral.scheduler.service import Duty, SchedulerService
from mistral.services.action_definitions import StoredActionDefinitions
from mistral.services.definitions import DefinitionsService

LOG = logging.getLogger(__name__)

#: Seconds between two looks at the job store, and how late an event must be to be noticed there:
#: the engine that recorded it delivers it long before, unless it has died.
_OVERDUE_INTERVAL: Final = 10
_OVERDUE_AFTER: Final = 5


class _Part(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


class Service:
    """A process with all components, on an in-process transport."""

    def __init__(self, conf: Any) -> None:
        """Raises ConfigurationError if the configuration cannot work."""
        self._conf = conf
        self.database = Database(config.database_url(conf), settings.database_options(conf))
        self._parts: list[_Part] = []
        self._started: list[_Part] = []
        self._after_start: list[Callable[[], None]] = []
        self.api: ApiServer | None = None
        self._build()

    def _build(self) -> None:
        conf = self._conf
        repositories = Repositories()
        expressions = Expressions.load(settings.expression_options(conf))
        definitions = StoredActionDefinitions(self.database, repositories)
        catalog = load_catalog(CatalogSettings.from_config(conf), definitions, expressions)
        parts = EngineParts(
            self.database, expressions, catalog, GraphCache(), settings.core_settings(conf)
        )
        actions = LocalActions()
        executor = ExecutorService(WorkerPool(settings.pool_settings(conf)), actions)
        notifier = NotifierService(load_publishers())
        engine = Engine(parts, settings.engine_settings(conf), actions, notifier)
        actions.connect(engine, executor)
        transport = LocalTransport()
        transport.serve(base.ENGINE, engine.service)
        scheduler = SchedulerService(
            [
                Duty(
                    'overdue-events',
                    _OVERDUE_INTERVAL,
                    lambda: engine.deliver_due(within=-_OVERDUE_AFTER),
                )
            ]
        )
        app = create_app(
            ApiServices(
                database=self.database,
                repositories=repositories,
                engine=EngineClient(transport),
                definitions=DefinitionsService(self.database, repositories, Parser(expressions)),
                actions=catalog,
                policies=PolicyEnforcer(conf),
                settings=ApiSettings.from_config(conf),
            )
        )
        self.api = _api_server(conf, app)
        self._parts = [notifier, executor, engine, scheduler, self.api]
        self._after_start = [engine.recover]

    def start(self) -> None:
        """Bring the database up to date and start all parts; on failure none is left running."""
        _prepare(self.database)
        try:
            for part in self._parts:
                part.start()
                self._started.append(part)
        except Exception:
            self.stop()
            raise
        for action in self._after_start:
            action()

    def stop(self) -> None:
        """Stop all parts, those that let work in first. Safe to call twice."""
        while self._started:
            self._started.pop().stop()
        self.database.dispose()


def _prepare(database: Database) -> None:
    """A SQLite database is created and upgraded by itself; others belong to their operators."""
    if database.dialect == 'sqlite':
        migrations.upgrade(database.engine)
    elif not migrations.is_current(database.engine):
        raise ConfigurationError(
            f'The database {database.url} has not the schema of this version. '
            "Run 'mistral-db-manage upgrade head'."
        )


def _api_server(conf: Any, app: Any) -> ApiServer:
    tls = None
    if conf.api.enable_ssl_api:
        tls = TlsFiles(conf.ssl.cert_file, conf.ssl.key_file)
    return ApiServer(app, conf.api.host, conf.api.port, threads=conf.api.threads, tls=tls)
