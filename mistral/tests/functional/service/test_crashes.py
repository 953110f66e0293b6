"""The only process dies without a warning, again and again, and nothing is lost."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
import requests

from mistral.tests.functional.service.conftest import StartServer
from mistral.tests.functional.service.fork_join import (
    FORK_JOIN,
    assert_all_ran_once,
    assert_no_task_is_there_twice,
)
from mistral.tests.functional.service.processes import ServerProcess
from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for_more

#: How many executions of the fork and join are started.
EXECUTIONS: Final = 60

ITEMS: Final = """
version: '2.0'
items:
  output: {r: <% $.r %>}
  tasks:
    all_at_once:
      with-items: i in <% range(20) %>
      action: std.echo output=<% $.i %>
      on-success: some_at_a_time
    some_at_a_time:
      with-items: i in <% range(20) %>
      concurrency: 3
      action: std.echo output=<% $.i * 2 %>
      publish: {r: <% task().result %>}
"""

SUBWORKFLOWS: Final = """
version: '2.0'
leaf:
  input: [x]
  output: {y: <% $.y %>}
  tasks:
    one: {action: std.noop, on-success: two}
    two: {action: std.echo output=<% $.x * 10 %>, publish: {y: <% task().result %>}}
branch:
  input: [x]
  output: {y: <% $.y %>}
  tasks:
    down: {workflow: leaf x=<% $.x %>, publish: {y: <% task().result.y %>}}
subworkflows:
  output: {r: <% $.r %>}
  tasks:
    children:
      with-items: i in <% range(5) %>
      workflow: branch x=<% $.i %>
      publish: {r: <% task().result.y %>}
"""

DELAYS: Final = """
version: '2.0'
delays:
  output: {r: <% $.tries %>}
  tasks:
    first: {action: std.noop, wait-before: 1, wait-after: 1, on-success: second}
    second:
      action: std.fail
      retry: {count: 2, delay: 1}
      publish-on-error: {tries: <% task().name %>}
      on-error: noop
"""

FINISHED_WORKS: Final = {
    'items': {'r': [2 * i for i in range(20)]},
    'subworkflows': {'r': [10 * i for i in range(5)]},
    'delays': {'r': 'second'},
}


def count_ended(rest: Rest) -> int:
    return len(rest.executions('SUCCESS'))


def crash(server: ServerProcess) -> None:
    server.kill()
    server.start()


@contextmanager
def starts_in_background(server: ServerProcess, count: int) -> Iterator[list[str]]:
    """Start executions one after the other; gives the ids of those that the server confirms."""
    confirmed: list[str] = []

    def start() -> None:
        while len(confirmed) < count:
            try:
                confirmed.append(Rest(server.rest.url).start('fork_join', {'x': 1}))
            except requests.RequestException:
                # It is dead at the moment. A request that broke off may have started one, too.
                continue

    thread = threading.Thread(target=start, daemon=True)
    thread.start()
    try:
        yield confirmed
    finally:
        thread.join()


def test_forks_and_joins(database_url: str, start_server: StartServer) -> None:
    chance = random.Random(1)
    server = start_server(database_url)
    server.rest.upload(FORK_JOIN)
    with starts_in_background(server, EXECUTIONS) as confirmed:
        for _ in range(2):
            wait_for_more(lambda: count_ended(server.rest), chance.randint(1, 20), EXECUTIONS)
            crash(server)
    states = server.rest.wait_until_ended(e['id'] for e in server.rest.executions())
    assert set(states.values()) == {'SUCCESS'}
    assert states.keys() >= set(confirmed)
    assert server.rest.execution(confirmed[0])['output'] == {'r': 5}
    assert_all_ran_once(server.rest)


@pytest.mark.parametrize('seed', range(2))
def test_works_of_several_steps(start_server: StartServer, seed: int) -> None:
    """Items, sub-workflows, delays and retries."""
    chance = random.Random(seed)
    server = start_server()
    for definition in (ITEMS, SUBWORKFLOWS, DELAYS):
        server.rest.upload(definition)
    outputs = {
        server.rest.start(name): output for _ in range(4) for name, output in FINISHED_WORKS.items()
    }
    for _ in range(2):
        wait_for_more(lambda: count_ended(server.rest), chance.randint(0, 8), len(outputs))
        crash(server)
    states = server.rest.wait_until_ended(outputs)
    assert set(states.values()) == {'SUCCESS'}
    assert {id_: server.rest.execution(id_)['output'] for id_ in outputs} == outputs
    assert_no_task_is_there_twice(server.rest)
