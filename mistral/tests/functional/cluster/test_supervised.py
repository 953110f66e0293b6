"""Several processes under one that watches over them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mistral.tests.functional.cluster.cluster import (
    Cluster,
    basic_options,
    cluster_of,
    fresh_places,
)
from mistral.tests.functional.cluster.members import Member
from mistral.tests.functional.service.fork_join import FORK_JOIN
from mistral.tests.waiting import wait_for


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """All components and one engine more, under one process; nothing runs yet."""
    with (
        fresh_places(tmp_path, 'postgresql') as places,
        cluster_of(tmp_path, basic_options(places, 'kombu')) as cluster,
    ):
        cluster.add('all', {'engine': {'workers': 2}})
        yield cluster


@pytest.fixture
def master(cluster: Cluster) -> Member:
    cluster.start()
    master = cluster['all-1']
    wait_for(lambda: master.new_log.count('Engine server started.') == 2, 'engines')
    return master


def run_one(cluster: Cluster) -> None:
    rest = cluster.rest
    id_ = rest.start('fork_join', {'x': 1})
    assert rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}


def count_starts(master: Member) -> int:
    return master.new_log.count('erver started') - master.new_log.count('API server started')


def test_killed_workers_are_started_again(cluster: Cluster, master: Member) -> None:
    cluster.rest.upload(FORK_JOIN)
    run_one(cluster)
    workers = master.processes() - {master.pid}
    assert len(workers) == 7
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    # Notifier, executor, two engines, scheduler and event engine, twice each; the API apart.
    wait_for(lambda: master.new_log.count('API server started') == 2, 'API')
    wait_for(lambda: count_starts(master) == 12, 'all workers')
    run_one(cluster)
    assert master.is_running
    assert len(master.processes()) == 8


def test_sigterm_stops_all(master: Member) -> None:
    workers = master.processes()
    master.terminate()
    assert master.exit_code() == 0
    assert not workers & master.processes()
    assert master.tracebacks == []


def test_workers_do_not_outlive_their_master(master: Member) -> None:
    master.kill()
    wait_for(lambda: not master.processes(), 'end of the workers')


def test_engines_of_one_command(tmp_path: Path) -> None:
    with (
        fresh_places(tmp_path, 'postgresql') as places,
        cluster_of(tmp_path, basic_options(places, 'kombu')) as cluster,
    ):
        for components in ('api,scheduler,notifier', 'executor'):
            cluster.add(components)
        engines = cluster.add('engine', {'engine': {'workers': 2}})
        cluster.start()
        wait_for(lambda: engines.new_log.count('Engine server started.') == 2, 'engines')
        rest = cluster['api,scheduler,notifier-1'].rest
        rest.upload(FORK_JOIN)
        id_ = rest.start('fork_join', {'x': 1})
        assert rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
