"""What triggers have started goes on when all tokens of their makers have expired by themselves."""

from collections.abc import Iterator

import pytest

from mistral.tests.functional.auth.keystone_server import ALICE, KeystoneServer, running_keystone
from mistral.tests.functional.auth.test_trusts import (
    WORKFLOWS,
    create,
    executions_of,
    first_execution,
)
from mistral.tests.functional.auth.users import UserRest
from mistral.tests.waiting import wait_for

#: Seconds. It has to suffice for the few requests that the test makes with one token.
LIFETIME = 15


@pytest.fixture(scope='module')
def keystone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeystoneServer]:
    with running_keystone(tmp_path_factory.mktemp('keystone'), LIFETIME) as keystone:
        yield keystone


def test_tokens_expire_but_triggers_go_on(login):
    maker = login(ALICE)
    maker.upload(WORKFLOWS)
    often = create(maker, name='often')
    once = create(maker, 'patient', name='once', remaining_executions=1)
    patient = first_execution(login(ALICE), once)
    later = login(ALICE)
    wait_until_expired(maker)
    wait_until_expired(later)

    known = {execution['id'] for execution in executions_of(login(ALICE), often)}

    def started() -> set[str]:
        return {e['id'] for e in executions_of(login(ALICE), often)} - known

    new = wait_for(started, 'execution').pop()
    alice = login(ALICE)
    (waiting,) = alice.actions(alice.task(patient, 'wait')['id'])
    alice.answer(waiting['id'])
    alice = login(ALICE)
    assert alice.wait_until_ended([new, patient]) == {new: 'SUCCESS', patient: 'SUCCESS'}
    for id_ in (new, patient):
        assert alice.execution(id_)['output']['me']['user'] == 'alice'
    alice.call('DELETE', f'/cron_triggers/{often["id"]}')


def wait_until_expired(user: UserRest) -> None:
    wait_for(lambda: user.status('GET', '/executions') == 401, 'end of the token')
