"""Clusters for the tests."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mistral.tests.functional.cluster.cluster import Cluster, running_cluster
from mistral.tests.unit.utils.http_server import Server, serve

#: start_cluster(rpc, database, counts, options): see `running_cluster`.
StartCluster = Callable[..., Cluster]


@pytest.fixture(scope='session', autouse=True)
def _clean_up_when_terminated() -> Iterator[None]:
    """SIGTERM ends the tests as Ctrl-C does: nothing is left running."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def start_cluster(tmp_path: Path) -> Iterator[StartCluster]:
    with ExitStack() as clusters:

        def start(*arguments: Any) -> Cluster:
            return clusters.enter_context(running_cluster(tmp_path, *arguments))

        yield start


@pytest.fixture
def web() -> Iterator[Server]:
    """A web server in the test process, for actions and webhooks."""
    with serve() as server:
        yield server
