"""A cluster with two event engines, and a service that sends notifications."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from oslo_context.context import RequestContext

from mistral.tests.functional.cluster.cluster import Cluster, running_cluster
from mistral.tests.functional.rpc.buses import configuration
from mistral.tests.functional.service.processes import Options
from mistral.tests.functional.service.rest import Rest

#: emit(event, payload, exchange=, topic=, priority=, context=): sends notifications as other
#: services do.
Emit = Callable[..., None]

WORKFLOW = """
version: '2.0'
told:
  input: [n]
  tasks:
    t: {action: std.noop}
"""


@pytest.fixture(scope='session', autouse=True)
def _clean_up_when_terminated() -> Iterator[None]:
    """SIGTERM ends the tests as Ctrl-C does: nothing is left running."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope='module')
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp('cluster')
    definitions = home / 'event_definitions.yaml'
    definitions.write_text(
        '- event_types: "special.*"\n  properties: {number: <% $.payload.n %>, none: <% $.x.y %>}\n'
    )
    counts = {'engine': 1, 'api': 1, 'event-engine': 2}
    options: Options = {
        'event_engine': {'event_definitions_cfg_file': definitions, 'reload_interval': 0.2},
        # One event engine must not take all there is before the other one has asked.
        'oslo_messaging_rabbit': {'rabbit_qos_prefetch_count': 5},
    }
    with running_cluster(home, 'kombu', 'postgresql', counts, options) as cluster:
        cluster.rest.upload(WORKFLOW)
        yield cluster


@pytest.fixture
def rest(cluster: Cluster) -> Rest:
    return cluster.rest


@pytest.fixture
def emit(cluster: Cluster) -> Iterator[Emit]:
    with sender(str(cluster.options['DEFAULT']['transport_url'])) as emit:
        yield emit


@contextmanager
def sender(url: str) -> Iterator[Emit]:
    """Another service on a message bus."""
    # Not before `configuration` has been imported: it keeps oslo.service from choosing eventlet.
    import oslo_messaging  # noqa: PLC0415

    conf = configuration(url, 'unused')
    transports: dict[str, Any] = {}

    def emit(
        event: str,
        payload: Any,
        *,
        exchange: str = 'nova',
        topic: str = 'notifications',
        priority: str = 'info',
        context: RequestContext | None = None,
    ) -> None:
        if exchange not in transports:
            conf.set_override('control_exchange', exchange)
            transports[exchange] = oslo_messaging.get_notification_transport(conf)
        notifier = oslo_messaging.Notifier(
            transports[exchange], 'compute.host1', driver='messagingv2', topics=[topic]
        )
        getattr(notifier, priority)(context or {}, event, payload)

    yield emit
    for transport in transports.values():
        transport.cleanup()
