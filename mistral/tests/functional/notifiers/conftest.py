"""A cluster with two notifiers, and receivers of webhooks that behave as they like."""

import json
import signal
from collections.abc import Iterator
from typing import Any, Final

import pytest

from mistral.tests.functional.cluster.cluster import Cluster, running_cluster
from mistral.tests.functional.service.rest import Rest
from mistral.tests.unit.utils.http_server import Answer, Received, Server, serve

WORKFLOW: Final = """
version: '2.0'
told:
  tasks:
    a: {action: std.noop, on-success: b}
    b: {action: std.noop}
"""

#: What is told about an execution of it, in this order.
EVENTS: Final = [
    ('told', 'WORKFLOW_LAUNCHED'),
    ('a', 'TASK_LAUNCHED'),
    ('a', 'TASK_SUCCEEDED'),
    ('b', 'TASK_LAUNCHED'),
    ('b', 'TASK_SUCCEEDED'),
    ('told', 'WORKFLOW_SUCCEEDED'),
]


@pytest.fixture(scope='session', autouse=True)
def _clean_up_when_terminated() -> Iterator[None]:
    """SIGTERM ends the tests as Ctrl-C does: nothing is left running."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope='module')
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp('cluster')
    counts = {'notifier': 2, 'engine': 1, 'api': 1}
    options = {'notifier': {'retry_max_delay': 2}}
    with running_cluster(home, 'kombu', 'postgresql', counts, options) as cluster:
        cluster.rest.upload(WORKFLOW)
        yield cluster


@pytest.fixture
def rest(cluster: Cluster) -> Rest:
    return cluster.rest


class Receiver:
    """One path of a web server. `news` are the events that it has taken in."""

    def __init__(self, web: Server, path: str) -> None:
        self.entry: dict[str, Any] = {'type': 'webhook', 'url': web.url + path}
        self.attempts: list[dict[str, Any]] = []
        self.news: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        web.answers[path] = self._answer

    def respond(self, number: int) -> int:
        """The status of the answer to the attempt of that number; it may take its time."""
        return 200

    def of(self, *execution_ids: str) -> list[tuple[str, str]]:
        """Names and events of the executions."""
        return [(e['name'], e['event']) for e in self.news if execution_of(e) in execution_ids]

    def has_heard_of(self, *execution_ids: str) -> bool:
        ended = {e['id'] for e in self.news if e['event'] == 'WORKFLOW_SUCCEEDED'}
        return ended >= set(execution_ids)

    def _answer(self, request: Received) -> Answer:
        event = json.loads(request.body)
        self.attempts.append(event)
        status = self.respond(len(self.attempts))
        if status == 200:
            self.news.append(event)
            self.headers.append(request.headers)
            self.bodies.append(request.body)
        return Answer(status, b'out of order' if status != 200 else b'')


def execution_of(event: dict[str, Any]) -> str:
    return event.get('workflow_execution_id') or event['id']


@pytest.fixture
def web() -> Iterator[Server]:
    with serve() as server:
        yield server
