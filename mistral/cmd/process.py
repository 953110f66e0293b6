"""A process with some of the components, on a message bus that it shares with others."""

import functools
import logging
import resource
import threading
from collections.abc import Sequence
from typing import Final

from oslo_config import cfg

from mistral import config
from mistral.api.server import ApiServer
from mistral.cmd import settings
from mistral.cmd.components import Components
from mistral.cmd.foundation import Foundation
from mistral.cmd.monitoring import MonitoringServer
from mistral.cmd.oslo import prepare_oslo_messaging
from mistral.cmd.parts import Part
from mistral.rpc import base
from mistral.utils.plugins import load_plugin

LOG = logging.getLogger(__name__)

#: The components in the order in which those of one process start.
COMPONENTS: Final = ('notifier', 'executor', 'engine', 'scheduler', 'event-engine', 'api')

#: What operators look for in the log, as in Mistral 23.
_STARTED: Final = {
    'api': 'API server started with one process.',
    'engine': 'Engine server started.',
    'event-engine': 'Event engine server started.',
    'executor': 'Executor server started.',
    'notifier': 'Notification server started.',
    'scheduler': 'Periodic server started.',
}


class Process:
    """Runs components until it is stopped."""

    def __init__(self, conf: cfg.ConfigOpts, components: Sequence[str]) -> None:
        """Raises ConfigurationError if the configuration cannot work."""
        self._conf = conf
        self._components = components
        self._bus = load_backend(conf)
        self._foundation: Foundation | None = None
        self._started: list[Part] = []
        builder = Components(conf, self._bus, functools.cache(self._build_foundation))
        self._parts: dict[str, list[Part]] = {
            name: getattr(builder, name.replace('-', '_'))()
            for name in COMPONENTS
            if name in components
        }

    def start(self, stop: threading.Event) -> None:
        """Wait for the database, if it is needed, and start all parts.

        Gives up when `stop` is set.
        """
        if 'engine' in self._components:
            limit_memory(self._conf.engine.memory_limit_mb)
        monitoring = self._conf.monitoring
        if monitoring.port:
            self._start_part(MonitoringServer(monitoring.host, monitoring.port, self._checks))
        if self._foundation is not None:
            self._foundation.wait_for_database(stop)
        for name, parts in self._parts.items():
            for part in parts:
                if stop.is_set():
                    return
                self._start_part(part)
                if isinstance(part, ApiServer):
                    LOG.info('Serving %s/v2', part.url)
            LOG.info(_STARTED[name])

    def stop(self) -> None:
        """Stop all parts, those that let work in first. Safe to call twice."""
        while self._started:
            self._started.pop().stop()
        self._bus.close()
        if self._foundation is not None:
            self._foundation.database.dispose()

    def _start_part(self, part: Part) -> None:
        part.start()
        self._started.append(part)

    def _checks(self) -> dict[str, str | None]:
        checks = {'message bus': self._bus.trouble}
        if self._foundation is not None:
            checks['database'] = self._foundation.database_trouble()
        return checks

    def _build_foundation(self) -> Foundation:
        self._foundation = Foundation(self._conf)
        return self._foundation


def limit_memory(megabytes: int) -> None:
    """Let allocations beyond this fail (`[engine] memory_limit_mb`); 0 and less set no limit."""
    if megabytes > 0:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = megabytes * 1024 * 1024
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def load_backend(conf: cfg.ConfigOpts) -> base.Backend:
    """The message bus. Raises ConfigurationError if it cannot be used."""
    prepare_oslo_messaging()
    is_in_process = config.is_in_process(config.transport_scheme(conf))
    name = 'oslo' if is_in_process else conf.rpc_implementation
    backend: base.Backend = load_plugin('mistral.rpc.backends', name, 'rpc_implementation')(conf)
    profiler = settings.profiler(conf)
    return backend if profiler is None else profiler.around_bus(backend)
