"""A service that is one process has an event engine if it is told of a message bus."""

import json
from pathlib import Path

from mistral.tests.functional.event_engine.conftest import WORKFLOW, sender
from mistral.tests.functional.rpc.buses import virtual_host
from mistral.tests.functional.rpc.conftest import BROKER
from mistral.tests.functional.service.conftest import running_server
from mistral.tests.functional.service.processes import Options
from mistral.tests.waiting import wait_for


def test_with_a_bus_for_notifications(tmp_path: Path) -> None:
    with virtual_host(BROKER.partition(':')[0]) as vhost:
        url = f'rabbit://{BROKER}/{vhost}'
        options: Options = {'oslo_messaging_notifications': {'transport_url': url}}
        with running_server(tmp_path, options=options) as server, sender(url) as emit:
            rest = server.rest
            rest.upload(WORKFLOW)
            trigger = {
                'workflow_id': rest.call('GET', '/workflows/told')['id'],
                'exchange': 'nova',
                'topic': 'notifications',
                'event': 'go',
                'workflow_input': {'n': '<% $.payload %>'},
            }
            rest.call('POST', '/event_triggers', json=trigger)
            wait_for(lambda: 'Listens to exchange nova' in server.log, 'listener')
            emit('go', 5)
            (execution,) = wait_for(rest.executions, 'execution')
            rest.wait_until_ended([execution['id']])
            assert json.loads(rest.call('GET', f'/executions/{execution["id"]}')['input']) == {
                'n': 5
            }
            assert BROKER.partition('@')[0] not in server.log


def test_without_one(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        assert 'Event triggers start nothing: there is no message bus' in server.log
