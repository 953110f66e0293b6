"""Code of users, and maintenance, where every component is a process of its own."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from mistral.tests.functional.cluster.cluster import PAIRS, Cluster, running_cluster
from mistral.tests.functional.service.rest import Rest
from mistral.tests.functional.service.test_maintenance import Maintenance
from mistral.tests.waiting import wait_for

CODE: Final = """
import os

from mistral_lib import actions

PIDS = [os.getpid()]


class Where(actions.Action):
    def __init__(self, *, tag):
        self.told = (tag, PIDS[0])  # JSON would make a list of it

    def run(self, context):
        assert type(self.told) is tuple
        return os.getpid()
"""

WORKFLOWS: Final = """
version: '2.0'
everywhere:
  output: {pids: <% $.pids %>}
  tasks:
    ask:
      with-items: i in <% range(20) %>
      action: where tag=<% $.i %>
      publish: {pids: <% task().result %>}
steps:
  tasks:
    a: {action: std.sleep seconds=1, on-success: b}
    b: {action: std.sleep seconds=1, on-success: c}
    c: {workflow: below}
below:
  tasks:
    a: {action: std.sleep seconds=1, on-success: b}
    b: {action: std.noop}
"""

ADMIN: Final = {'X-Roles': 'admin'}


@pytest.fixture(scope='module')
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp('cluster')
    with running_cluster(home, 'kombu', 'postgresql', {**PAIRS, 'scheduler': 2}) as cluster:
        cluster.rest.upload(WORKFLOWS)
        yield cluster
        assert cluster.tracebacks == {}


def test_code_runs_in_executors_only(cluster: Cluster) -> None:
    rest = cluster.rest
    text = {**ADMIN, 'Content-Type': 'text/plain'}
    rest.call('POST', '/code_sources?name=places', data=CODE, headers=text)
    body = {'name': 'where', 'class_name': 'Where', 'code_source_name': 'places'}
    rest.call('POST', '/dynamic_actions', json=body, headers=ADMIN)
    id_ = rest.start('everywhere')
    assert rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    executors = {cluster[f'executor-{number}'].pid for number in (1, 2)}
    assert set(rest.execution(id_)['output']['pids']) <= executors


def test_everything_pauses_and_goes_on(cluster: Cluster) -> None:
    rest = cluster.rest
    maintenance = Maintenance(rest)
    ids = [rest.start('steps') for _ in range(30)]
    maintenance('PAUSED')
    wait_for(lambda: maintenance() == 'PAUSED', 'rest')
    paused = states(rest, ids)
    assert set(paused.values()) <= {'PAUSED', 'SUCCESS'}
    assert 'PAUSED' in paused.values()

    maintenance('RUNNING')
    assert set(rest.wait_until_ended(ids).values()) == {'SUCCESS'}
    assert {len(rest.tasks(id_)) for id_ in ids} == {3}


def states(rest: Rest, ids: list[str]) -> dict[Any, Any]:
    return {each['id']: each['state'] for each in rest.executions() if each['id'] in ids}
