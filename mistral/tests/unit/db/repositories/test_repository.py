"""Reading and changing single rows: what is filled in, what is refused, who may."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mistral.context import DEFAULT_PROJECT, RequestContext
from mistral.exceptions import (
    DBDuplicateEntryError,
    DBEntityNotFoundError,
    DBError,
    InputException,
    InvalidActionException,
    InvalidModelException,
    NotAllowedException,
)
from mistral.tests.unit.db.support import ADMIN, NOON, OTHER, OWNER

NOBODY = RequestContext(project_id=DEFAULT_PROJECT)


# New rows


def test_a_new_row_is_returned_as_it_is_stored(store):
    row = store.environments.insert(name='env', variables={'a': [1, None]})

    assert row == store.environments.get(row['id'], OWNER)
    assert len(row['id']) == 36
    assert row['project_id'] == 'owner'
    assert row['scope'] == 'private'
    assert row['variables'] == {'a': [1, None]}
    assert row['updated_at'] is None
    age = datetime.now(UTC).replace(tzinfo=None) - row['created_at']
    assert row['created_at'].microsecond == 0
    assert age < timedelta(minutes=1)


def test_the_project_is_always_the_callers(store):
    assert store.environments.insert(name='env', project_id='other')['project_id'] == 'owner'


def test_an_id_may_be_chosen(store):
    assert store.executions.insert(id='my-run')['id'] == 'my-run'


def test_definitions_have_a_namespace_and_are_not_the_systems_own(store):
    row = store.workflows.insert(name='wf')

    assert (row['namespace'], row['is_system']) == ('', False)


def test_booleans_and_times_come_back_as_such(store):
    row = store.tasks.insert(name='t', processed=True, started_at=NOON)

    assert store.tasks.get(row['id'], OWNER, ('processed', 'started_at')) == {
        'id': row['id'],
        'processed': True,
        'started_at': NOON,
    }


CONFLICTS: list[tuple[str, dict[str, Any], str]] = [
    (
        'workflows',
        {'name': 'n', 'namespace': 'ns'},
        "WorkflowDefinition ['name', 'namespace', 'project_id']: n, ns, owner",
    ),
    (
        'workbooks',
        {'name': 'n'},
        "WorkbookDefinition ['name', 'namespace', 'project_id']: n, , owner",
    ),
    ('actions', {'name': 'n'}, "Action ['name', 'namespace', 'project_id']: n, , owner"),
    ('environments', {'name': 'n'}, "Environment ['name', 'project_id']: n, owner"),
    (
        'cron_triggers',
        {'name': 'n', 'next_execution_time': NOON},
        "cron trigger ['name', 'project_id']: n, owner",
    ),
    (
        'event_triggers',
        {'exchange': 'x', 'topic': 'y', 'event': 'z', 'workflow_id': 'w'},
        (
            "EventTrigger ['exchange', 'topic', 'event', 'workflow_id', 'project_id']: "
            'x, y, z, w, owner'
        ),
    ),
    (
        'code_sources',
        {'name': 'n', 'content': 'c', 'version': 1},
        "CodeSource ['name', 'namespace', 'project_id']: n, , owner",
    ),
    (
        'dynamic_actions',
        {'name': 'n', 'class_name': 'C', 'code_source_id': 's', 'code_source_name': 's'},
        'dynamic action definition [name=n, namespace=, project_id=owner]',
    ),
    (
        'members',
        {'resource_id': 'r', 'resource_type': 't', 'member_id': 'm', 'status': 'pending'},
        "ResourceMember ['resource_id', 'resource_type', 'member_id']: r, t, m",
    ),
    ('executions', {'id': 'x'}, "WorkflowExecution ['id']: x"),
]


@pytest.mark.parametrize(('kind', 'values', 'what'), CONFLICTS)
def test_a_unique_key_can_be_taken_once(store, kind, values, what):
    store.workflows.insert(id='w', name='w')
    store.code_sources.insert(id='s', name='s', content='c', version=1)
    repository = getattr(store, kind)
    repository.insert(**values)

    with pytest.raises(DBDuplicateEntryError) as raised:
        repository.insert(**values)

    assert str(raised.value) == f'Duplicate entry for {what}'


def test_without_authentication_conflicts_name_no_project(store):
    store.environments.insert(NOBODY, name='env')

    with pytest.raises(DBDuplicateEntryError, match=r'env, None$'):
        store.environments.insert(NOBODY, name='env')


def test_another_project_may_use_the_same_name(store):
    store.environments.insert(OWNER, name='env')
    store.environments.insert(OTHER, name='env')


def test_a_reference_to_nothing_is_refused(store):
    with pytest.raises(DBError, match=r'EventTrigger .* refers to an object that does not exist'):
        store.event_triggers.insert(exchange='x', topic='t', event='e', workflow_id='gone')


# What fits


@pytest.mark.parametrize(
    ('kind', 'values', 'message'),
    [
        ('environments', {'name': 'n' * 201}, 'name is too long, 201 characters; at most 200'),
        ('executions', {'id': 'i' * 37}, 'id is too long, 37 characters; at most 36'),
        (
            'executions',
            {'description': 'é' * 40_000},
            'description is too long, 80000 bytes; at most 65535',
        ),
        ('workflows', {'name': 'n', 'tags': ['t' * 70_000]}, 'tags is too long, 70004 bytes'),
        ('environments', {'name': 'a\x00'}, 'name must not contain the NUL character'),
        ('environments', {'nome': 'n'}, "Environment has no column 'nome'"),
    ],
)
def test_values_that_do_not_fit_are_refused(store, kind, values, message):
    with pytest.raises(InputException, match=message):
        getattr(store, kind).insert(**values)


AT_THE_LIMIT: list[tuple[str, dict[str, Any]]] = [
    ('environments', {'name': 'é' * 200, 'variables': {'v': 'x' * 100_000}}),
    ('executions', {'description': 'é' * 32_767}),
    ('workflows', {'name': 'n' * 255, 'definition': 'd' * 70_000}),
]


@pytest.mark.parametrize(('kind', 'values'), AT_THE_LIMIT)
def test_values_at_the_limit_fit(store, kind, values):
    row = getattr(store, kind).insert(**values)

    assert getattr(store, kind).get(row['id'], OWNER, values) == {'id': row['id'], **values}


@pytest.mark.parametrize('kind', ['workflows', 'workbooks', 'actions'])
def test_names_of_definitions_contain_no_spaces(store, kind):
    with pytest.raises(InvalidModelException, match=r"^Name 'bad name' must not contain spaces$"):
        getattr(store, kind).insert(name='bad name')


def test_changes_must_fit_too(store):
    row = store.environments.insert(name='env')

    with pytest.raises(InputException, match='name is too long'):
        store.environments.update(row['id'], {'name': 'n' * 201}, OWNER)


# Looking up


def test_only_the_columns_asked_for_are_read(store):
    row = store.environments.insert(name='env', variables={})

    assert store.environments.get(row['id'], OWNER, ('name',)) == {'id': row['id'], 'name': 'env'}
    assert store.environments.find(OWNER, ('id',), name='env') == {'id': row['id']}


@pytest.mark.parametrize('method', ['get', 'update', 'delete'])
@pytest.mark.parametrize(
    ('kind', 'message'),
    [
        ('workflows', 'Workflow not found [workflow_id=x]'),
        ('workbooks', 'Workbook not found [id=x]'),
        ('actions', 'Action definition not found [id=x]'),
        ('environments', 'Environment not found [id=x]'),
        ('executions', 'WorkflowExecution not found [id=x]'),
        ('tasks', 'Task execution not found [id=x]'),
        ('action_executions', 'ActionExecution not found [id=x]'),
        ('cron_triggers', 'Cron trigger not found [identifier=x]'),
        ('event_triggers', 'Event trigger not found [id=x].'),
        ('code_sources', 'Code Source not found [id=x]'),
        ('dynamic_actions', 'Dynamic Action not found [id=x]'),
        ('members', 'Resource member not found [id=x]'),
    ],
)
def test_what_is_missing_is_named(store, kind, message, method):
    arguments = ('x', {}, OWNER) if method == 'update' else ('x', OWNER)

    with pytest.raises(DBEntityNotFoundError) as raised:
        getattr(getattr(store, kind), method)(*arguments)

    assert str(raised.value) == message


def test_finding_nothing_is_no_error(store):
    assert store.environments.find(OWNER, name='env') is None


def test_the_own_row_goes_before_public_ones_and_those_before_private_ones(store):
    foreign = store.environments.insert(OTHER, name='env')
    assert store.environments.find(OWNER, name='env') is None
    assert store.environments.find(ADMIN, name='env')['id'] == foreign['id']

    third = RequestContext(project_id='third')
    public = store.environments.insert(third, name='env', scope='public')
    assert store.environments.find(OWNER, name='env')['id'] == public['id']
    assert store.environments.find(ADMIN, name='env')['id'] == public['id']

    own = store.environments.insert(OWNER, name='env')
    assert store.environments.find(OWNER, name='env')['id'] == own['id']
    assert store.environments.find(OTHER, name='env')['id'] == foreign['id']


def test_finding_all_leaves_private_rows_of_others_out(store):
    store.actions.insert(OTHER, name='hidden')
    public = store.actions.insert(OTHER, name='public', scope='public')
    own = store.actions.insert(OWNER, name='own')
    store.actions.insert(OWNER, name='elsewhere', namespace='ns')

    found = store.actions.find_all(OWNER, ('name',), namespace='')

    assert [row['id'] for row in found] == [own['id'], public['id']]
    assert [row['name'] for row in store.actions.find_all(ADMIN)] == ['public']


def test_looking_up_by_what_cannot_be_compared_is_refused(store):
    with pytest.raises(InputException, match="cannot order or look up by 'variables'"):
        store.environments.find(OWNER, variables={})
    with pytest.raises(InputException, match="Environment has no column 'nome', only: id, "):
        store.environments.find(OWNER, nome='env')


# Who sees and changes what


@pytest.mark.parametrize(
    ('caller', 'scope', 'sees'),
    [
        (OWNER, 'private', True),
        (OTHER, 'private', False),
        (OTHER, 'public', True),
        (ADMIN, 'private', True),
    ],
)
def test_visibility(store, caller, scope, sees):
    row = store.workflows.insert(OWNER, name='wf', scope=scope)

    assert (store.workflows.find(caller, id=row['id']) is not None) == sees


@pytest.mark.parametrize(
    ('caller', 'scope', 'error', 'message'),
    [
        (OTHER, 'private', DBEntityNotFoundError, 'Workflow not found [workflow_id={id}]'),
        (
            OTHER,
            'public',
            NotAllowedException,
            'Can not access WorkflowDefinition resource of other projects, ID: {id}',
        ),
    ],
)
def test_rows_of_other_projects_cannot_be_changed(store, caller, scope, error, message):
    row = store.workflows.insert(OWNER, name='wf', scope=scope)

    for change in (
        lambda: store.workflows.update(row['id'], {'name': 'x'}, caller),
        lambda: store.workflows.delete(row['id'], caller),
    ):
        with pytest.raises(error) as raised:
            change()
        assert str(raised.value) == message.format(id=row['id'])


def test_what_came_with_the_service_is_changed_by_administrators_only(store):
    row = store.workflows.insert(OWNER, name='wf', is_system=True)

    with pytest.raises(InvalidActionException) as raised:
        store.workflows.delete(row['id'], OWNER)
    assert str(raised.value) == (
        f'Can not modify a system WorkflowDefinition resource, ID: {row["id"]}'
    )
    store.workflows.delete(row['id'], ADMIN)


def test_administrators_change_rows_of_all_projects_which_keep_theirs(store):
    row = store.environments.insert(OWNER, name='env')

    assert store.environments.update(row['id'], {'name': 'x'}, ADMIN)['project_id'] == 'owner'


# Changes


def test_a_change_is_stored_with_its_time(store):
    row = store.environments.insert(name='env', variables={'a': 1})

    changed = store.environments.update(row['id'], {'variables': {'a': 2}}, OWNER)

    assert changed == store.environments.get(row['id'], OWNER)
    assert changed['variables'] == {'a': 2}
    assert changed['updated_at'] is not None


def test_an_update_that_changes_nothing_leaves_no_trace(store):
    row = store.environments.insert(name='env', variables={'a': 1, 'b': 2})

    values = {'name': 'env', 'variables': {'b': 2, 'a': 1}}
    assert store.environments.update(row['id'], values, OWNER) == row


@pytest.mark.parametrize(('old', 'new'), [(1, True), (0, False), ([1], [True]), (1, 1.0)])
def test_values_that_python_takes_for_equal_are_changes(store, old, new):
    row = store.environments.insert(name='env', variables={'a': old})

    store.environments.update(row['id'], {'variables': {'a': new}}, OWNER)

    value = store.environments.get(row['id'], OWNER)['variables']['a']
    assert repr(value) == repr(new)


def test_a_change_to_a_taken_name_is_refused(store):
    store.environments.insert(name='a')
    row = store.environments.insert(name='b')

    with pytest.raises(DBDuplicateEntryError, match='a, owner'):
        store.environments.update(row['id'], {'name': 'a'}, OWNER)


def test_deleting(store):
    row = store.environments.insert(name='env')

    store.environments.delete(row['id'], OWNER)

    assert store.environments.find(OWNER, id=row['id']) is None


def test_dynamic_actions_go_with_their_code(store):
    source = store.code_sources.insert(name='cs', content='c', version=1)
    store.dynamic_actions.insert(
        name='n', class_name='C', code_source_id=source['id'], code_source_name='cs'
    )

    store.code_sources.delete(source['id'], OWNER)

    assert store.dynamic_actions.find(OWNER, name='n') is None
