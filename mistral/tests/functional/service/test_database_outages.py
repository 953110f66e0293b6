"""The network to the database breaks while workflows run, and comes back."""

import random
from collections.abc import Iterator
from typing import Final

import pytest
from sqlalchemy import make_url

from mistral.tests.functional.conftest import SERVERS
from mistral.tests.functional.service.conftest import StartServer
from mistral.tests.functional.service.processes import ServerProcess
from mistral.tests.functional.service.proxy import Proxy, proxy_to
from mistral.tests.waiting import wait_for, wait_for_more

DEFAULT_PORTS: Final = {'postgresql': 5432, 'mysql': 3306}

STEPS: Final = 10 * 15

#: Ten chains at once, of fifteen steps of a fifth of a second each.
STEADY: Final = """
version: '2.0'
steady:
  tasks:
    chains:
      with-items: i in <% range(10) %>
      workflow: chain
chain:
  output: {n: <% $.n %>}
  vars: {n: 0}
  tasks:
    step:
      action: std.echo output=1 delay=0.2
      publish: {n: <% $.n + 1 %>}
      on-success: [step: <% $.n < 15 %>]
    begin: {action: std.noop, on-success: step}
"""


@pytest.fixture
def proxied(database_url: str) -> Iterator[tuple[str, Proxy]]:
    """The URL of a database behind a proxy."""
    url = make_url(database_url)
    with proxy_to(str(url.host), url.port or DEFAULT_PORTS[url.get_backend_name()]) as proxy:
        behind = url.set(host='127.0.0.1', port=proxy.port)
        yield behind.render_as_string(hide_password=False), proxy


def complaints(server: ServerProcess) -> int:
    return server.log.count('Repeating a unit of work')


def interrupt(server: ServerProcess, proxy: Proxy) -> None:
    """Break the network until the engine has noticed."""
    seen = complaints(server)
    proxy.cut()
    wait_for(lambda: complaints(server) > seen, 'complaint about the database')
    proxy.mend()


def finished_steps(server: ServerProcess) -> int:
    return sum(1 for task in server.rest.items('/tasks?state=SUCCESS&name=step&fields=id'))


@pytest.mark.parametrize('database_url', SERVERS, indirect=True)
def test_every_execution_ends(start_server: StartServer, proxied: tuple[str, Proxy]) -> None:
    chance = random.Random(5)
    url, proxy = proxied
    server = start_server(url)
    server.rest.upload(STEADY)
    id_ = server.rest.start('steady')
    for _ in range(2):
        wait_for_more(lambda: finished_steps(server), chance.randint(1, 20), STEPS)
        interrupt(server, proxy)
    wait_for_more(lambda: finished_steps(server), 1, STEPS)
    # A stop while the database is out of reach loses nothing either.
    proxy.cut()
    server.stop()
    proxy.mend()
    server.start()
    assert server.rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert {e['state'] for e in server.rest.executions()} == {'SUCCESS'}
    assert finished_steps(server) == STEPS
