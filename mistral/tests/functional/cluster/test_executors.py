"""Executors that stop or die with actions in hand.

Each test has one executor take actions, then brings a second one up and does away with the first.
"""

import threading
from collections.abc import Iterator
from typing import Final

import pytest

from mistral.tests.functional.cluster.cluster import (
    SHORT_HEARTBEATS,
    SMALL,
    Cluster,
    merge,
    running_cluster,
)
from mistral.tests.functional.cluster.members import Member
from mistral.tests.functional.service.rest import Rest
from mistral.tests.unit.utils.http_server import Answer, Received, Server
from mistral.tests.waiting import PATIENCE, wait_for

#: Actions that an executor runs at a time, and seconds that it has to stop.
THREADS: Final = 3
STOPS_WITHIN: Final = 3

OPTIONS: Final = merge(
    SHORT_HEARTBEATS,
    {
        'DEFAULT': {'graceful_shutdown_timeout': STOPS_WITHIN},
        'executor': {'threads': THREADS},
        'scheduler': {'pickup_job_after': 2},
    },
)

LOST: Final = "Heartbeat wasn't received."
STOPPED: Final = 'The executor was stopped before the action ended'

WORKFLOWS: Final = """
version: '2.0'
unsafe:
  input: [url]
  output: {answer: <% $.answer %>}
  tasks:
    call:
      action: std.http url=<% $.url %>
      publish: {answer: <% task().result.content %>}
safe:
  input: [url]
  output: {answer: <% $.answer %>}
  tasks:
    call:
      safe-rerun: true
      action: std.http url=<% $.url %>
      publish: {answer: <% task().result.content %>}
repeatable:
  output: {answer: <% $.answer %>}
  tasks:
    call:
      action: std.echo output="done" delay=6
      publish: {answer: <% task().result %>}
aimed:
  input: [where]
  tasks:
    fail:
      with-items: i in <% range(5) %>
      action: std.fail
      target: <% $.where %>
      on-error: noop
"""


class Site:
    """A web server whose pages wait until it opens."""

    def __init__(self, web: Server) -> None:
        self._web = web
        self.open = threading.Event()

    def page(self, name: str) -> str:
        self._web.answers[f'/{name}'] = self._answer
        return f'{self._web.url}/{name}'

    def calls(self, name: str) -> int:
        return sum(request.path == f'/{name}' for request in self._web.received)

    def _answer(self, _request: Received) -> Answer:
        self.open.wait(PATIENCE)
        return Answer(body=b'done')


@pytest.fixture(scope='module')
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp('cluster')
    with running_cluster(home, 'kombu', 'postgresql', SMALL, OPTIONS) as cluster:
        cluster.add('executor', {'executor': {'host': 'aside'}})
        cluster.rest.upload(WORKFLOWS)
        yield cluster
        assert cluster.tracebacks == {}


@pytest.fixture
def first(cluster: Cluster) -> Member:
    """The only executor that runs."""
    if cluster['executor-2'].is_running:
        cluster['executor-2'].kill()
    if not cluster['executor-1'].is_running:
        cluster['executor-1'].start()
    cluster['executor-1'].wait_until_ready()
    return cluster['executor-1']


@pytest.fixture
def second(cluster: Cluster, first: Member) -> Member:
    """An executor to be started by the test."""
    return cluster['executor-2']


@pytest.fixture
def site(web: Server) -> Iterator[Site]:
    site = Site(web)
    yield site
    site.open.set()


def start(rest: Rest, site: Site, workflow: str, page: str) -> str:
    """Start a workflow that calls a page, and wait until the page is called."""
    id_ = rest.start(workflow, {'url': site.page(page)})
    wait_for(lambda: site.calls(page), 'call')
    return id_


def start_one_of_each(rest: Rest, site: Site) -> dict[str, str]:
    return {
        'repeatable': rest.start('repeatable'),
        **{name: start(rest, site, name, name) for name in ('safe', 'unsafe')},
    }


def expect_the_end(rest: Rest, site: Site, ids: dict[str, str], failure: str) -> None:
    """The unsafe one fails; the others run once more, and succeed."""
    wait_for(lambda: site.calls('safe') == 2, 'second call of the safe one')
    site.open.set()
    states = rest.wait_until_ended(ids.values())
    assert {name: states[id_] for name, id_ in ids.items()} == {
        'repeatable': 'SUCCESS',
        'safe': 'SUCCESS',
        'unsafe': 'ERROR',
    }
    for name in ('repeatable', 'safe'):
        assert rest.execution(ids[name])['output'] == {'answer': 'done'}
    assert failure in str(rest.task(ids['unsafe'], 'call')['result'])
    assert (site.calls('safe'), site.calls('unsafe')) == (2, 1)


def test_a_stop_waits_for_actions(cluster: Cluster, first: Member, site: Site) -> None:
    id_ = start(cluster.rest, site, 'unsafe', 'last')
    first.terminate()
    first.wait_for_log('Stopping')
    site.open.set()
    assert first.exit_code() == 0
    assert cluster.rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert site.calls('last') == 1


def test_a_stop_does_not_wait_for_ever(
    cluster: Cluster, first: Member, second: Member, site: Site
) -> None:
    ids = start_one_of_each(cluster.rest, site)
    second.start()
    second.wait_until_ready()
    first.terminate()
    assert first.exit_code() == 0
    expect_the_end(cluster.rest, site, ids, STOPPED)


def test_an_executor_dies(cluster: Cluster, first: Member, second: Member, site: Site) -> None:
    ids = start_one_of_each(cluster.rest, site)
    second.start()
    second.wait_until_ready()
    first.kill()
    expect_the_end(cluster.rest, site, ids, LOST)


def test_what_has_not_begun_is_run_once(
    cluster: Cluster, first: Member, second: Member, site: Site
) -> None:
    rest = cluster.rest
    begun = [start(rest, site, 'unsafe', f'begun{n}') for n in range(THREADS)]
    waiting = [rest.start('unsafe', {'url': site.page(f'waiting{n}')}) for n in range(THREADS)]
    first.kill()
    second.start()
    wait_for(lambda: all(site.calls(f'waiting{n}') for n in range(THREADS)), 'calls')
    site.open.set()
    assert set(rest.wait_until_ended(waiting).values()) == {'SUCCESS'}
    assert set(rest.wait_until_ended(begun).values()) == {'ERROR'}
    names = [f'{kind}{n}' for kind in ('begun', 'waiting') for n in range(THREADS)]
    assert {name: site.calls(name) for name in names} == dict.fromkeys(names, 1)


def test_target(cluster: Cluster, first: Member, second: Member) -> None:
    second.start()
    second.wait_until_ready()
    before = first.log.count('Action failed'), second.log.count('Action failed')
    id_ = cluster.rest.start('aimed', {'where': 'aside'})
    assert cluster.rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    after = first.log.count('Action failed'), second.log.count('Action failed')
    assert after == (before[0], before[1] + 5)
