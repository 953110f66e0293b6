"""Measures how many requests a second one API process answers, see README.rst.

The client keeps a few connections busy and does next to nothing per request, so that it takes
little from a service on the same machine.
"""

import argparse
import json
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

#: Requests a second that are to be reached.
TARGETS: Final = {'GET /v2/executions/{id}': 600, 'POST /v2/executions': 150}

WORKFLOW: Final = "version: '2.0'\nrequests_per_second: {tasks: {a: {action: std.noop}}}"
NAME: Final = 'requests_per_second'
JSON: Final = 'application/json'


class Connection:
    """One connection that is kept open; sends ready-made requests."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """The whole answer."""
        self._socket.sendall(request)
        answer = b''
        while b'\r\n\r\n' not in answer:
            answer += self._receive()
        head, _, body = answer.partition(b'\r\n\r\n')
        length = int(head.lower().partition(b'content-length:')[2].split(b'\r', 1)[0])
        while len(body) < length:
            body += self._receive()
        return head + b'\r\n\r\n' + body

    def _receive(self) -> bytes:
        received = self._socket.recv(65536)
        if not received:
            sys.exit('The service has closed the connection.')
        return received


def main() -> int:
    arguments = _parse()
    url = urlsplit(arguments.url)
    host, port = url.hostname or '127.0.0.1', url.port or 80
    _upload(arguments.url)
    post = _request('POST', '/v2/executions', host, json.dumps({'workflow_name': NAME}))
    started = Connection(host, port).ask(post)
    id_ = json.loads(started.partition(b'\r\n\r\n')[2])['id']
    get = _request('GET', f'/v2/executions/{id_}', host)
    missed = 0
    for name, request in zip(TARGETS, (get, post), strict=True):
        rate, pid_seconds = _rate(host, port, request, arguments)
        missed += rate < TARGETS[name]
        cost = f', {pid_seconds * 1000:.2f} ms of CPU each' if pid_seconds else ''
        print(f'{name:<26}{rate:>8.0f} requests/s (target {TARGETS[name]}){cost}')
    return int(bool(missed))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seconds', type=float, default=10.0)
    parser.add_argument('--connections', type=int, default=4)
    parser.add_argument('--pid', type=int, help='of the API process, to tell the CPU it takes')
    parser.add_argument('url', help='of the service, such as http://127.0.0.1:8989/v2')
    return parser.parse_args()


def _upload(url: str) -> None:
    request = urllib.request.Request(  # noqa: S310 - the operator's own URL
        f'{url}/workflows', WORKFLOW.encode(), {'Content-Type': 'text/plain'}, method='POST'
    )
    try:
        urllib.request.urlopen(request).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise


def _request(method: str, path: str, host: str, body: str = '') -> bytes:
    lines = (
        f'{method} {path} HTTP/1.1',
        f'Host: {host}',
        'Accept: */*',
        f'Content-Type: {JSON}',
        f'Content-Length: {len(body)}',
    )
    return ('\r\n'.join(lines) + '\r\n\r\n' + body).encode()


def _rate(host: str, port: int, request: bytes, arguments: Any) -> tuple[float, float]:
    """Requests a second, and seconds of CPU of the service for each, 0 if not known."""
    counts: list[int] = []
    end = time.monotonic() + arguments.seconds
    cpu = _cpu_clock(arguments.pid)

    def work() -> None:
        connection = Connection(host, port)
        count = 0
        while time.monotonic() < end:
            status = connection.ask(request)[9:10]
            if status != b'2':
                sys.exit('The service has refused a request.')
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(arguments.connections)]
    before = cpu()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum(counts)
    return total / arguments.seconds, (cpu() - before) / max(total, 1)


def _cpu_clock(pid: int | None) -> Callable[[], float]:
    if pid is None:
        return lambda: 0.0
    return lambda: time.clock_gettime(((~pid) << 3) | 2)  # the CPU clock of another process


if __name__ == '__main__':
    sys.exit(main())
