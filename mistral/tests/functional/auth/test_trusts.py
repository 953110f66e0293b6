"""Triggers act in the name of whoever has made them, when his token is long gone."""

import json
from contextlib import closing

import pytest
from sqlalchemy import create_engine, text

from mistral.tests.functional.auth.keystone_server import ALICE, ANNA
from mistral.tests.functional.auth.users import UserRest
from mistral.tests.waiting import wait_for

WORKFLOWS = """
version: '2.0'
whoami:
  output: {me: <% $.me %>, caller: <% $.openstack %>}
  tasks:
    ask: {action: test.whoami, publish: {me: <% task().result %>}}
patient:
  output: {me: <% $.me %>}
  tasks:
    wait: {action: std.async_noop, on-success: ask}
    ask: {action: test.whoami, publish: {me: <% task().result %>}}
"""

EVERY_SECOND = '* * * * * *'
NEVER = '0 0 1 1 *'


@pytest.fixture(scope='module', autouse=True)
def _workflows(alice):
    alice.upload(WORKFLOWS)


@pytest.fixture(autouse=True)
def _nothing_is_left(alice, keystone):
    """Each test begins and ends without triggers and trusts."""
    for trust_id in keystone.trusts():
        keystone.admin.trusts.delete(trust_id)
    yield
    for kind in ('cron_triggers', 'event_triggers'):
        for trigger in list(alice.items(f'/{kind}?fields=id,name')):
            alice.call('DELETE', f'/{kind}/{trigger["id"]}')
    running = [e['id'] for e in alice.executions('RUNNING')]
    for id_ in running:
        alice.call('PUT', f'/executions/{id_}', json={'state': 'CANCELLED'})
    wait_for(lambda: not keystone.trusts(), 'end of all trusts')


def create(user, workflow='whoami', **changes):
    body = {'name': 'ct', 'workflow_name': workflow, 'pattern': EVERY_SECOND, **changes}
    return user.call('POST', '/cron_triggers', json=body)


def executions_of(user, trigger):
    """What a trigger has started."""
    found = user.items('/executions?fields=id,state,description')
    return [e for e in found if trigger['id'] in (e['description'] or '')]


def first_execution(user, trigger):
    return wait_for(lambda: executions_of(user, trigger), 'execution')[-1]['id']


def test_trigger_acts_for_its_maker_after_his_token_was_revoked(login, alice, keystone):
    maker = login(ALICE)
    trigger = create(maker)
    keystone.revoke(maker.token)
    (trust,) = keystone.trusts()

    id_ = first_execution(alice, trigger)
    assert alice.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    output = alice.execution(id_)['output']
    me = output['me']
    assert (me['user'], me['projects']) == ('alice', ['first'])
    assert me['context']['is_trust_scoped'] is True
    assert me['context']['trust_id'] == trust
    assert me['context']['catalog'] == []
    caller = output['caller']
    assert (caller['user_id'], caller['project_id']) == (
        keystone.user_ids['alice'],
        keystone.project_ids['first'],
    )
    assert (caller['roles'], caller['is_admin'], caller['auth_token']) == ([], False, '***')

    alice.call('DELETE', f'/cron_triggers/{trigger["id"]}')
    assert keystone.trusts() == []


def test_trust_is_what_the_contract_says(alice, keystone):
    create(alice, pattern=NEVER)
    (trust_id,) = keystone.trusts()
    trust = keystone.admin.trusts.get(trust_id)
    assert trust.impersonation is True
    assert trust.trustor_user_id == keystone.user_ids['alice']
    assert trust.trustee_user_id == keystone.user_ids['mistral']
    assert trust.project_id == keystone.project_ids['first']
    assert 'member' in [role['name'] for role in trust.roles]
    assert trust.expires_at is None


