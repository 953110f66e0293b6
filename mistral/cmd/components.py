"""The components of the service as parts of processes that share a message bus."""

import os
import secrets
import socket
from collections.abc import Callable
from typing import Any, Final

from oslo_config import cfg

from mistral.actions.requests import ResultReporter
from mistral.cmd import settings
from mistral.cmd.event_engine import event_engine
from mistral.cmd.foundation import Foundation
from mistral.cmd.parts import Executing, Part
from mistral.engine.direct_actions import ActionExecutor
from mistral.engine.dispatcher import Notifier
from mistral.engine.engine import Engine
from mistral.engine.local_actions import LocalActions
from mistral.executors.endpoint import ExecutorEndpoint
from mistral.executors.heartbeats import HeartbeatSender, HeartbeatSettings
from mistral.executors.remote import EngineLink
from mistral.executors.service import ExecutorService, Pool
from mistral.executors.worker_pool import WorkerPool
from mistral.notifiers.endpoint import NotifierEndpoint
from mistral.notifiers.remote import RemoteNotifier
from mistral.rpc import base
from mistral.rpc.clients import EngineClient, ExecutorClient, NotifierClient
from mistral.rpc.local import LocalTransport
from mistral.rpc.work import EngineWorkClient
from mistral.scheduler.service import Duty, SchedulerService

#: Calls that a server handles at the same time where handling one is quick.
_THREADS: Final = 8

#: Messages that an engine and a notifier take before they have handled them.
_ENGINE_CAPACITY: Final = 200
_NOTIFIER_CAPACITY: Final = 1000

#: Seconds that an executor has to stop after its server has done so.
_AFTER_SERVER: Final = 1.0


class Components:
    """Builds components: each method gives its parts, in the order in which they start."""

    def __init__(
        self, conf: cfg.ConfigOpts, bus: base.Backend, foundation: Callable[[], Foundation]
    ) -> None:
        """`foundation` is called only for components that use the database."""
        self._conf = conf
        self._bus = bus
        self._foundation = foundation

    def api(self) -> list[Part]:
        return [*self.beside_app(), settings.api_server(self._conf, self.app())]

    def app(self) -> Any:
        """The WSGI application of the REST API."""
        # Its framework takes a while to import.
        from mistral.cmd.app import build_app  # noqa: PLC0415

        return build_app(self._foundation(), EngineClient(self._bus.transport))

    def beside_app(self) -> list[Part]:
        """What else runs in a process that serves the API: deployments of Mistral 23 have no other
        process that starts workflows of cron triggers."""
        duties = self._cron_duties() if self._conf.cron_trigger.run_in_api else []
        return [self._scheduler_of(duties)] if duties else []

    def engine(self) -> list[Part]:
        parts: list[Part] = []
        server: base.Server | None = None
        actions: ActionExecutor
        runs_actions = self._conf.executor.type != 'remote'
        if runs_actions:
            local_actions = actions = LocalActions()
        else:
            actions = ExecutorClient(
                self._bus.transport, lambda: server.name if server is not None else None
            )
        notifier: Notifier
        if self._conf.notifier.type == 'remote':
            notifier = remote = RemoteNotifier(NotifierClient(self._bus.transport).wake)
            parts.append(remote)
        else:
            notifier = own = settings.notifier_service(self._conf, self._foundation().database)
            parts.append(own)
        engine = self._foundation().build_engine(actions, notifier)
        server = self._bus.server(
            base.ENGINE, engine.service, threads=_THREADS, capacity=_ENGINE_CAPACITY
        )
        if runs_actions:
            parts += self._local_executor(engine, local_actions)
        return [*parts, engine, server]

    def executor(self) -> list[Part]:
        link = EngineLink(EngineWorkClient(self._bus.transport), _own_name())
        executor = self._executor_service(
            WorkerPool(settings.pool_settings(self._conf)), link, link
        )
        server = self._bus.server(
            base.EXECUTOR,
            ExecutorEndpoint(executor, takes_code=settings.takes_code(self._conf)),
            threads=_THREADS,
            capacity=settings.pool_settings(self._conf).size,
        )
        # The server waits for the actions in hand, and gives back what does not end in time.
        return [link, Executing(executor, _AFTER_SERVER), server]

    def scheduler(self) -> list[Part]:
        engine = EngineWorkClient(self._bus.transport)
        duties = settings.scheduler_duties(self._conf, self._foundation().database, engine)
        maintenance = settings.maintenance_duty(
            self._foundation().database, EngineClient(self._bus.transport)
        )
        trusts = settings.trust_duties(self._foundation().trusts)
        expiration = settings.expiration_duties(self._conf, self._foundation().database)
        return [
            self._scheduler_of([*duties, *self._cron_duties(), *trusts, *expiration, maintenance])
        ]

    def event_engine(self) -> list[Part]:
        return event_engine(self._conf, self._foundation(), EngineClient(self._bus.transport))

    def notifier(self) -> list[Part]:
        notifier = settings.notifier_service(self._conf, self._foundation().database)
        server = self._bus.server(
            base.NOTIFIER,
            NotifierEndpoint(notifier),
            threads=1,
            capacity=_NOTIFIER_CAPACITY,
        )
        return [notifier, server]

    def _scheduler_of(self, duties: list[Duty]) -> SchedulerService:
        return SchedulerService(duties, settings.stop_timeout(self._conf))

    def _cron_duties(self) -> list[Duty]:
        engine = EngineClient(self._bus.transport)
        foundation = self._foundation()
        return settings.cron_duties(self._conf, foundation.database, engine, foundation.trusts)

    def _local_executor(self, engine: Engine, actions: LocalActions) -> list[Part]:
        """An executor for this engine alone, in this process or by a plugin; its actions survive
        no better than those of others."""
        transport = LocalTransport()
        transport.serve(base.ENGINE, engine.service)
        link = EngineLink(EngineWorkClient(transport), _own_name())
        # Results go to the engine directly: it stores those that come when it has stopped.
        executor = self._executor_service(settings.executor_pool(self._conf), link, actions)
        actions.connect(engine, executor)
        return [link, Executing(executor, settings.stop_timeout(self._conf))]

    def _executor_service(
        self, pool: Pool, link: EngineLink, reporter: ResultReporter
    ) -> ExecutorService:
        beats = HeartbeatSettings.from_config(self._conf)
        return ExecutorService(
            pool,
            reporter,
            link.claim,
            HeartbeatSender(beats, link.report_running) if beats else None,
        )


def _own_name() -> str:
    """A name that no other process has, now or later."""
    return f'{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}'[-80:]
