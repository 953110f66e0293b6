"""`/v2/workflows/{id_}/members`"""

import pytest

from mistral.tests.unit.api.test_authentication import TokenIsProject, as_project

OWNER, MEMBER, OTHER, ADMIN = map(as_project, ('owner', 'member', 'other', 'admin'))
WORKFLOW = "version: '2.0'\nwf: {tasks: {t: {action: std.noop}}}"
FIELDS = [
    'id',
    'resource_id',
    'resource_type',
    'project_id',
    'member_id',
    'status',
    'created_at',
    'updated_at',
]
NOWHERE = '11111111-2222-4333-8444-555555555555'


@pytest.fixture
def api(make_api):
    return make_api(TokenIsProject(), auth_enable=True)


@pytest.fixture
def upload(api):
    def upload(query='', headers=OWNER):
        options = {'text': WORKFLOW, 'headers': headers}
        answer = api.request('POST', f'/v2/workflows?{query}', status=201, **options)
        return answer.json['workflows'][0]['id']

    return upload


@pytest.fixture
def workflow_id(upload):
    return upload()


@pytest.fixture
def path(workflow_id):
    return f'/v2/workflows/{workflow_id}/members'


@pytest.fixture
def share(api, path):
    def share(member='member'):
        options = {'json': {'member_id': member}, 'headers': OWNER}
        return api.request('POST', path, status=201, **options).json

    return share


@pytest.fixture
def answer(api, path):
    def answer(status='accepted'):
        options = {'json': {'status': status}, 'headers': MEMBER}
        return api.request('PUT', f'{path}/member', status=200, **options).json

    return answer


def not_found(workflow_id, member):
    return f'Resource member not found [resource_id={workflow_id}, member_id={member}]'


def test_share(share, workflow_id):
    shared = share()

    assert list(shared) == FIELDS[:-1]
    assert (shared['resource_id'], shared['resource_type']) == (workflow_id, 'workflow')
    assert (shared['project_id'], shared['member_id']) == ('owner', 'member')
    assert shared['status'] == 'pending'


@pytest.mark.parametrize('status', ['pending', 'accepted', 'rejected'])
def test_only_who_has_accepted_sees_the_workflow(api, share, answer, workflow_id, status):
    share()
    answered = answer(status)

    assert list(answered) == FIELDS
    assert answered['status'] == status
    expected = 200 if status == 'accepted' else 404
    api.get(f'/v2/workflows/{workflow_id}', status=expected, headers=MEMBER)
    listed = api.get('/v2/workflows', headers=MEMBER)['workflows']
    assert len(listed) == (status == 'accepted')
    api.get(f'/v2/workflows/{workflow_id}', status=404, headers=OTHER)


def test_members_may_only_read(api, share, answer, workflow_id):
    share()
    answer()

    api.request('DELETE', f'/v2/workflows/{workflow_id}', status=403, headers=MEMBER)


def test_who_sees_what(api, share, path):
    both = [share('member'), share('other')]

    def seen(headers):
        members = api.get(path, headers=headers)['members']
        return [member['member_id'] for member in members]

    assert sorted(seen(OWNER)) == ['member', 'other']
    assert seen(MEMBER) == ['member']
    assert seen(OTHER) == ['other']
    assert seen(ADMIN) == seen(as_project('nobody')) == []
    assert api.get(path, headers=MEMBER)['members'] == [{**both[0], 'updated_at': None}]


def test_members_of_an_unknown_workflow(api):
    assert api.get(f'/v2/workflows/{NOWHERE}/members', headers=OWNER) == {'members': []}


def test_get(api, share, path, workflow_id):
    shared = share()

    for headers in (OWNER, MEMBER):
        assert api.get(f'{path}/member', headers=headers) == {**shared, 'updated_at': None}
    for headers in (OTHER, ADMIN):
        fault = api.fault('GET', f'{path}/member', 404, headers=headers)
        assert fault == not_found(workflow_id, 'member')


def test_duplicate(api, share, path, workflow_id):
    share()

    assert api.fault('POST', path, 409, json={'member_id': 'member'}, headers=OWNER) == (
        "Duplicate entry for ResourceMember ['resource_id', 'resource_type', 'member_id']: "
        f'{workflow_id}, workflow, member'
    )


@pytest.mark.parametrize(
    ('body', 'message'),
    [
        ({}, 'Member id must be provided.'),
        ({'member_id': ''}, 'Member id must be provided.'),
        ({'status': 'accepted'}, 'Member id must be provided.'),
        ({'foo': 1}, 'Unknown attribute for argument member_info: foo'),
        ({'member_id': 'm' * 81},
         (f"Invalid input for field/attribute member_id. Value: '{'m' * 81}'. "
         'Value is 81 characters long, at most 80 are allowed.')),
    ],
)  # fmt: skip
def test_share_that_is_refused(api, path, body, message):
    assert api.fault('POST', path, 400, json=body, headers=OWNER) == message


