"""A real Zaqar without authentication: its messages in a Redis of its own, the rest in MariaDB."""

import shutil
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import requests

from mistral.tests.functional.cluster.cluster import free_port
from mistral.tests.functional.conftest import empty_database
from mistral.tests.functional.service.processes import clean_environment, script, write_config
from mistral.tests.waiting import wait_for

#: It is no package for Python.
REDIS: Final = shutil.which('redis-server')


class Zaqar:
    def __init__(self, url: str) -> None:
        self.url = url

    def messages(self, queue: str, project: str) -> list[dict[str, Any]]:
        """The messages of a queue, the oldest first, with `ttl` and `body`."""
        response = requests.get(
            f'{self.url}/v2/queues/{queue}/messages',
            params={'echo': 'true', 'limit': '20'},
            headers={'Client-ID': str(uuid.uuid4()), 'X-Project-Id': project},
            timeout=30,
        )
        return response.json()['messages'] if response.ok else []


@contextmanager
def running_zaqar(home: Path) -> Iterator[Zaqar]:
    redis_port, port = free_port(), free_port()
    with (
        empty_database('mariadb', home) as database_url,
        _running(home, 'redis', [str(REDIS), '--port', str(redis_port), '--save', '']),
    ):
        config = write_config(
            home / 'zaqar.conf',
            {
                'DEFAULT': {'auth_strategy': '', 'unreliable': True},
                'cache': {'backend': 'dogpile.cache.memory'},
                'drivers': {
                    'transport': 'wsgi',
                    'message_store': 'redis',
                    'management_store': 'sqlalchemy',
                },
                'drivers:management_store:sqlalchemy': {'uri': database_url},
                'drivers:message_store:redis': {'uri': f'redis://127.0.0.1:{redis_port}'},
                'drivers:transport:wsgi': {'bind': '127.0.0.1', 'port': port},
            },
        )
        subprocess.run(
            [script('zaqar-sql-db-manage'), '--config-file', config, 'upgrade', 'head'],
            env=clean_environment(home),
            cwd=home,
            check=True,
            capture_output=True,
            timeout=60,
        )
        command = [script('zaqar-server'), '--config-file', str(config)]
        with _running(home, 'zaqar', command) as log:
            wait_for(lambda: 'Serving on host' in log.read_text(), 'Zaqar')
            yield Zaqar(f'http://127.0.0.1:{port}')


@contextmanager
def _running(home: Path, name: str, command: Sequence[str]) -> Iterator[Path]:
    """A process as long as the block takes; gives the file with what it says."""
    log = home / f'{name}.log'
    with log.open('wb') as output:
        process = subprocess.Popen(
            command, env=clean_environment(home), cwd=home, stdout=output, stderr=output
        )
    try:
        yield log
    finally:
        process.kill()
        process.wait()
        # Shown by pytest if the test has failed.
        print(f'--- {name}\n{log.read_text(errors="replace")[-5000:]}')
