"""Trusts of triggers are made, used and deleted, whatever goes wrong meanwhile."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mistral.context import RequestContext
from mistral.db.models import execution_callers, superfluous_trusts, workflow_executions
from mistral.db.times import utc_now
from mistral.exceptions import NotAllowedException, UnavailableException
from mistral.services.trigger_trusts import TriggerTrusts

CALLER = RequestContext(project_id='p', user_id='u')


@dataclass
class Trigger:
    project_id: str = 'p'
    trust_id: str | None = 't1'


class Keystone:
    """Keeps trusts; refuses with `error` to delete any."""

    def __init__(self):
        self.trusts = set()
        self.error = None

    def create(self, caller):
        trust_id = f't{len(self.trusts) + 1}'
        self.trusts.add(trust_id)
        return trust_id

    def caller_of(self, trust_id, project_id):
        return RequestContext(project_id=project_id, security={'trust_id': trust_id})

    def delete(self, trust_id):
        if self.error:
            raise self.error
        self.trusts.discard(trust_id)


@pytest.fixture
def keystone():
    return Keystone()


@pytest.fixture
def trusts(database, keystone):
    return TriggerTrusts(database, keystone)


@pytest.fixture
def transaction(database):
    return database.transaction


@pytest.fixture
def noted(database):
    """The trusts that are still to be deleted."""

    def noted():
        with database.read() as connection:
            return set(connection.execute(select(superfluous_trusts.c.trust_id)).scalars())

    return noted


def test_trust_of_a_new_trigger(trusts, keystone):
    with trusts.created_for(CALLER) as trust_id:
        assert trust_id == 't1'
    assert keystone.trusts == {'t1'}


def test_trigger_that_cannot_be_stored_leaves_no_trust(trusts, keystone):
    with pytest.raises(KeyError), trusts.created_for(CALLER):
        raise KeyError
    assert keystone.trusts == set()


def test_that_the_trust_stays_does_not_hide_the_error(trusts, keystone, caplog):
    keystone.error = UnavailableException()
    with pytest.raises(KeyError), trusts.created_for(CALLER):
        raise KeyError
    assert 'Failed to delete trust [id=t1]' in caplog.text


def test_who_triggers_act_for(trusts, database):
    assert trusts.caller_of(Trigger()).security == {'trust_id': 't1'}
    assert trusts.caller_of(Trigger(trust_id=None)) == RequestContext(project_id='p')
    assert TriggerTrusts(database).caller_of(Trigger()) == RequestContext(project_id='p')


def test_without_keystone_there_are_no_trusts(database, noted):
    trusts = TriggerTrusts(database)
    with trusts.created_for(CALLER) as trust_id:
        assert trust_id is None
    with database.transaction() as connection:
        trusts.discard(connection, 't1')
    trusts.delete_now('t1')
    trusts.sweep()
    assert noted() == set()


def test_discarded_trust_goes_at_once(trusts, keystone, transaction, noted):
    keystone.create(CALLER)
    with transaction() as connection:
        trusts.discard(connection, 't1')
    assert (keystone.trusts, noted()) == ({'t1'}, {'t1'})
    trusts.delete_now('t1')
    assert (keystone.trusts, noted()) == (set(), set())


def test_trigger_without_a_trust(trusts, transaction, noted):
    with transaction() as connection:
        trusts.discard(connection, None)
        trusts.run_out(connection, None)
    trusts.delete_now(None)
    assert noted() == set()


@pytest.mark.parametrize('error', [UnavailableException(), NotAllowedException()])
def test_what_cannot_be_deleted_is_deleted_later(trusts, keystone, transaction, noted, error):
    keystone.create(CALLER)
    keystone.error = error
    with transaction() as connection:
        trusts.discard(connection, 't1')
    trusts.delete_now('t1')
    trusts.sweep()
    assert noted() == {'t1'}
    keystone.error = None
    trusts.sweep()
    assert (keystone.trusts, noted()) == (set(), set())


def test_what_keystone_does_not_delete_for_a_day_is_left(
    trusts, keystone, transaction, noted, caplog
):
    keystone.error = NotAllowedException()
    with transaction() as connection:
        trusts.discard(connection, 't1')
        two_days_ago = utc_now() - timedelta(days=2)
        connection.execute(update(superfluous_trusts).values(created_at=two_days_ago))
    trusts.sweep()
    assert noted() == set()
    assert 'Trust t1 stays in Keystone' in caplog.text


def test_trust_of_a_trigger_that_has_run_out_waits_for_its_executions(
    trusts, keystone, transaction, noted
):
    keystone.create(CALLER)
    with transaction() as connection:
        connection.execute(workflow_executions.insert(), {'id': 'e', 'project_id': 'p'})
        row = {'execution_id': 'e', 'trust_id': 't1', 'content': ''}
        connection.execute(execution_callers.insert(), row)
        trusts.run_out(connection, 't1')
    trusts.sweep()
    assert (keystone.trusts, noted()) == ({'t1'}, {'t1'})
    with transaction() as connection:
        connection.execute(execution_callers.delete())
    trusts.sweep()
    assert (keystone.trusts, noted()) == (set(), set())
