"""`/v2/event_triggers`"""

import json

import pytest

from mistral.tests.unit.api.conftest import ADMIN

PATH = '/v2/event_triggers'
WORKFLOWS = """
version: '2.0'
wf:
  input: [{n: 1}]
  tasks: {t: {action: std.noop}}
other:
  tasks: {t: {action: std.noop}}
"""
FIELDS = [
    'id',
    'created_at',
    'updated_at',
    'project_id',
    'name',
    'workflow_id',
    'workflow_input',
    'workflow_params',
    'exchange',
    'topic',
    'event',
    'scope',
]
NOWHERE = '11111111-2222-4333-8444-555555555555'


@pytest.fixture(autouse=True)
def workflows(api):
    """Their ids by name."""
    created = api.request('POST', '/v2/workflows', status=201, text=WORKFLOWS).json['workflows']
    return {workflow['name']: workflow['id'] for workflow in created}


@pytest.fixture
def body(workflows):
    return {'workflow_id': workflows['wf'], 'exchange': 'x', 'topic': 't', 'event': 'e'}


@pytest.fixture
def create(api, body):
    def create(**more):
        return api.request('POST', PATH, status=201, json={**body, **more}).json

    return create


def test_create(create, workflows):
    created = create(name='et', workflow_input={'n': 2}, workflow_params='{"env": {"k": 1}}')

    assert list(created) == FIELDS
    assert created['name'] == 'et'
    assert created['workflow_id'] == workflows['wf']
    assert json.loads(created['workflow_input']) == {'n': 2}
    assert json.loads(created['workflow_params']) == {'env': {'k': 1}}
    assert (created['exchange'], created['topic'], created['event']) == ('x', 't', 'e')
    assert (created['scope'], created['project_id']) == ('private', '<default-project>')
    assert created['updated_at'] is None


def test_defaults(create):
    created = create(workflow_input=None)

    assert created['name'] == ''
    assert (created['workflow_input'], created['workflow_params']) == ('{}', '{}')


@pytest.mark.parametrize('missing', ['workflow_id', 'exchange', 'topic', 'event'])
def test_what_is_needed(api, body, missing):
    del body[missing]
    assert api.fault('POST', PATH, 400, json=body) == (
        "Params {'event', 'exchange', 'topic', 'workflow_id'} must be provided for creating event "
        'trigger.'
    )


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'workflow_id': 'wf'}, 'Expected a uuid but received wf.'),
        ({'workflow_id': ''}, 'Expected a uuid but received .'),
        ({'topic': ''},
         ("Params {'event', 'exchange', 'topic', 'workflow_id'} must be provided for creating "
         'event trigger.')),
        ({'workflow_name': 'wf'}, 'Unknown attribute for argument event_trigger: workflow_name'),
        ({'workflow_input': {'zz': 1}},
         "Invalid input [name=wf, class=DirectWorkflowSpec, unexpected=['zz']]"),
        ({'workflow_params': {'index': 1}},
         'Parameters that only the service itself may give: index'),
        *(
            ({name: '2026-01-01 00:00:00'},
             (f"Invalid input for field/attribute {name}. Value: '2026-01-01 00:00:00'. "
             'Cannot set read only field.'))
            for name in ('id', 'created_at', 'updated_at', 'project_id')
        ),
    ],
)  # fmt: skip
def test_create_that_is_refused(api, body, changes, message):
    assert api.fault('POST', PATH, 400, json={**body, **changes}) == message


@pytest.mark.parametrize(
    ('field', 'length'), [('name', 200), ('exchange', 80), ('topic', 80), ('event', 80)]
)
def test_texts_that_are_too_long(api, body, field, length):
    fault = api.fault('POST', PATH, 400, json={**body, field: 'x' * (length + 1)})

    assert f'at most {length} are allowed' in fault


def test_unknown_workflow(api, body):
    assert api.fault('POST', PATH, 404, json={**body, 'workflow_id': NOWHERE}) == (
        f'Workflow not found [workflow_id={NOWHERE}]'
    )


def test_duplicate(api, create, body):
    create()

    assert api.fault('POST', PATH, 409, json={**body, 'name': 'other'}) == (
        "Duplicate entry for EventTrigger ['exchange', 'topic', 'event', 'workflow_id', "
        f"'project_id']: x, t, e, {body['workflow_id']}, None"
    )
    create(event='f')


def test_get_and_list(api, create):
    created = create(name='a')
    create(name='b', event='f')

    assert api.get(f'{PATH}/{created["id"]}') == created
    assert list(api.get(f'{PATH}/{created["id"]}?fields=event,nope')) == ['id', 'event']
    page = api.get(f'{PATH}?limit=1&sort_keys=name&sort_dirs=desc&fields=name')
    assert [trigger['name'] for trigger in page['event_triggers']] == ['b']
    rest = api.get(page['next'].removeprefix('http://localhost'))
    assert rest == {'event_triggers': [{'id': created['id'], 'name': 'a'}]}


@pytest.mark.parametrize(
    ('query', 'expected'),
    [
        ('name=b', 'b'),
        ('exchange=x', 'ab'),
        ('topic=neq:t', 'b'),
        ('event=has:create', 'b'),
        ('workflow_input={"n":2}', 'b'),
        ('workflow_params={}', 'ab'),
        ('scope=private', 'ab'),
        ('created_at=gt:2100-01-01', ''),
        (f'workflow_id={NOWHERE}', ''),
        (f'id={NOWHERE}', ''),
    ],
)
def test_filters(api, create, query, expected):
    create(name='a')
    create(name='b', topic='u', event='compute.create.end', workflow_input={'n': 2})

    found = api.get(f'{PATH}?{query}')['event_triggers']

    assert sorted(trigger['name'] for trigger in found) == [*expected]


