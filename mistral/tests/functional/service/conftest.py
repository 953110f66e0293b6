"""Servers for the tests that see the service from outside."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from mistral.tests.functional.service.processes import Options, ServerProcess, run
from mistral.tests.functional.service.rest import Rest
from mistral.tests.unit.utils.http_server import Server, serve

#: Starts a server: start_server(database_url, options={group: {name: value}}, config_file=path);
#: all may be left out.
StartServer = Callable[..., ServerProcess]


@contextmanager
def running_server(
    home: Path,
    database_url: str | None = None,
    options: Options | None = None,
    config_file: Path | None = None,
) -> Iterator[ServerProcess]:
    """A server that is stopped in the end, if it still runs, and that has nothing to regret."""
    url = database_url or f'sqlite:///{home}/mistral.sqlite'
    if not url.startswith('sqlite'):
        migrated = run(home, 'mistral-db-manage', 'upgrade', 'head', OS_DATABASE__CONNECTION=url)
        assert migrated.returncode == 0, migrated.stderr
    server = ServerProcess(home, url, options or {}, config_file)
    try:
        server.start()
        yield server
        if server.is_running:
            server.stop()
        assert server.tracebacks == []
    finally:
        if server.is_running:
            server.kill()
        # Shown by pytest if the test has failed.
        print(server.log)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    with ExitStack() as servers:

        def start(*arguments: Any, **keywords: Any) -> ServerProcess:
            return servers.enter_context(running_server(tmp_path, *arguments, **keywords))

        yield start


@pytest.fixture(scope='module')
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """The API of a server that the tests of a module share."""
    with running_server(tmp_path_factory.mktemp('server')) as server:
        yield server.rest


@pytest.fixture
def http_server() -> Iterator[Server]:
    """A web server in the test process, for actions and webhooks."""
    with serve() as server:
        yield server
