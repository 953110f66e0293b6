"""The only process dies without a warning, again and again, and nothing is lost."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import pytest
import requests

from mistral.tests.functional.service.conftest import StartServer
from mistral.tests.functional.service.processes import ServerProcess
from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for

#: Five tasks each: a fork, a join of all and what follows, with data from task to task.
FORK_JOIN: Final = """
version: '2.0'
fork_join:
  input: [x]
  output: {r: <% $.e %>}
  tasks:
    a: {action: std.echo output=<% $.x %>, publish: {a: <% task().result %>}, on-success: [b, c]}
    b: {action: std.echo output=<% $.a + 1 %>, publish: {b: <% task().result %>}, on-success: d}
    c: {action: std.echo output=<% $.a + 2 %>, publish: {c: <% task().result %>}, on-success: d}
    d:
      join: all
      action: std.echo output=<% $.b + $.c %>
      publish: {d: <% task().result %>}
      on-success: e
    e: {action: std.echo output=<% $.d %>, publish: {e: <% task().result %>}}
"""

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
def requests_in_background(count: int, start: Callable[[], str]) -> Iterator[list[str]]:
    """Start executions one after the other; gives the ids of those that the server confirms."""
    confirmed: list[str] = []

    def request() -> None:
        while len(confirmed) < count:
            try:
                confirmed.append(start())
            except requests.ConnectionError:
                # It is dead at the moment. A request that broke off may have started one, too.
                continue

    thread = threading.Thread(target=request)
    thread.start()
    try:
        yield confirmed
    finally:
        thread.join()


def assert_all_ran_once(rest: Rest, executions: int, tasks: int) -> None:
    """No task is missing, none is there twice, each has one result."""
    assert rest.executions('RUNNING') == []
    found = Counter(
        (task['workflow_execution_id'], task['name'], task['state'], task['processed'])
        for task in rest.items('/tasks')
    )
    assert set(found.values()) == {1}
    assert {(state, processed) for _, _, state, processed in found} == {('SUCCESS', True)}
    assert len(found) == executions * tasks
    results = Counter(
        action['task_execution_id']
        for action in rest.items('/action_executions')
        if action['accepted']
    )
    assert len(results) == len(found)
    assert set(results.values()) == {1}


def test_forks_and_joins(start_server: StartServer, database_url: str) -> None:
    chance = random.Random(1)
    server = start_server(database_url)
    server.rest.upload(FORK_JOIN)
    with requests_in_background(80, lambda: server.rest.start('fork_join', {'x': 1})) as confirmed:
        for _ in range(4):
            enough = count_ended(server.rest) + chance.randint(1, 20)
            wait_for(lambda: count_ended(server.rest) >= enough, f'{enough} ended executions')
            crash(server)
    states = server.rest.wait_until_ended(e['id'] for e in server.rest.executions())
    assert set(states.values()) == {'SUCCESS'}
    assert states.keys() >= set(confirmed)
    assert server.rest.execution(confirmed[0])['output'] == {'r': 5}
    assert_all_ran_once(server.rest, len(states), 5)


@pytest.mark.parametrize('seed', range(2))
def test_everything_that_takes_several_steps(start_server: StartServer, seed: int) -> None:
    chance = random.Random(seed)
    server = start_server()
    for definition in (ITEMS, SUBWORKFLOWS, DELAYS):
        server.rest.upload(definition)
    ids = {
        server.rest.start(name): outputs
        for _ in range(4)
        for name, outputs in FINISHED_WORKS.items()
    }
    for _ in range(3):
        enough = min(count_ended(server.rest) + chance.randint(1, 12), 100)
        wait_for(
            lambda: count_ended(server.rest) >= enough or not server.rest.executions('RUNNING'),
            f'{enough} ended executions',
        )
        crash(server)
    states = server.rest.wait_until_ended(ids)
    assert set(states.values()) == {'SUCCESS'}
    for id_, output in ids.items():
        assert server.rest.execution(id_)['output'] == output
