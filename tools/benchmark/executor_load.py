"""Measures many waiting actions in one executor, see README.rst.

python tools/benchmark/executor_load.py [--actions N] [--seconds S] [--model MODEL]...
"""

import argparse
import asyncio
import io
import multiprocessing
import sys
import tempfile
import time
from contextlib import redirect_stdout
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from mistral.tests.functional.cluster.cluster import running_cluster
from mistral.tests.functional.service.rest import Rest

#: What one executor runs at the same time, by its model.
MODELS: Final = {
    'eventlet': {'concurrency_model': 'eventlet', 'green_threads': 1000},
    'threads': {'concurrency_model': 'threads', 'threads': 64},
}

WORKFLOW: Final = """
version: '2.0'
wait_for_many:
  input: [url, count]
  tasks:
    ask:
      with-items: i in <% range($.count) %>
      action: std.http url=<% $.url %>
      keep-result: false
"""


def main() -> int:
    arguments = _parse()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    web = multiprocessing.Process(target=_serve, args=(sender, arguments.seconds), daemon=True)
    web.start()
    url = f'http://127.0.0.1:{receiver.recv()}/'
    print(f'{"model":<12}{"rounds":>8}  seconds')
    for model in arguments.model or MODELS:
        print(f'{model:<12}{arguments.rounds:>8}', end='  ', flush=True)
        print(' '.join(f'{took:.2f}' for took in _measure(model, url, arguments)))
    web.terminate()
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--actions', type=int, default=1000, help='at the same time')
    parser.add_argument('--seconds', type=float, default=1, help='that each of them waits')
    parser.add_argument('--rounds', type=int, default=3, help='the first one warms up')
    parser.add_argument('--model', action='append', choices=MODELS)
    return parser.parse_args()


def _measure(model: str, url: str, arguments: argparse.Namespace) -> list[float]:
    """Seconds of each round, from the request that starts the workflow to its end."""
    counts = {'api': 1, 'engine': 1, 'executor': 1, 'scheduler': 1}
    options = {'executor': MODELS[model]}
    with (
        tempfile.TemporaryDirectory() as home,
        # The cluster prints its logs in the end.
        redirect_stdout(io.StringIO()),
        running_cluster(Path(home), 'kombu', 'postgresql', counts, options) as cluster,
    ):
        rest = cluster.rest
        rest.upload(WORKFLOW)
        return [_round(rest, url, arguments.actions) for _ in range(arguments.rounds)]


def _round(rest: Rest, url: str, actions: int) -> float:
    started = time.monotonic()
    id_ = rest.start('wait_for_many', {'url': url, 'count': actions})
    while (state := rest.execution(id_)['state']) == 'RUNNING':
        time.sleep(0.02)
    took = time.monotonic() - started
    if state != 'SUCCESS':
        sys.exit(f'The workflow has ended in {state}.')
    return took


def _serve(sender: Connection, seconds: float) -> None:
    """A web server that lets each request wait."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b'\r\n\r\n'):
            await asyncio.sleep(seconds)
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
            await writer.drain()

    async def safely(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(safely, '127.0.0.1', 0, backlog=4096)
        sender.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


if __name__ == '__main__':
    sys.exit(main())
