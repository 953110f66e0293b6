"""Workflow definitions: sharing them, and what triggers hold fast."""

import pytest

from mistral.exceptions import DBEntityNotFoundError, DBError, NotAllowedException
from mistral.tests.unit.db.support import ADMIN, NOON, OTHER, OWNER


@pytest.fixture
def workflow(store):
    return store.workflows.insert(name='wf', namespace='ns')


@pytest.fixture
def membership(store, workflow):
    return store.members.insert(
        resource_id=workflow['id'],
        resource_type='workflow',
        member_id='other',
        status='pending',
    )


@pytest.fixture
def add_trigger(store, workflow):
    def add(kind, caller):
        if kind == 'cron':
            trigger = {'name': 'trigger', 'next_execution_time': NOON}
        else:
            trigger = {'name': 'trigger', 'exchange': 'x', 'topic': 't', 'event': 'e'}
        repository = getattr(store, f'{kind}_triggers')
        return repository.insert(caller, workflow_id=workflow['id'], **trigger)

    return add


@pytest.mark.parametrize(
    ('status', 'sees'), [('pending', False), ('accepted', True), ('rejected', False)]
)
def test_members_see_a_shared_workflow_once_they_accepted(
    store, workflow, membership, status, sees
):
    store.members.update(membership['id'], {'status': status}, OTHER)

    found = store.workflows.find(OTHER, name='wf', namespace='ns')
    listed = store.workflows.list(caller=OTHER, columns=('id',))

    assert (found is not None) == sees
    assert listed == ([{'id': workflow['id']}] if sees else [])


def test_members_cannot_change_a_shared_workflow(store, workflow, membership):
    store.members.update(membership['id'], {'status': 'accepted'}, OTHER)

    with pytest.raises(NotAllowedException, match='of other projects, ID: ' + workflow['id']):
        store.workflows.update(workflow['id'], {'name': 'x'}, OTHER)


def test_memberships_go_with_the_workflow(store, workflow, membership):
    store.workflows.delete(workflow['id'], OWNER)

    assert store.members.find(OWNER, id=membership['id']) is None


def test_owner_and_member_see_a_membership_and_nobody_else(store, membership):
    third = store.members.insert(
        ADMIN, resource_id='w', resource_type='workflow', member_id='third', status='pending'
    )

    assert store.members.get(membership['id'], OWNER) == membership
    assert store.members.get(membership['id'], OTHER) == membership
    assert store.members.list(caller=ADMIN) == [third]
    with pytest.raises(DBEntityNotFoundError):
        store.members.get(membership['id'], ADMIN)


def test_the_member_decides_and_the_owner_revokes(store, membership):
    member = membership['id']
    for change in (
        lambda: store.members.update(member, {'status': 'accepted'}, OWNER),
        lambda: store.members.delete(member, OTHER),
    ):
        with pytest.raises(DBEntityNotFoundError) as raised:
            change()
        assert str(raised.value) == f'Resource member not found [id={member}]'

    assert store.members.update(member, {'status': 'accepted'}, OTHER)['status'] == 'accepted'
    store.members.delete(member, OWNER)
    assert store.members.find(OTHER, id=member) is None


@pytest.mark.parametrize(
    ('kind', 'identity'),
    [('cron', '[workflow_identifier=wf, namespace=ns]'), ('event', '[workflow_identifier=wf]')],
)
def test_a_workflow_with_triggers_cannot_be_deleted(store, workflow, add_trigger, kind, identity):
    trigger = add_trigger(kind, OTHER)

    with pytest.raises(DBError) as raised:
        store.workflows.delete(workflow['id'], OWNER)

    assert str(raised.value) == (
        f"Can't delete workflow that has {kind} triggers associated. "
        f'{identity}, [{kind}_trigger_id(s)={trigger["id"]}]'
    )


@pytest.mark.parametrize('kind', ['cron', 'event'])
def test_a_workflow_that_other_projects_trigger_stays_public(store, workflow, add_trigger, kind):
    store.workflows.update(workflow['id'], {'scope': 'public'}, OWNER)
    add_trigger(kind, OTHER)

    with pytest.raises(NotAllowedException) as raised:
        store.workflows.update(workflow['id'], {'scope': 'private'}, OWNER)

    assert str(raised.value) == (
        f'Can not update scope of workflow that has {kind} triggers associated in other '
        'tenants. [workflow_identifier=wf, namespace=ns]'
    )


def test_a_workflow_that_only_its_project_triggers_can_be_made_private(
    store, workflow, add_trigger
):
    store.workflows.update(workflow['id'], {'scope': 'public'}, OWNER)
    add_trigger('cron', OWNER)

    changed = store.workflows.update(workflow['id'], {'scope': 'private'}, OWNER)

    assert changed['scope'] == 'private'
