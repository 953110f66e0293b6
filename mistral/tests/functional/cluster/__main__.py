"""Starts a cluster and runs a command against it, or waits for Ctrl-C.

    python -m mistral.tests.functional.cluster --rpc oslo --database mariadb \\
        ./run.py {url} -j 4

In the command `{url}` stands for the base URL of the API.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import traceback
from contextlib import ExitStack, redirect_stdout
from pathlib import Path

from mistral.tests.functional.cluster.cluster import PAIRS, running_cluster
from mistral.tests.functional.conftest import SERVERS


def main() -> int:
    arguments = _parser().parse_args()
    # SIGTERM ends it as Ctrl-C does: nothing is left running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    counts = {**PAIRS, 'engine': arguments.engines, 'executor': arguments.executors}
    status = 1
    with tempfile.TemporaryDirectory() as home, (Path(home) / 'logs').open('w+') as logs:
        try:
            with ExitStack() as stack:
                stack.enter_context(redirect_stdout(logs))
                cluster = stack.enter_context(
                    running_cluster(Path(home), arguments.rpc, arguments.database, counts)
                )
                status = _use(cluster.rest.url, arguments.command)
                if cluster.tracebacks:
                    _say(f'Tracebacks in the logs of {", ".join(cluster.tracebacks)}')
                    status = 1
        except KeyboardInterrupt:
            return 130
        except Exception:  # noqa: BLE001 - shown along with the logs
            traceback.print_exc()
            status = 1
        if status:
            logs.seek(0)
            _say(logs.read())
    return status


def _use(url: str, command: list[str]) -> int:
    if not command:
        _say(url)
        signal.pause()
    command = [word.replace('{url}', url) for word in command]
    return subprocess.run(command, stdout=sys.__stdout__, check=False).returncode


def _say(text: str) -> None:
    print(text, file=sys.__stdout__, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m mistral.tests.functional.cluster')
    add = parser.add_argument
    add('--rpc', choices=('kombu', 'oslo'), default='kombu')
    add('--database', choices=tuple(SERVERS), default='postgresql')
    add('--engines', type=int, default=PAIRS['engine'])
    add('--executors', type=int, default=PAIRS['executor'])
    add('command', nargs=argparse.REMAINDER, help='what to run; {url} is replaced')
    return parser


if __name__ == '__main__':
    sys.exit(main())
