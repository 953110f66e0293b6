"""Authentication where API, engine and executor are processes of their own, and under WSGI."""

import pytest

from mistral.tests.functional.auth.keystone_server import ALICE, BOB
from mistral.tests.functional.auth.users import UserRest
from mistral.tests.functional.cluster.cluster import SMALL, running_cluster
from mistral.tests.functional.service.wsgi import WsgiServer
from mistral.tests.waiting import wait_for

WORKFLOWS = """
version: '2.0'
whoami:
  input: [stumble: null]
  output: {me: <% $.me %>}
  tasks:
    ask:
      action: test.whoami
      input: {stumble: <% $.stumble %>}
      retry: {count: 2, delay: 1}
      publish: {me: <% task().result %>}
patient:
  output: {me: <% $.me %>}
  tasks:
    wait: {action: std.async_noop, on-success: ask}
    ask: {action: test.whoami, publish: {me: <% task().result %>}}
"""


@pytest.fixture(scope='module', params=['kombu'])
def cluster(request, keystone, _whoami, tmp_path_factory):
    home = tmp_path_factory.mktemp('cluster')
    with running_cluster(home, request.param, 'postgresql', SMALL, keystone.options) as cluster:
        yield cluster
        assert cluster.tracebacks == {}


@pytest.fixture(scope='module')
def alice(cluster, keystone):
    user = UserRest(cluster.rest.url, keystone.token(ALICE))
    user.upload(WORKFLOWS)
    return user


def test_token_is_needed(cluster, keystone):
    assert cluster.rest.request('GET', '/workflows').status_code == 401
    bob = UserRest(cluster.rest.url, keystone.token(BOB))
    assert list(bob.items('/workflows')) == []


def test_executor_gets_the_token(alice, tmp_path):
    me = alice.run('whoami', stumble=str(tmp_path / 'once'))['output']['me']
    assert (me['user'], me['projects']) == ('alice', ['first'])
    assert 'identity' in me['context']['catalog']


def test_another_engine_gets_it_too(cluster, alice):
    id_ = alice.start('patient')
    cluster['engine-1'].restart()
    (waiting,) = alice.actions(alice.task(id_, 'wait')['id'])
    alice.answer(waiting['id'])
    assert alice.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert alice.execution(id_)['output']['me']['user'] == 'alice'


def test_trigger_of_another_process(cluster, alice, keystone):
    before = set(keystone.trusts())
    body = {'name': 'ct', 'workflow_name': 'whoami', 'pattern': '* * * * * *'}
    trigger = alice.call('POST', '/cron_triggers', json=body)
    (trust,) = set(keystone.trusts()) - before

    def started():
        found = alice.items('/executions?fields=id,description')
        return next((e['id'] for e in found if trigger['id'] in (e['description'] or '')), None)

    id_ = wait_for(started, 'execution')
    assert alice.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert alice.execution(id_)['output']['me']['context']['trust_id'] == trust
    alice.call('DELETE', f'/cron_triggers/{trigger["id"]}')
    assert trust not in keystone.trusts()


def test_wsgi(keystone, tmp_path):
    options = {
        **keystone.options,
        'database': {'connection': f'sqlite:///{tmp_path}/mistral.sqlite'},
    }
    server = WsgiServer(tmp_path, options)
    try:
        server.launch()
        url = server.url()
        user = UserRest(url, keystone.token(ALICE))
        assert list(user.items('/workflows')) == []
        assert UserRest(url, 'wrong').request('GET', '/workflows').status_code == 401
    finally:
        server.erase()
