"""The network to the database breaks while workflows run, and comes back."""

import random
from collections.abc import Iterator
from typing import Final

import pytest
from sqlalchemy import make_url

from mistral.tests.functional.service.conftest import StartServer
from mistral.tests.functional.service.definitions import FORK_JOIN, assert_all_ran_once
from mistral.tests.functional.service.processes import STOPS_WITHIN, ServerProcess
from mistral.tests.functional.service.proxy import Proxy, proxy_to
from mistral.tests.waiting import wait_for

EXECUTIONS: Final = 60

SLOW: Final = """
version: '2.0'
slow:
  tasks:
    a: {action: std.echo output=1 delay=0.2, on-success: b}
    b: {action: std.noop}
"""


@pytest.fixture
def proxied(database_url: str) -> Iterator[tuple[str, Proxy]]:
    """The URL of a database behind a proxy."""
    url = make_url(database_url)
    if url.host is None or url.port is None:
        pytest.skip('There is no network to a SQLite database.')
    with proxy_to(url.host, url.port) as proxy:
        behind = url.set(host='127.0.0.1', port=proxy.port)
        yield behind.render_as_string(hide_password=False), proxy


def wait_until_noticed(server: ServerProcess, seen: int) -> None:
    """Wait until the engine complains more often than `seen` times."""
    wait_for(lambda: complaints(server) > seen, 'complaint about the database')


def complaints(server: ServerProcess) -> int:
    return server.log.count('Repeating a unit of work')


def test_every_execution_ends(start_server: StartServer, proxied: tuple[str, Proxy]) -> None:
    chance = random.Random(5)
    url, proxy = proxied
    server = start_server(url)
    rest = server.rest
    rest.upload(FORK_JOIN)
    ids = [rest.start('fork_join', {'x': 1}) for _ in range(EXECUTIONS)]
    assert rest.wait_until_ended(ids)
    assert_all_ran_once(rest, EXECUTIONS, 5)
