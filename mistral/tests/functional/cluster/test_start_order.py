"""Processes may start in any order, and before the database or the broker can be reached."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from sqlalchemy import make_url

from mistral.tests.functional.cluster.cluster import (
    SMALL,
    Cluster,
    Places,
    basic_options,
    cluster_of,
    fresh_places,
    merge,
)
from mistral.tests.functional.service.fork_join import FORK_JOIN
from mistral.tests.functional.service.proxy import Proxy, proxy_to
from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for

OPTIONS: Final[Mapping[str, Mapping[str, object]]] = {
    'DEFAULT': {'rpc_response_timeout': 10},
    'scheduler': {'pickup_job_after': 2},
}


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    with fresh_places(tmp_path, 'postgresql') as places:
        yield places


@pytest.fixture
def database(places: Places) -> Iterator[Proxy]:
    url = make_url(places.database_url)
    with proxy_to(str(url.host), url.port or 5432) as proxy:
        yield proxy


@pytest.fixture
def broker(places: Places) -> Iterator[Proxy]:
    parts = urlsplit(places.broker_url)
    with proxy_to(str(parts.hostname), parts.port or 5672) as proxy:
        yield proxy


@pytest.fixture
def behind_proxies(places: Places, database: Proxy, broker: Proxy) -> Places:
    url = make_url(places.database_url).set(host='127.0.0.1', port=database.port)
    parts = urlsplit(places.broker_url)
    user = parts.netloc.rpartition('@')[0]
    return Places(
        url.render_as_string(hide_password=False),
        parts._replace(netloc=f'{user}@127.0.0.1:{broker.port}').geturl(),
    )


def run_some(rest: Rest) -> None:
    ids = [rest.start('fork_join', {'x': x}) for x in range(3)]
    assert set(rest.wait_until_ended(ids).values()) == {'SUCCESS'}


def add_all(cluster: Cluster) -> None:
    for component in SMALL:
        cluster.add(component)


def test_the_engine_comes_last(places: Places, tmp_path: Path) -> None:
    """Who starts a workflow before that waits for it."""
    with (
        cluster_of(tmp_path, basic_options(places, 'kombu')) as cluster,
        ThreadPoolExecutor(1) as pool,
    ):
        for component in ('executor', 'scheduler', 'api'):
            member = cluster.add(component)
            member.start()
            member.wait_until_ready()
        rest = cluster.rest
        rest.upload(FORK_JOIN)
        started = pool.submit(rest.start, 'fork_join', {'x': 1})
        cluster.add('notifier')
        cluster.add('engine')
        cluster.start()
        id_ = started.result()
        assert cluster.rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}


@pytest.mark.parametrize('rpc', ['kombu', 'oslo'])
def test_nothing_is_there_yet(
    rpc: str, behind_proxies: Places, database: Proxy, broker: Proxy, tmp_path: Path
) -> None:
    options = merge(basic_options(behind_proxies, rpc), OPTIONS)
    database.cut()
    broker.cut()
    with cluster_of(tmp_path, options) as cluster:
        add_all(cluster)
        for member in cluster.members.values():
            member.start()
        for name in ('engine-1', 'scheduler-1', 'api-1'):
            cluster[name].wait_for_log('Waiting for the database: ')
        cluster['executor-1'].wait_for_log(_BROKER_IS_AWAY[rpc])
        database.mend()
        cluster['engine-1'].wait_for_log('The database is there')
        broker.mend()
        for member in cluster.members.values():
            member.wait_until_ready()
        cluster.rest.upload(FORK_JOIN)
        run_some(cluster.rest)


@pytest.mark.parametrize('rpc', ['kombu', 'oslo'])
def test_all_goes_on_when_things_come_back(
    rpc: str, behind_proxies: Places, database: Proxy, broker: Proxy, tmp_path: Path
) -> None:
    options = merge(basic_options(behind_proxies, rpc), OPTIONS)
    with cluster_of(tmp_path, options) as cluster, ExitStack() as later:
        add_all(cluster)
        cluster.start()
        rest = cluster.rest
        rest.upload(FORK_JOIN)
        run_some(rest)
        broker.cut()
        cluster['executor-1'].wait_for_log(_BROKER_IS_AWAY[rpc])
        pool = later.enter_context(ThreadPoolExecutor(1))
        started = pool.submit(_start_at_last, rest)
        broker.mend()
        started.result()
        database.cut()
        cluster['scheduler-1'].wait_for_log('has to wait: ')
        database.mend()
        started = pool.submit(_start_at_last, rest)
        started.result()
        # Each connection of the API that was idle meanwhile fails once.
        wait_for(lambda: rest.request('GET', '/executions').ok, 'good answer')
        run_some(rest)
        states = rest.wait_until_ended(e['id'] for e in rest.executions())
        assert set(states.values()) == {'SUCCESS'}


_BROKER_IS_AWAY: Final = {'kombu': 'is lost or cannot be made', 'oslo': 'oslo.messaging'}


def _start_at_last(rest: Rest) -> None:
    """Start an execution as soon as the service lets one."""
    body: dict[str, Any] = {'workflow_name': 'fork_join', 'input': '{"x": 1}'}
    while rest.request('POST', '/executions', json=body).status_code != 201:
        continue