def test_update(api, create, workflows):
    id_ = create(name='a', workflow_input={'n': 2})['id']
    changes = {'name': 'b', 'workflow_id': workflows['other'], 'workflow_params': {'env': {}}}
    updated = api.request('PUT', f'{PATH}/{id_}', status=200, json=changes).json

    assert list(updated) == FIELDS
    assert (updated['name'], updated['workflow_id']) == ('b', workflows['other'])
    assert updated['workflow_input'] == '{"n": 2}'
    assert updated['workflow_params'] == '{"env": {}}'
    assert updated['updated_at'] is not None
    assert api.get(f'{PATH}/{id_}') == updated


@pytest.mark.parametrize('changes', [{}, {'event': ''}, {'scope': None}])
def test_update_of_nothing(api, create, changes):
    created = create()

    assert api.request('PUT', f'{PATH}/{created["id"]}', status=200, json=changes).json == created


@pytest.mark.parametrize(
    ('changes', 'status', 'message'),
    [
        *(
            ({name: 'e'}, 400,
             "Can not update fields ['exchange', 'topic', 'event'] of event trigger.")
            for name in ('exchange', 'topic', 'event')
        ),
        ({'workflow_id': NOWHERE}, 404, f'Workflow not found [workflow_id={NOWHERE}]'),
        ({'workflow_id': 'wf'}, 400, 'Expected a uuid but received wf.'),
        ({'scope': 'public'}, 403, 'Operation forbidden (insufficient permissions)'),
        ({'id': 'x'}, 400,
         "Invalid input for field/attribute id. Value: 'x'. Cannot set read only field."),
    ],
)  # fmt: skip
def test_update_that_is_refused(api, create, changes, status, message):
    created = create()

    assert api.fault('PUT', f'{PATH}/{created["id"]}', status, json=changes) == message
    assert api.get(f'{PATH}/{created["id"]}') == created


def test_update_must_not_make_a_duplicate(api, create, workflows):
    create()
    id_ = create(workflow_id=workflows['other'])['id']

    api.fault('PUT', f'{PATH}/{id_}', 409, json={'workflow_id': workflows['wf']})


def test_delete(api, create):
    id_ = create()['id']
    api.request('DELETE', f'{PATH}/{id_}', status=204)

    for method in ('GET', 'DELETE'):
        assert api.fault(method, f'{PATH}/{id_}', 404) == f'Event trigger not found [id={id_}].'
    assert api.fault('PUT', f'{PATH}/{id_}', 404, json={}) == f'Event trigger not found [id={id_}].'


@pytest.mark.parametrize('method', ['GET', 'PUT', 'DELETE'])
def test_triggers_have_ids_only(api, method):
    assert api.fault(method, f'{PATH}/et1', 400, json={}) == (
        "Invalid input for field/attribute id. Value: 'et1'. "
        'unable to convert to uuid. Error: Expected a uuid but received et1.'
    )


def test_a_workflow_with_triggers_stays(api, create, body):
    id_ = create()['id']

    assert api.fault('DELETE', '/v2/workflows/wf', 400) == (
        "Can't delete workflow that has event triggers associated. "
        f'[workflow_identifier=wf], [event_trigger_id(s)={id_}]'
    )


def test_only_administrators_publish(api, body):
    body['scope'] = 'public'
    api.request('POST', PATH, status=403, json=body)
    created = api.request('POST', PATH, status=201, json=body, headers=ADMIN).json
    options = {'json': {'scope': 'public'}, 'headers': ADMIN}
    api.request('PUT', f'{PATH}/{created["id"]}', status=200, **options)


class TestProjects:
    @pytest.fixture
    def theirs(self, api, body):
        def theirs(**values):
            return api.insert('event_triggers', 'p2', **{**body, 'name': 'theirs', **values})['id']

        return theirs

    def test_private_ones_are_not_there(self, api, theirs):
        id_ = theirs()

        assert api.get(PATH) == {'event_triggers': []}
        for method in ('GET', 'PUT', 'DELETE'):
            api.fault(method, f'{PATH}/{id_}', 404, json={'name': 'mine'})

    def test_public_ones_can_be_read_only(self, api, theirs):
        id_ = theirs(scope='public')

        assert len(api.get(PATH)['event_triggers']) == 1
        assert api.get(f'{PATH}/{id_}')['project_id'] == 'p2'
        for method in ('PUT', 'DELETE'):
            assert api.fault(method, f'{PATH}/{id_}', 403, json={'name': 'mine'}) == (
                f'Can not access EventTrigger resource of other projects, ID: {id_}'
            )

    def test_administrators_reach_them(self, api, theirs):
        id_ = theirs()

        assert api.get(PATH, headers=ADMIN) == {'event_triggers': []}
        for query in ('all_projects=true', 'project_id=p2'):
            assert len(api.get(f'{PATH}?{query}', headers=ADMIN)['event_triggers']) == 1
        api.request('PUT', f'{PATH}/{id_}', status=200, json={'name': 'n'}, headers=ADMIN)
        api.request('DELETE', f'{PATH}/{id_}', status=204, headers=ADMIN)

    def test_an_administrator_gives_them_no_workflow_that_they_do_not_see(
        self, api, theirs, workflows
    ):
        id_ = theirs()
        options = {'json': {'workflow_id': workflows['other']}, 'headers': ADMIN}

        api.fault('PUT', f'{PATH}/{id_}', 404, **options)

    def test_all_projects_are_for_administrators(self, api):
        api.get(f'{PATH}?all_projects=true', status=403)