def test_trust_stays_until_the_last_execution_has_ended(alice, keystone):
    trigger = create(alice, 'patient', remaining_executions=1)
    id_ = first_execution(alice, trigger)
    gone = f'/cron_triggers/{trigger["id"]}'
    wait_for(lambda: alice.status('GET', gone) == 404, 'end of the trigger')
    assert len(keystone.trusts()) == 1

    (waiting,) = alice.actions(alice.task(id_, 'wait')['id'])
    alice.answer(waiting['id'])
    assert alice.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert alice.execution(id_)['output']['me']['user'] == 'alice'
    wait_for(lambda: not keystone.trusts(), 'end of the trust')


def test_another_member_may_delete_the_trigger_and_with_it_the_trust(login, alice, keystone):
    trigger = create(alice, pattern=NEVER)
    assert len(keystone.trusts()) == 1
    login(ANNA).call('DELETE', f'/cron_triggers/{trigger["id"]}')
    assert keystone.trusts() == []


@pytest.mark.parametrize(
    ('changes', 'status'),
    [
        ({'workflow_name': 'nope'}, 404),
        ({'pattern': 'x'}, 400),
        ({'workflow_input': '{"unknown": 1}'}, 400),
        ({'scope': 'public'}, 403),
        ({}, 409),
    ],
)
def test_trigger_that_is_refused_leaves_no_trust(alice, keystone, changes, status):
    create(alice, pattern=NEVER)
    kept = keystone.trusts()
    body = {'name': 'ct', 'workflow_name': 'whoami', 'pattern': '0 0 2 1 *', **changes}
    assert alice.status('POST', '/cron_triggers', json=body) == status
    assert keystone.trusts() == kept


def test_token_that_cannot_be_passed_on_makes_no_trigger(server, alice, keystone):
    """Keystone does not let a token that rests on a trust be the base of another one."""
    create(alice, pattern=NEVER)
    (trust_id,) = keystone.trusts()
    user = UserRest(server.rest.url, keystone.token_by_trust(trust_id))
    body = {'name': 'second', 'workflow_name': 'whoami', 'pattern': EVERY_SECOND}
    answer = user.request('POST', '/cron_triggers', json=body)
    assert answer.status_code == 403
    assert 'Keystone does not let a trust be made' in answer.json()['faultstring']
    assert user.status('GET', '/cron_triggers/second') == 404
    assert keystone.trusts() == [trust_id]


def test_occurrence_without_its_trust_is_lost(server, alice, keystone):
    trigger = create(alice)
    (trust_id,) = keystone.trusts()
    keystone.admin.trusts.delete(trust_id)
    message = f'Failed to process cron trigger [name=ct, id={trigger["id"]}]: Keystone gives no'
    wait_for(lambda: message in server.log, 'complaint')


def test_event_trigger_has_a_trust_too(alice, keystone):
    workflow = alice.call('GET', '/workflows/whoami')
    event = {'exchange': 'openstack', 'topic': 'notifications', 'event': 'compute.start'}
    body = {'name': 'et', 'workflow_id': workflow['id'], **event}
    trigger = alice.call('POST', '/event_triggers', json=body)
    kept = keystone.trusts()
    assert len(kept) == 1
    assert alice.status('POST', '/event_triggers', json=body) == 409
    alice.call('PUT', f'/event_triggers/{trigger["id"]}', json={'name': 'renamed'})
    assert keystone.trusts() == kept
    alice.call('DELETE', f'/event_triggers/{trigger["id"]}')
    assert keystone.trusts() == []


def test_who_a_trigger_acts_for_is_told_nobody(alice, home):
    """Neither the API nor the database tell the token of a trust."""
    trigger = create(alice, 'patient')
    assert 'trust_id' not in trigger
    first_execution(alice, trigger)
    alice.call('DELETE', f'/cron_triggers/{trigger["id"]}')
    with (
        closing(create_engine(f'sqlite:///{home}/mistral.sqlite').connect()) as connection,
    ):
        stored = connection.execute(text('SELECT content FROM execution_callers')).scalars().all()
    assert stored
    assert all(content.startswith('sealed:') for content in stored)
    assert 'auth_token' not in json.dumps(stored)
