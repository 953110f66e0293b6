"""A small HTTP server in each process, for those who watch over it (`[monitoring]`)."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIEnvironment

import prometheus_client

from mistral.api.server import ApiServer

LOG = logging.getLogger(__name__)

_THREADS: Final = 2

#: Tells what is wrong with each part of the process, None if nothing is.
Checks = Callable[[], Mapping[str, str | None]]


class MonitoringServer:
    """Serves `/healthcheck` and `/metrics`."""

    def __init__(self, host: str, port: int, checks: Checks) -> None:
        self._checks = checks
        self._metrics: Any = prometheus_client.make_wsgi_app()
        self._server = ApiServer(self._serve, host, port, threads=_THREADS, what='[monitoring]')

    def start(self) -> None:
        """Raises ConfigurationError if the port cannot be taken."""
        self._server.start()
        LOG.info('Health and metrics of this process are at %s', self._server.url)

    def stop(self) -> None:
        self._server.stop()

    def _serve(self, environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
        path = environ.get('PATH_INFO')
        if path == '/metrics':
            found: Iterable[bytes] = self._metrics(environ, respond)
            return found
        if path == '/healthcheck':
            return self._health(respond)
        respond('404 Not Found', [('Content-Type', 'text/plain')])
        return [b'There are /healthcheck and /metrics.\n']

    def _health(self, respond: StartResponse) -> Iterable[bytes]:
        """200 if all is well, else 503; the body tells which part is in trouble."""
        found = self._checks()
        is_well = not any(found.values())
        respond(
            '200 OK' if is_well else '503 Service Unavailable',
            [('Content-Type', 'application/json')],
        )
        return [json.dumps({name: trouble or 'OK' for name, trouble in found.items()}).encode()]