def test_public_workflows_are_not_shared(api, upload):
    id_ = upload('scope=public', ADMIN)
    options = {'json': {'member_id': 'member'}, 'headers': ADMIN}

    assert api.fault('POST', f'/v2/workflows/{id_}/members', 400, **options) == (
        'Only private resource could be shared.'
    )


@pytest.mark.parametrize(
    ('headers', 'has_accepted', 'status'),
    [(MEMBER, False, 404), (MEMBER, True, 403), (OTHER, False, 404), (ADMIN, False, 403)],
)
def test_only_the_owner_shares(
    api, share, answer, path, workflow_id, headers, has_accepted, status
):
    share()
    if has_accepted:
        answer()

    fault = api.fault('POST', path, status, json={'member_id': 'friend'}, headers=headers)

    assert fault == (
        f'Workflow not found [workflow_identifier={workflow_id}, namespace=]'
        if status == 404
        else f'Can not access WorkflowDefinition resource of other projects, ID: {workflow_id}'
    )


@pytest.mark.parametrize('headers', [OWNER, OTHER, ADMIN])
def test_only_the_member_answers(api, share, path, workflow_id, headers):
    share()
    options = {'json': {'status': 'accepted'}, 'headers': headers}

    assert api.fault('PUT', f'{path}/member', 404, **options) == not_found(workflow_id, 'member')


@pytest.mark.parametrize(
    ('body', 'message'),
    [
        ({}, 'Status must be provided.'),
        ({'status': 'perhaps'},
         ("Invalid input for field/attribute status. Value: 'perhaps'. "
         'Value should be one of: pending, accepted, rejected')),
    ],
)  # fmt: skip
def test_answer_that_is_refused(api, share, path, body, message):
    share()

    assert api.fault('PUT', f'{path}/member', 400, json=body, headers=MEMBER) == message


def test_the_owner_revokes(api, share, answer, path, workflow_id):
    share()
    answer()
    api.request('DELETE', f'{path}/member', status=204, headers=OWNER)

    api.get(f'/v2/workflows/{workflow_id}', status=404, headers=MEMBER)
    fault = api.fault('DELETE', f'{path}/member', 404, headers=OWNER)
    assert fault == not_found(workflow_id, 'member')


@pytest.mark.parametrize('headers', [MEMBER, OTHER, ADMIN])
def test_only_the_owner_revokes(api, share, path, workflow_id, headers):
    share()

    fault = api.fault('DELETE', f'{path}/member', 404, headers=headers)

    assert fault == not_found(workflow_id, 'member')


def test_memberships_go_with_the_workflow(api, share, workflow_id):
    share()
    api.request('DELETE', f'/v2/workflows/{workflow_id}', status=204, headers=OWNER)

    assert api.get(f'/v2/workflows/{workflow_id}/members', headers=OWNER) == {'members': []}


@pytest.mark.parametrize(
    ('method', 'below'),
    [('GET', ''), ('POST', ''), ('GET', '/m'), ('PUT', '/m'), ('DELETE', '/m')],
)
class TestWhatIsNotShared:
    def test_workflows_by_name(self, api, workflow_id, method, below):
        options = {'json': {}, 'headers': OWNER}

        assert api.fault(method, f'/v2/workflows/wf/members{below}', 400, **options) == (
            'Only support UUID as resource identifier in resource sharing feature.'
        )

    def test_anything_without_authentication(self, make_api, method, below):
        path = f'/v2/workflows/{NOWHERE}/members{below}'

        assert make_api().fault(method, path, 400, json={}) == (
            'Resource sharing feature can only be supported with authentication enabled.'
        )

    def test_other_resources(self, api, method, below):
        options = {'json': {}, 'headers': OWNER}

        api.request(method, f'/v2/environments/{NOWHERE}/members{below}', status=404, **options)


def test_a_member_triggers_the_workflow_as_long_as_it_is_one(api, share, answer, workflow_id):
    """Whether it still is one is asked at each start."""
    trigger = {'name': 'ct', 'pattern': '@daily', 'workflow_id': workflow_id}
    options = {'json': trigger, 'headers': MEMBER}
    share()

    api.request('POST', '/v2/cron_triggers', status=404, **options)
    answer()
    api.request('POST', '/v2/cron_triggers', status=201, **options)
