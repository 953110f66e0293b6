"""The composition root: builds a process from its configuration, starts and stops it."""

import logging
import threading
from collections.abc import Collection
from typing import Any, Final, Protocol

from oslo_config import cfg

from mistral import config
from mistral.actions.catalog import ActionCatalog, CatalogSettings, load_catalog
from mistral.api.app import ApiServices, ApiSettings, create_app
from mistral.api.middleware import with_middleware
from mistral.api.server import ApiServer, TlsFiles
from mistral.auth import load_handler
from mistral.cmd import settings
from mistral.db import migrations
from mistral.db.database import Database
from mistral.db.repositories import Repositories
from mistral.db.store.definitions import GraphCache
from mistral.engine.engine import Engine
from mistral.engine.immediate import RunNow
from mistral.engine.local_actions import LocalActions
from mistral.engine.ports import EngineParts
from mistral.exceptions import ConfigurationError
from mistral.executors.endpoint import ExecutorEndpoint, RemoteReporter
from mistral.executors.service import ExecutorService
from mistral.executors.worker_pool import WorkerPool
from mistral.expressions import Expressions
from mistral.lang.parser import Parser
from mistral.notifiers.service import NotifierService, load_publishers
from mistral.policies import PolicyEnforcer
from mistral.rpc import base
from mistral.rpc.clients import EngineClient, ExecutorClient
from mistral.rpc.local import LocalTransport
from mistral.scheduler.service import Duty, SchedulerService
from mistral.services.action_definitions import StoredActionDefinitions
from mistral.services.definitions import DefinitionsService

LOG = logging.getLogger(__name__)

COMPONENTS: Final = frozenset({'api', 'engine', 'executor', 'notifier', 'scheduler'})

#: Seconds between two looks for overdue events in the job store. The engine that records an event
#: delivers it at its time, unless it dies.
_OVERDUE_INTERVAL: Final = 10


