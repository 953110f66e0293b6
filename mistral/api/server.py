"""The threaded HTTP server of the REST API."""

import os
import re
import ssl
import threading
from dataclasses import dataclass
from typing import Any, Final
from wsgiref.types import WSGIApplication

from cheroot import errors, wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter

from mistral.exceptions import ConfigurationError

#: Requests that are handled at once by default.
DEFAULT_THREADS: Final = 32

#: Bytes of the first line and the headers of a request: filters, tokens, catalogs.
_LONGEST_HEAD: Final = 256 * 1024

#: Seconds that requests in hand get to finish when the server stops.
_SHUTDOWN_TIMEOUT: Final = 10

#: Seconds after which an idle connection is closed.
_IDLE_TIMEOUT: Final = 75


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of the server's certificate and key."""

    certificate: str
    key: str


class ApiServer:
    """Serves a WSGI application until `stop`. `port` 0 takes any free port."""

    def __init__(
        self,
        app: WSGIApplication,
        host: str,
        port: int,
        threads: int = DEFAULT_THREADS,
        tls: TlsFiles | None = None,
        share_port: bool = False,
        what: str = '[api]',
    ) -> None:
        """With `share_port` several processes may listen on the same port.

        `what` is the group of options that the address comes from.
        """
        self._what = what
        self._address = (host, port)
        self._server = wsgi.Server(
            self._address,
            app,
            numthreads=threads,
            server_name='mistral',
            request_queue_size=128,
            timeout=_IDLE_TIMEOUT,
            shutdown_timeout=_SHUTDOWN_TIMEOUT,
            reuse_port=share_port,
        )
        self._server.max_request_header_size = _LONGEST_HEAD
        if tls is not None:
            self._server.ssl_adapter = _tls_adapter(tls)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return self._server.bind_addr[1]

    @property
    def url(self) -> str:
        """Where it can be reached, once started."""
        host = self._address[0]
        if host in ('0.0.0.0', '::'):  # noqa: S104
            host = 'localhost'
        scheme = 'http' if self._server.ssl_adapter is None else 'https'
        return f'{scheme}://{host}:{self.port}'

    def start(self) -> None:
        """Take the port and begin to serve; raises ConfigurationError if it cannot be taken."""
        host, port = self._address
        try:
            self._server.prepare()
        except OSError as error:
            raise ConfigurationError(
                f'The server of {self._what} cannot listen on {host}:{port}: {_reason(error)}. '
                f'Stop what uses that address, or set {self._what} host and port to another one.'
            ) from error
        self._thread = threading.Thread(target=self._serve, name='api-server', daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._server.serve()

    def stop(self) -> None:
        """Stop taking requests, let those in hand finish; safe to call twice."""
        if self._thread is None:
            return
        self._server.stop()
        self._thread.join()
        self._thread = None


def _reason(error: OSError) -> str:
    """What went wrong in few words; cheroot wraps the error of the system in a text."""
    number = re.search(r'\[Errno (\d+)\]', str(error))
    return os.strerror(int(number[1])) if number else error.strerror or str(error)


class _TlsSocket(ssl.SSLSocket):
    """Shakes hands when it is first read from."""

    _has_shaken_hands = False

    def recv_into(self, *arguments: Any) -> int:
        if not self._has_shaken_hands:
            try:
                self.do_handshake()
            except OSError as error:
                raise errors.FatalSSLAlert(*error.args) from error
            self._has_shaken_hands = True
        return super().recv_into(*arguments)


class _TlsAdapter(BuiltinSSLAdapter):
    """Leaves handshakes to the threads that read requests.

    cheroot makes them in its only accepting thread, where one silent client keeps out all others.
    """

    def wrap(self, sock: Any) -> tuple[Any, dict[str, str]]:
        self.context.sslsocket_class = _TlsSocket
        try:
            wrapped = self.context.wrap_socket(
                sock, server_side=True, do_handshake_on_connect=False
            )
        except OSError as error:
            raise errors.FatalSSLAlert(*error.args) from error
        return wrapped, {'wsgi.url_scheme': 'https', 'HTTPS': 'on'}


def _tls_adapter(tls: TlsFiles) -> BuiltinSSLAdapter:
    try:
        return _TlsAdapter(tls.certificate, tls.key)
    except OSError as error:
        raise ConfigurationError(
            f'TLS cannot be set up from [ssl] cert_file={tls.certificate} and '
            f'key_file={tls.key}: {error}'
        ) from error
