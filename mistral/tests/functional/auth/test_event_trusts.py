"""Events start the workflows of a project, in the name of whoever has made the trigger."""

from collections.abc import Iterator

import pytest
from oslo_context.context import RequestContext

from mistral.tests.functional.auth.keystone_server import ALICE, BOB
from mistral.tests.functional.auth.test_trusts import WORKFLOWS, executions_of
from mistral.tests.functional.event_engine.conftest import Emit, sender
from mistral.tests.functional.rpc.buses import virtual_host
from mistral.tests.functional.rpc.conftest import BROKER
from mistral.tests.functional.service.processes import Options
from mistral.tests.waiting import wait_for


@pytest.fixture(scope='module')
def bus() -> Iterator[str]:
    """The URL of a message bus for notifications alone."""
    with virtual_host(BROKER.partition(':')[0]) as vhost:
        yield f'rabbit://{BROKER}/{vhost}'


@pytest.fixture(scope='module')
def server_options(bus: str) -> Options:
    return {'oslo_messaging_notifications': {'transport_url': bus}}


@pytest.fixture
def emit(bus: str) -> Iterator[Emit]:
    with sender(bus) as emit:
        yield emit


def create_trigger(user):
    user.upload(WORKFLOWS)
    workflow = user.call('GET', '/workflows/whoami')
    event = {'exchange': 'nova', 'topic': 'notifications', 'event': 'compute.start'}
    body = {'name': 'et', 'workflow_id': workflow['id'], **event}
    return user.call('POST', '/event_triggers', json=body)


def test_event_is_for_its_project_and_acts_for_the_maker(server, login, keystone, emit):
    maker = login(ALICE)
    trigger = create_trigger(maker)
    of_others = create_trigger(login(BOB))
    keystone.revoke(maker.token)
    wait_for(lambda: 'Listens to exchange nova' in server.log, 'listener')

    emit('compute.start', {}, context=RequestContext(project_id=keystone.project_ids['first']))
    alice = login(ALICE)
    (execution,) = wait_for(lambda: executions_of(alice, trigger), 'execution')
    assert alice.wait_until_ended([execution['id']]) == {execution['id']: 'SUCCESS'}
    me = alice.execution(execution['id'])['output']['me']
    assert (me['user'], me['projects']) == ('alice', ['first'])
    assert me['context']['is_trust_scoped'] is True
    assert executions_of(login(BOB), of_others) == []
