"""A running service is brought to rest for maintenance and goes on afterwards."""

from typing import Any, Final

import pytest

from mistral.tests.functional.service.conftest import StartServer
from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for

WORKFLOWS: Final = """
version: '2.0'
items:
  tasks:
    sleep:
      with-items: i in <% range(8) %>
      concurrency: 2
      action: std.sleep seconds=1
      on-success: after
    after: {action: std.noop}
parent:
  tasks:
    child: {workflow: asking}
asking:
  tasks:
    ask: {action: std.async_noop, on-success: after}
    after: {action: std.noop}
"""


class Maintenance:
    def __init__(self, rest: Rest) -> None:
        self._rest = Rest(rest.url.removesuffix('/v2'))

    def __call__(self, wanted: str | None = None) -> str:
        """Ask for a status, or what it is."""
        if wanted is None:
            return str(self._rest.call('GET', '/maintenance')['status'])
        return str(self._rest.call('PUT', '/maintenance', json={'status': wanted})['status'])

    def wait_until_paused(self) -> None:
        wait_for(lambda: self() == 'PAUSED', 'rest')


def states(rest: Rest) -> set[str]:
    return {each['state'] for each in rest.executions()}


def action_of(rest: Rest, execution_id: str) -> Any:
    (action,) = rest.actions(rest.task(execution_id, 'ask')['id'])
    return action


@pytest.mark.parametrize('restart', [False, True], ids=['goes on', 'is restarted'])
def test_everything_pauses_and_goes_on(start_server: StartServer, restart: bool) -> None:
    server = start_server()
    rest, maintenance = server.rest, Maintenance(server.rest)
    rest.upload(WORKFLOWS)
    by_user = rest.start('asking')
    rest.call('PUT', f'/executions/{by_user}', json={'state': 'PAUSED'})
    parent, items = rest.start('parent'), rest.start('items')

    def child() -> Any:
        found = [each for each in rest.executions() if each['id'] not in (by_user, parent, items)]
        return found[0]['id'] if found else None

    asking = wait_for(child, 'child')
    assert maintenance() == 'RUNNING'
    assert maintenance('PAUSED') == 'PAUSING'
    refused = rest.request('POST', '/executions', json={'workflow_name': 'items'})
    assert (refused.status_code, refused.reason) == (423, 'Locked')

    # Actions that wait for their results keep the service from coming to rest.
    wait_for(lambda: states(rest) == {'PAUSED'}, 'pause')
    rest.answer(action_of(rest, asking)['id'])
    assert maintenance() == 'PAUSING'
    rest.answer(action_of(rest, by_user)['id'])
    maintenance.wait_until_paused()
    assert rest.execution(parent)['state_info'] == 'Paused for maintenance of the service'
    assert rest.request('PUT', f'/executions/{items}', json={'state': 'RUNNING'}).status_code == 423
    if restart:
        server.stop()
        server.start()
        rest, maintenance = server.rest, Maintenance(server.rest)
        assert maintenance() == 'PAUSED'
        assert states(rest) == {'PAUSED'}

    assert maintenance('RUNNING') == 'RUNNING'
    assert rest.wait_until_ended([parent, items]) == {parent: 'SUCCESS', items: 'SUCCESS'}
    assert rest.execution(by_user)['state'] == 'PAUSED'


def test_executions_can_be_cancelled_meanwhile(start_server: StartServer) -> None:
    rest = start_server().rest
    maintenance = Maintenance(rest)
    rest.upload(WORKFLOWS)
    id_ = rest.start('asking')
    maintenance('PAUSED')
    wait_for(lambda: rest.execution(id_)['state'] == 'PAUSED', 'pause')
    body = {'state': 'CANCELLED', 'state_info': "It's not needed any more."}
    rest.call('PUT', f'/executions/{id_}', json=body)
    # What it has left behind is nobody's work any more.
    maintenance.wait_until_paused()
    maintenance('RUNNING')
    assert rest.execution(id_)['state'] == 'CANCELLED'
