"""Engines and the API die in the middle of the work of many executions."""

import random
from collections.abc import Iterator
from typing import Final

import pytest

from mistral.tests.functional.cluster.cluster import PAIRS, Cluster, merge, running_cluster
from mistral.tests.functional.service.fork_join import FORK_JOIN, assert_all_ran_once
from mistral.tests.functional.service.rest import Rest
from mistral.tests.functional.service.test_crashes import (
    DELAYS,
    FINISHED_WORKS,
    ITEMS,
    SUBWORKFLOWS,
)
from mistral.tests.waiting import wait_for_more

EXECUTIONS: Final = 60

#: What an engine leaves behind is found soon.
OPTIONS: Final = merge(
    {'DEFAULT': {'rpc_response_timeout': 10}}, {'scheduler': {'pickup_job_after': 2}}
)


@pytest.fixture(scope='module')
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp('cluster')
    with running_cluster(home, 'kombu', 'mariadb', PAIRS, OPTIONS) as cluster:
        for definition in (FORK_JOIN, ITEMS, SUBWORKFLOWS, DELAYS):
            cluster.rest.upload(definition)
        yield cluster
        assert cluster.tracebacks == {}


def ended(rest: Rest) -> int:
    return len(rest.executions('SUCCESS'))


def test_forks_and_joins(cluster: Cluster) -> None:
    chance = random.Random(3)
    rest = cluster.rest
    ids = [rest.start('fork_join', {'x': x}) for x in range(EXECUTIONS)]
    for number in (1, 2, 1):
        wait_for_more(lambda: ended(rest), chance.randint(1, 10), EXECUTIONS)
        cluster[f'engine-{number}'].restart()
    assert set(rest.wait_until_ended(ids).values()) == {'SUCCESS'}
    assert_all_ran_once(rest)


def test_works_of_several_steps(cluster: Cluster) -> None:
    """Timers and messages between executions outlive their engine."""
    rest = cluster.rest
    outputs = {
        rest.start(name): output for _ in range(4) for name, output in FINISHED_WORKS.items()
    }
    for number in (1, 2):
        cluster[f'engine-{number}'].restart()
    assert set(rest.wait_until_ended(outputs).values()) == {'SUCCESS'}
    assert {id_: rest.execution(id_)['output'] for id_ in outputs} == outputs


def test_the_api_is_not_needed_to_go_on(cluster: Cluster) -> None:
    rest = cluster.rest
    ids = [rest.start(name) for _ in range(4) for name in FINISHED_WORKS]
    cluster['api-1'].restart()
    assert set(cluster.rest.wait_until_ended(ids).values()) == {'SUCCESS'}
