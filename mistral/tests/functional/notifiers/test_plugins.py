"""Publishers and notifiers of other packages, written for Mistral 23, and the log as a file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mistral.tests.functional.cluster.cluster import (
    Cluster,
    running_cluster,
    variables_for_plugins,
)
from mistral.tests.functional.notifiers.conftest import EVENTS, WORKFLOW
from mistral.tests.functional.service.processes import Options
from mistral.tests.waiting import wait_for

MODULE = """
import json, os
from mistral.notifiers import base

def write(kind, event, **more):
    with open(os.environ['PLUGIN_OUTPUT'], 'a') as file:
        file.write(json.dumps({'kind': kind, 'event': event, **more}) + '\\n')

class Publisher(base.NotificationPublisher):
    def publish(self, ctx, ex_id, data, event, timestamp, **kwargs):
        write('publisher', event, name=data['name'], colour=kwargs['colour'])

class Notifier(base.Notifier):
    def notify(self, ex_id, data, event, timestamp, publishers):
        write('notifier', event, name=data['name'], publishers=publishers)
"""
ENTRY_POINTS = """
[mistral.notification.publishers]
acme = acme_notifications:Publisher

[mistral.notifiers]
acme = acme_notifications:Notifier
"""


@pytest.fixture
def plugin(tmp_path: Path) -> dict[str, str]:
    """Variables with which processes find the package."""
    package = tmp_path / 'package'
    info = package / 'acme_notifications-1.0.dist-info'
    info.mkdir(parents=True)
    (package / 'acme_notifications.py').write_text(MODULE)
    (info / 'METADATA').write_text(
        'Metadata-Version: 2.1\nName: acme-notifications\nVersion: 1.0\n'
    )
    (info / 'entry_points.txt').write_text(ENTRY_POINTS)
    return {**variables_for_plugins(package), 'PLUGIN_OUTPUT': str(tmp_path / 'output')}


@pytest.fixture(params=['remote', 'acme'])
def cluster(
    request: pytest.FixtureRequest, tmp_path: Path, plugin: dict[str, str]
) -> Iterator[tuple[str, Cluster]]:
    counts = {'engine': 1, 'api': 1}
    if request.param == 'remote':
        counts['notifier'] = 1
    options: Options = {
        'notifier': {'type': request.param, 'log_file': tmp_path / 'events.log'},
    }
    arguments = (tmp_path, 'kombu', 'postgresql', counts, options, plugin)
    with running_cluster(*arguments) as cluster:
        cluster.rest.upload(WORKFLOW)
        yield request.param, cluster


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_plugins(cluster: tuple[str, Cluster], tmp_path: Path) -> None:
    kind, running = cluster
    notify = [{'type': 'acme', 'colour': 'green'}, {'type': 'log'}]
    running.rest.start('told', notify=notify)
    if kind == 'remote':
        wait_for(lambda: len(lines(tmp_path / 'events.log')) == len(EVENTS), 'lines of the log')
        logged = [(line['name'], line['event']) for line in lines(tmp_path / 'events.log')]
        assert logged == EVENTS
        expected = [
            {'kind': 'publisher', 'event': event, 'name': name, 'colour': 'green'}
            for name, event in EVENTS
        ]
        wait_for(lambda: lines(tmp_path / 'output') == expected, 'events', 20)
        return
    wait_for(lambda: len(lines(tmp_path / 'output')) == 2 * len(EVENTS), 'events')
    for entry in notify:
        own = [line for line in lines(tmp_path / 'output') if line['publishers'] == [entry]]
        assert [(line['name'], line['event']) for line in own] == EVENTS
    assert not (tmp_path / 'events.log').exists()
