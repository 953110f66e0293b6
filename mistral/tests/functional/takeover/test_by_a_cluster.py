"""Separate processes take work over as one process does; nobody has to ask for anything."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from mistral.tests.functional.cluster.cluster import (
    PAIRS,
    SHORT_HEARTBEATS,
    Cluster,
    Places,
    basic_options,
    cluster_of,
    merge,
    migrate,
)
from mistral.tests.functional.conftest import empty_database
from mistral.tests.functional.rpc.buses import virtual_host
from mistral.tests.functional.rpc.conftest import BROKER
from mistral.tests.functional.takeover import delayed, running
from mistral.tests.functional.takeover.conftest import load_dump
from mistral.tests.functional.takeover.stories import ANY, nothing

#: Jobs that no engine has made are soon noticed.
OPTIONS: Final = {**SHORT_HEARTBEATS, 'scheduler': {'pickup_job_after': 1}}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with (
        empty_database('mariadb', tmp_path) as database_url,
        virtual_host(BROKER.partition(':')[0]) as vhost,
    ):
        load_dump(database_url)
        migrate(tmp_path, database_url)
        places = Places(database_url, f'rabbit://{BROKER}/{vhost}')
        with cluster_of(tmp_path, merge(basic_options(places, 'kombu'), OPTIONS)) as cluster:
            for component, count in PAIRS.items():
                for _ in range(count):
                    cluster.add(component)
            cluster.start()
            yield cluster


def test_all_that_needs_nobody_ends(cluster: Cluster, answers: Mapping[str, Any]) -> None:
    ids = answers['ids']
    outputs = dict.fromkeys(ids['busy'].values(), running.BUSY_OUTPUT)
    for story in delayed.STORIES:
        if story.go_on is nothing and story.output is not ANY:
            for group in ('delayed', 'delayed, default scheduler'):
                outputs[ids[group][story.name]] = story.output
    rest = cluster.rest
    killed = ids['killed']
    states = rest.wait_until_ended({*outputs, *killed.values()})
    assert states.pop(killed['calling']) == 'ERROR'
    assert set(states.values()) == {'SUCCESS'}
    assert {id_: rest.execution(id_)['output'] for id_ in outputs} == outputs