class _Part(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


class Foundation:
    """What several components are built on."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Raises ConfigurationError if the configuration cannot work."""
        self.conf = conf
        self.database = Database(config.database_url(conf), settings.database_options(conf))
        self.repositories = Repositories()
        self.expressions = Expressions.load(settings.expression_options(conf))
        stored = StoredActionDefinitions(self.database, self.repositories)
        self.catalog: ActionCatalog = load_catalog(
            CatalogSettings.from_config(conf), stored, self.expressions
        )

    def build_engine(
        self, executor: Any, notifier: NotifierService, run_now: RunNow | None = None
    ) -> Engine:
        parts = EngineParts(
            database=self.database,
            expressions=self.expressions,
            catalog=self.catalog,
            graphs=GraphCache(),
            settings=settings.core_settings(self.conf),
        )
        engine_settings = settings.engine_settings(self.conf, self.database)
        return Engine(parts, engine_settings, executor, notifier, run_now)

    def build_app(self, engine: EngineClient) -> Any:
        """The WSGI application of the REST API."""
        conf = self.conf
        app = create_app(
            ApiServices(
                database=self.database,
                repositories=self.repositories,
                engine=engine,
                definitions=DefinitionsService(
                    self.database, self.repositories, Parser(self.expressions)
                ),
                actions=self.catalog,
                policies=PolicyEnforcer(conf),
                settings=ApiSettings.from_config(conf),
                auth_handler=load_handler(conf.auth_type) if conf.pecan.auth_enable else None,
            )
        )
        return with_middleware(app, conf, healthcheck=conf.healthcheck.enabled)

    def prepare_database(self) -> None:
        """Create or upgrade a SQLite database; others belong to their operators.

        Raises ConfigurationError if the database has not the schema of this version, or another
        process works on the SQLite file.
        """
        self.database.claim()
        if self.database.dialect == 'sqlite':
            migrations.upgrade(self.database.engine)
        else:
            migrations.require_current(self.database)


class Service:
    """A process with all components, which reach each other without leaving it."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Raises ConfigurationError if the configuration cannot work."""
        self._conf = conf
        self._foundation = Foundation(conf)
        self._started: list[_Part] = []
        self._notifier = NotifierService(load_publishers())
        pool = WorkerPool(settings.pool_settings(conf))
        scheme = config.transport_scheme(conf)
        if scheme == 'local':
            client = self._connect_directly(pool)
        elif config.is_in_process(scheme):
            client = self._connect_by_messages(pool)
        else:
            raise ConfigurationError(
                f"[DEFAULT] transport_url has the scheme '{scheme}', but components in separate "
                'processes are not supported yet. Leave the option out to run all in one process.'
            )
        #: The WSGI application of the REST API.
        self.app = self._foundation.build_app(client)
        self.api: ApiServer | None = None

    @property
    def database(self) -> Database:
        return self._foundation.database

    def start(self, *, serve_http: bool = True) -> None:
        """Bring the database up to date and start all parts; on failure none is left running.

        Without `serve_http` somebody else serves `app`.
        """
        self._foundation.prepare_database()
        parts = [self._notifier, *self._workers, _scheduler(self._conf, self._engine)]
        if serve_http:
            self.api = _api_server(self._conf, self.app)
            parts.append(self.api)
        try:
            for part in parts:
                part.start()
                self._started.append(part)
        except Exception:
            self.stop()
            raise
        self._engine.recover()

    def stop(self) -> None:
        """Stop all parts, those that let work in first. Safe to call twice."""
        while self._started:
            self._started.pop().stop()
        self.database.dispose()

    def _connect_directly(self, pool: WorkerPool) -> EngineClient:
        actions = LocalActions()
        executor = ExecutorService(pool, actions)
        self._engine = self._foundation.build_engine(actions, self._notifier, actions.run_now)
        actions.connect(self._engine, executor)
        transport = LocalTransport()
        transport.serve(base.ENGINE, self._engine.service)
        stop_within = self._conf.graceful_shutdown_timeout
        self._workers: list[_Part] = [_Executing(executor, stop_within), self._engine]
        return EngineClient(transport)

    def _connect_by_messages(self, pool: WorkerPool) -> EngineClient:
        # oslo.messaging takes half a second to import.
        from mistral.rpc.oslo import OsloServer, OsloTransport  # noqa: PLC0415

        conf = self._conf
        transport = OsloTransport(conf)
        client = EngineClient(transport)
        executor = ExecutorService(pool, RemoteReporter(client))
        self._engine = self._foundation.build_engine(ExecutorClient(transport), self._notifier)
        executor_server = OsloServer(conf, transport, base.EXECUTOR, ExecutorEndpoint(executor))
        engine_server = OsloServer(conf, transport, base.ENGINE, self._engine.service)
        self._workers = [
            _Executing(executor, conf.graceful_shutdown_timeout),
            executor_server,
            self._engine,
            engine_server,
        ]
        return client


class _Executing:
    """An executor as a part of the process: it has a bounded time to stop."""

    def __init__(self, executor: ExecutorService, stop_within: float) -> None:
        """`stop_within`: seconds for the actions in hand; 0 lets them take what they need."""
        self._executor = executor
        self._stop_within = stop_within or threading.TIMEOUT_MAX

    def start(self) -> None:
        self._executor.start()

    def stop(self) -> None:
        self._executor.stop(self._stop_within)


def check_components(names: Collection[str]) -> None:
    """Raises ConfigurationError unless one process is to run everything."""
    wanted = {'scheduler' if name == 'periodic' else name for name in names} - {'event-engine'}
    if 'all' not in names and wanted != COMPONENTS:
        raise ConfigurationError(
            f'--server {",".join(names)}: components in separate processes are not supported yet. '
            "Use '--server all'."
        )


def _scheduler(conf: cfg.ConfigOpts, engine: Engine) -> SchedulerService:
    patience = conf.scheduler.pickup_job_after
    return SchedulerService(
        [Duty('overdue-events', _OVERDUE_INTERVAL, lambda: engine.deliver_due(within=-patience))]
    )


def _api_server(conf: cfg.ConfigOpts, app: Any) -> ApiServer:
    tls = None
    if conf.api.enable_ssl_api:
        tls = TlsFiles(conf.ssl.cert_file, conf.ssl.key_file)
    return ApiServer(app, conf.api.host, conf.api.port, threads=conf.api.threads, tls=tls)
