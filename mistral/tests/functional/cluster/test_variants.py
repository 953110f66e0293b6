"""Ways to run components that are not the usual ones."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import make_url

from mistral.tests.functional.cluster.cluster import (
    SMALL,
    basic_options,
    cluster_of,
    free_port,
    fresh_places,
    merge,
)
from mistral.tests.functional.cluster.conftest import StartCluster
from mistral.tests.functional.service.proxy import proxy_to
from mistral.tests.functional.service.test_crashes import (
    DELAYS,
    FINISHED_WORKS,
    ITEMS,
    SUBWORKFLOWS,
)
from mistral.tests.functional.service.test_notifications import WORKFLOW, told
from mistral.tests.unit.utils.http_server import Answer, Server
from mistral.tests.waiting import wait_for

#: Processes and options.
VARIANTS: Final[Mapping[str, tuple[dict[str, int], dict[str, dict[str, Any]]]]] = {
    'local': (
        {'engine': 2, 'scheduler': 1, 'api': 1},
        {'executor': {'type': 'local'}, 'notifier': {'type': 'local'}},
    ),
    'eventlet': (SMALL, {'executor': {'concurrency_model': 'eventlet'}}),
}


@pytest.mark.parametrize('variant', VARIANTS)
def test_variant(variant: str, start_cluster: StartCluster, web: Server) -> None:
    counts, options = VARIANTS[variant]
    cluster = start_cluster('kombu', 'postgresql', counts, options)
    rest = cluster.rest
    for definition in (ITEMS, SUBWORKFLOWS, DELAYS, WORKFLOW):
        rest.upload(definition)
    web.answers['/told'] = Answer()
    last = rest.start('told', notify=[{'type': 'webhook', 'url': f'{web.url}/told'}])
    outputs = {rest.start(name): output for name, output in FINISHED_WORKS.items()}
    assert set(rest.wait_until_ended([*outputs, last]).values()) == {'SUCCESS'}
    assert {id_: rest.execution(id_)['output'] for id_ in outputs} == outputs
    wait_for(lambda: len(told(web, '/told')) >= len(told_names()), 'news')
    assert cluster.tracebacks == {}


def told_names() -> list[str]:
    """Executions and tasks of the workflow that is told about: each begins and ends."""
    return ['told', 'a', 'b', 'c', 'told_child', 'd'] * 2


def test_health_and_metrics(tmp_path: Path) -> None:
    with ExitStack() as stack:
        places = stack.enter_context(fresh_places(tmp_path, 'postgresql'))
        url = make_url(places.database_url)
        parts = urlsplit(places.broker_url)
        database = stack.enter_context(proxy_to(str(url.host), url.port or 5432))
        broker = stack.enter_context(proxy_to(str(parts.hostname), parts.port or 5672))
        near = url.set(host='127.0.0.1', port=database.port)
        user = parts.netloc.rpartition('@')[0]
        port = free_port()
        options = merge(
            basic_options(places, 'kombu'),
            {
                'DEFAULT': {
                    'transport_url': parts._replace(
                        netloc=f'{user}@127.0.0.1:{broker.port}'
                    ).geturl()
                },
                'database': {'connection': near.render_as_string(hide_password=False)},
                'monitoring': {'port': port},
            },
        )
        cluster = stack.enter_context(cluster_of(tmp_path, options))
        cluster.add('engine')
        database.cut()
        cluster['engine-1'].start()
        cluster['engine-1'].wait_for_log('Waiting for the database')
        assert 'database' in troubles(port)
        database.mend()
        cluster['engine-1'].wait_until_ready()
        wait_for(lambda: not troubles(port), 'good health')
        broker.cut()
        wait_for(lambda: troubles(port) == {'message bus'}, 'trouble of the message bus')
        database.cut()
        wait_for(lambda: troubles(port) == {'message bus', 'database'}, 'trouble of both')
        broker.mend()
        database.mend()
        wait_for(lambda: not troubles(port), 'good health')
        metrics = requests.get(f'http://127.0.0.1:{port}/metrics', timeout=10)
        assert 'mistral_' in metrics.text


def troubles(port: int) -> set[str]:
    """The parts of a process that are not well; the status tells the same."""
    answer = requests.get(f'http://127.0.0.1:{port}/healthcheck', timeout=10)
    found = {part for part, state in answer.json().items() if state != 'OK'}
    assert answer.status_code == (503 if found else 200)
    return found
