"""All components in one process, without a message bus: they call each other directly."""

from oslo_config import cfg

from mistral.api.server import ApiServer
from mistral.cmd import settings
from mistral.cmd.app import build_app
from mistral.cmd.event_engine import event_engine
from mistral.cmd.foundation import Foundation
from mistral.cmd.monitoring import MonitoringServer
from mistral.cmd.parts import Executing, Part
from mistral.engine.engine import Engine
from mistral.engine.local_actions import LocalActions
from mistral.executors.service import ExecutorService
from mistral.rpc import base
from mistral.rpc.clients import EngineClient
from mistral.rpc.local import LocalTransport
from mistral.rpc.work import EngineWorkClient
from mistral.scheduler.service import SchedulerService


class _Recovery:
    """Takes up what a former process has left, as a step of the start."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self) -> None:
        self._engine.recover()

    def stop(self) -> None:
        """There is nothing to stop."""


class EmbeddedService:
    """The whole service on a database of its own.

    What a former process has left is taken up at the start; nobody else can have it in hand.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Raises ConfigurationError if the configuration cannot work."""
        self._conf = conf
        self._foundation = Foundation(conf)
        self._started: list[Part] = []
        notifier = settings.notifier_service(conf, self._foundation.database)
        actions = LocalActions()
        executor = ExecutorService(settings.executor_pool(conf), actions)
        self._engine = self._foundation.build_engine(actions, notifier)
        actions.connect(self._engine, executor)
        transport = LocalTransport()
        transport.serve(base.ENGINE, self._engine.service)
        client = EngineClient(transport)
        if (profiler := self._foundation.profiler) is not None:
            transport.serve(
                base.ENGINE, profiler.around_endpoint(base.ENGINE, self._engine.service)
            )
            client = EngineClient(profiler.around_transport(transport))
        stop_within = settings.stop_timeout(conf)
        database = self._foundation.database
        scheduler = SchedulerService(
            [
                *settings.event_duties(conf, database, EngineWorkClient(transport)),
                *settings.cron_duties(conf, database, client, self._foundation.trusts),
                *settings.trust_duties(self._foundation.trusts),
                *settings.expiration_duties(conf, database),
                settings.maintenance_duty(database, client),
            ],
            stop_within,
        )
        self._parts: list[Part] = [
            notifier,
            Executing(executor, stop_within),
            self._engine,
            # Before anything that lets work in: what that starts is not left over.
            _Recovery(self._engine),
            scheduler,
            *event_engine(conf, self._foundation, client),
        ]
        #: The WSGI application of the REST API.
        self.app = build_app(self._foundation, client)
        self.api: ApiServer | None = None

    @property
    def database_url(self) -> str:
        """Without its password."""
        return self._foundation.database.url

    def start(self, *, serve_http: bool = True) -> None:
        """Bring the database up to date and start all parts; on failure none is left running.

        Without `serve_http` somebody else serves `app`.
        """
        self._foundation.prepare_database()
        monitoring = self._conf.monitoring
        parts = list(self._parts)
        if monitoring.port:
            parts.append(MonitoringServer(monitoring.host, monitoring.port, self._checks))
        if serve_http:
            self.api = settings.api_server(self._conf, self.app)
            parts.append(self.api)
        try:
            for part in parts:
                part.start()
                self._started.append(part)
        except Exception:
            self.stop()
            raise

    def _checks(self) -> dict[str, str | None]:
        return {'database': self._foundation.database_trouble()}

    def stop(self) -> None:
        """Stop all parts, those that let work in first. Safe to call twice."""
        while self._started:
            self._started.pop().stop()
        self._foundation.database.dispose()
