"""A small HTTP server in a thread of the test process."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """`chunks` are sent with chunked encoding, without a declared length; else `body` is sent."""

    status: int = 200
    body: bytes = b''
    headers: dict[str, str] = field(default_factory=dict)
    chunks: Iterator[bytes] | None = None


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Server:
    """Answers by path; remembers what it got."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f'http://127.0.0.1:{port}'
        self.answers: dict[str, Answer | Callable[[Received], Answer]] = {}
        self.received: list[Received] = []

    def answer(self, request: Received) -> Answer:
        self.received.append(request)
        answer = self.answers.get(request.path.partition('?')[0], Answer(404))
        return answer(request) if callable(answer) else answer


@contextmanager
def serve(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server at 127.0.0.1, with `tls` one for https."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def _answer(self) -> None:
            length = int(self.headers.get('Content-Length') or 0)
            body = self.rfile.read(length)
            answer = server.answer(
                Received(self.command, self.path, dict(self.headers.items()), body)
            )
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.chunks is not None:
                self.send_header('Transfer-Encoding', 'chunked')
                self.end_headers()
                self._send_chunks(answer.chunks)
                return
            if 'Content-Length' not in answer.headers:
                self.send_header('Content-Length', str(len(answer.body)))
            self.end_headers()
            if self.command != 'HEAD':
                self.wfile.write(answer.body)

        def _send_chunks(self, chunks: Iterator[bytes]) -> None:
            try:
                for chunk in chunks:
                    self.wfile.write(b'%x\r\n%s\r\n' % (len(chunk), chunk))
                self.wfile.write(b'0\r\n\r\n')
            except OSError:
                self.close_connection = True

        # Names of the base class.
        do_GET = do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815
        do_OPTIONS = do_REPORT = _answer  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    httpd = _listen(Handler, tls)
    server = Server(httpd.server_port)
    thread = threading.Thread(
        target=httpd.serve_forever, kwargs={'poll_interval': 0.01}, daemon=True
    )
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _listen(
    handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None
) -> ThreadingHTTPServer:
    httpd = ThreadingHTTPServer(('127.0.0.1', 0), handler)
    httpd.daemon_threads = True
    if tls is not None:
        httpd.socket = tls.wrap_socket(httpd.socket, server_side=True)
    return httpd
