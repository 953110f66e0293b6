"""`/v2/cron_triggers`"""

import json
import uuid
from datetime import datetime, timedelta
from functools import partial

import pytest

from mistral.api.controllers.v2 import cron_triggers as controller
from mistral.services.cron_triggers import CronTriggersService
from mistral.tests.unit.api.conftest import ADMIN

PATH = '/v2/cron_triggers'
WORKFLOWS = """
version: '2.0'
wf:
  input: [{n: 1}]
  tasks: {t: {action: std.noop}}
strict:
  input: [must]
  tasks: {t: {action: std.noop}}
"""
FIELDS = [
    'id',
    'name',
    'workflow_name',
    'workflow_id',
    'workflow_input',
    'workflow_params',
    'project_id',
    'scope',
    'pattern',
    'remaining_executions',
    'first_execution_time',
    'next_execution_time',
    'created_at',
    'updated_at',
]
LATER = '4242-12-25 13:37'


@pytest.fixture(autouse=True)
def workflows(api):
    """Their ids by name."""
    created = api.request('POST', '/v2/workflows', status=201, text=WORKFLOWS).json['workflows']
    return {workflow['name']: workflow['id'] for workflow in created}


def body(**more):
    return {'name': 'ct', 'workflow_name': 'wf', 'pattern': '0 0 1 1 *', **more}


def create(api, **more):
    return api.request('POST', PATH, status=201, json=body(**more)).json


def test_create(api, workflows):
    created = create(api, workflow_input={'n': 5}, workflow_params={'env': {'k': 'v'}})

    assert list(created) == FIELDS[:-1]
    assert uuid.UUID(created['id'])
    assert created['workflow_name'] == 'wf'
    assert created['workflow_id'] == workflows['wf']
    assert json.loads(created['workflow_input']) == {'n': 5}
    assert json.loads(created['workflow_params']) == {'env': {'k': 'v'}}
    assert (created['project_id'], created['scope']) == ('<default-project>', 'private')
    assert created['pattern'] == '0 0 1 1 *'
    assert created['remaining_executions'] is None
    assert created['first_execution_time'] is None
    next_time = datetime.fromisoformat(created['next_execution_time'])
    assert (next_time.month, next_time.day, next_time.hour) == (1, 1, 0)
    assert timedelta() < next_time - datetime.fromisoformat(created['created_at'])


def test_what_is_stored(api):
    """Mistral 23 finds doubles by these hashes."""
    row = api.row('cron_triggers', create(api, workflow_input={'n': 5})['id'])

    assert row['workflow_input_hash'] == (
        'd17a7d4ecd5c3a9ad3a4aa8b12fcf0f523d266c83cf10c1860e4cae20873daa6'
    )
    assert row['workflow_params_hash'] == (
        '4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945'
    )
    assert row['trust_id'] is None


@pytest.mark.parametrize('input_', [{'n': 3}, '{"n": 3}'])
def test_input_may_be_an_object_or_its_text(api, input_):
    assert create(api, workflow_input=input_)['workflow_input'] == '{"n": 3}'


def test_null_is_as_good_as_nothing(api):
    """The command line client sends what its user has not given."""
    created = create(
        api,
        workflow_input=None,
        workflow_params=None,
        first_execution_time=None,
        remaining_executions=None,
        scope=None,
    )
    assert (created['workflow_input'], created['workflow_params']) == ('{}', '{}')
    assert created['scope'] == 'private'


def test_a_first_time_alone_is_once(api):
    created = create(api, pattern=None, first_execution_time=LATER)

    assert created['remaining_executions'] == 1
    assert created['pattern'] == '0 0 30 2 0'
    assert created['first_execution_time'] == f'{LATER}:00'
    assert created['next_execution_time'] == f'{LATER}:00'


@pytest.mark.parametrize(('count', 'remaining'), [(None, None), (5, 5), ('3', 3)])
def test_a_first_time_and_a_pattern(api, count, remaining):
    created = create(api, first_execution_time=LATER, remaining_executions=count)

    assert created['remaining_executions'] == remaining
    assert created['next_execution_time'] == f'{LATER}:00'


@pytest.mark.parametrize('key', ['workflow_id', 'workflow_name'])
@pytest.mark.parametrize('by', ['id', 'name'])
def test_the_workflow_may_be_named_by_id_or_name(api, workflows, key, by):
    identifier = workflows['wf'] if by == 'id' else 'wf'
    created = api.request(
        'POST', PATH, status=201, json={'name': 'x', 'pattern': '@daily', key: identifier}
    ).json

    assert created['workflow_name'] == 'wf'
    assert created['workflow_id'] == workflows['wf']


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'name': None}, 'Name of the cron trigger is not provided.'),
        ({'name': ''}, 'Name of the cron trigger is not provided.'),
        ({'pattern': None}, 'Pattern or first_execution_time must be specified.'),
        ({'pattern': ''}, 'Pattern or first_execution_time must be specified.'),
        ({'pattern': '88 * * * *'}, 'The specified pattern is not valid: 88 * * * *'),
        ({'pattern': 'bad', 'first_execution_time': LATER},
         'The specified pattern is not valid: bad'),
        ({'pattern': '0 0 30 2 *'}, ('The specified pattern is not valid: 0 0 30 2 * '
                                    '(no date within fifty years matches it)')),
        ({'pattern': 'bad', 'first_execution_time': 'q'},
         "time data 'q' does not match format '%Y-%m-%d %H:%M'"),
        ({'first_execution_time': ''}, "time data '' does not match format '%Y-%m-%d %H:%M'"),
        ({'first_execution_time': '2001-01-01 00:00'},
         'first_execution_time must be at least 1 minute in the future.'),
        ({'pattern': None, 'first_execution_time': LATER, 'remaining_executions': 2},
         'Pattern must be provided if count is superior to 1.'),
        ({'workflow_input': {'zz': 1}},
         "Invalid input [name=wf, class=DirectWorkflowSpec, unexpected=['zz']]"),
        ({'workflow_name': 'strict'},
         "Invalid input [name=strict, class=DirectWorkflowSpec, missing=['must']]"),
        ({'workflow_params': {'root_execution_id': 'x'}},
         'Parameters that only the service itself may give: root_execution_id'),
        ({'first_execution_time': 5},
         ("Invalid input for field/attribute first_execution_time. Value: '5'. "
         "Wrong type. Expected '<class 'str'>', got '<class 'int'>'")),
        ({'remaining_executions': 0},
         ("Invalid input for field/attribute remaining_executions. Value: '0'. "
         'Value should be greater or equal to 1')),
        ({'remaining_executions': 2**31},
         ("Invalid input for field/attribute remaining_executions. Value: '2147483648'. "
         'Value should be lower or equal to 2147483647')),
        ({'scope': 'zz'},
         ("Invalid input for field/attribute scope. Value: 'zz'. "
         'Value should be one of: public, private')),
        ({'project_id': 'x'},
         "Invalid input for field/attribute project_id. Value: 'x'. Cannot set read only field."),
        ({'foo': 1}, 'Unknown attribute for argument cron_trigger: foo'),
        ({'workflow_input': [1]},
         ("Invalid input for field/attribute cron_trigger. Value: '{body}'. "
         'the JSON object must be str, bytes or bytearray, not list')),
    ],
)  # fmt: skip
def test_create_that_is_refused(api, changes, message):
    refused = body(**changes)

    fault = api.fault('POST', PATH, 400, json=refused)

    assert fault == message.replace('{body}', str(refused))
    assert api.get(PATH) == {'cron_triggers': []}


@pytest.mark.parametrize(('field', 'length'), [('name', 200), ('pattern', 100)])
def test_texts_that_are_too_long(api, field, length):
    fault = api.fault('POST', PATH, 400, json=body(**{field: 'x' * (length + 1)}))

    assert f'at most {length} are allowed' in fault


@pytest.mark.parametrize(('seconds', 'status'), [(59, 400), (60, 201)])
def test_how_soon_the_first_time_may_be(make_api, monkeypatch, seconds, status):
    noon = datetime.fromisoformat('2030-01-01 12:00:00')
    now = partial(CronTriggersService, now=lambda: noon - timedelta(seconds=seconds))
    monkeypatch.setattr(controller, 'CronTriggersService', now)
    soon = body(first_execution_time='2030-01-01 12:00')

    make_api().request('POST', PATH, status=status, json=soon)


@pytest.mark.parametrize(
    ('changes', 'identifier'),
    [
        ({'workflow_name': 'nope'}, 'nope'),
        ({'workflow_name': None}, 'None'),
        ({'workflow_id': '11111111-1111-4111-8111-111111111111'},
         '11111111-1111-4111-8111-111111111111'),
    ],
)  # fmt: skip
def test_unknown_workflow(api, changes, identifier):
    assert api.fault('POST', PATH, 404, json=body(**changes)) == (
        f'Workflow not found [workflow_identifier={identifier}, namespace=]'
    )


def test_workflows_of_other_namespaces_are_found_by_id_only(api):
    text = "version: '2.0'\nfar: {tasks: {t: {action: std.noop}}}"
    (far,) = api.request('POST', '/v2/workflows?namespace=ns', status=201, text=text).json[
        'workflows'
    ]

    api.request('POST', PATH, status=404, json=body(workflow_name='far'))
    assert create(api, workflow_id=far['id'])['workflow_name'] == 'far'


def test_duplicate_name(api):
    create(api)

    assert api.fault('POST', PATH, 409, json=body(pattern='@daily')) == (
        "Duplicate entry for cron trigger ['name', 'project_id']: ct, None"
    )


def test_triggers_that_differ_in_their_names_only(api):
    same = {'first_execution_time': LATER, 'remaining_executions': 7, 'workflow_input': {'n': 1}}
    create(api, **same)

    api.fault('POST', PATH, 409, json=body(name='other', **same))
    create(api, name='other', **{**same, 'workflow_input': {'n': 2}})


def test_get_by_name_and_id(api):
    id_ = create(api)['id']
    got = api.get(f'{PATH}/ct')

    assert list(got) == FIELDS
    assert got['updated_at'] is None
    assert api.get(f'{PATH}/{id_}') == got
    assert list(api.get(f'{PATH}/ct?fields=pattern,name,nope')) == ['id', 'name', 'pattern']


def test_list(api):
    for name in 'abc':
        create(api, name=name)
    page = api.get(f'{PATH}?limit=2&sort_keys=name&sort_dirs=desc&fields=name,pattern')

    assert [trigger['name'] for trigger in page['cron_triggers']] == ['c', 'b']
    assert list(page['cron_triggers'][0]) == ['id', 'name', 'pattern']
    rest = api.get(page['next'].removeprefix('http://localhost'))
    assert [trigger['name'] for trigger in rest['cron_triggers']] == ['a']
    assert 'next' not in rest


@pytest.mark.parametrize(
    ('query', 'expected'),
    [
        ('name=in:a,b', 'ab'),
        ('remaining_executions=3', 'b'),
        ('pattern=@daily', 'c'),
        ('workflow_name=wf', 'abc'),
        ('workflow_input={"n":2}', 'a'),
        ('workflow_params={"env":{}}', 'b'),
        ('first_execution_time=4242-12-25', ''),
        ('first_execution_time=4242-12-25 13:37:00', 'b'),
        ('next_execution_time=gt:4000-01-01', 'b'),
        ('scope=public', ''),
        ('sort_keys=next_execution_time&sort_dirs=desc&limit=1', 'b'),
    ],
)
def test_filters(api, query, expected):
    create(api, name='a', workflow_input={'n': 2})
    create(
        api,
        name='b',
        remaining_executions=3,
        first_execution_time=LATER,
        workflow_params={'env': {}},
    )
    create(api, name='c', pattern='@daily')

    found = api.get(f'{PATH}?{query}')['cron_triggers']

    assert sorted(trigger['name'] for trigger in found) == [*expected]


@pytest.mark.parametrize('query', ['remaining_executions=gt:2', 'trust_id=x', 'workflow_id=wf'])
def test_filters_that_are_refused(api, query):
    api.fault('GET', f'{PATH}?{query}', 400)


@pytest.mark.parametrize('by', ['id', 'name'])
def test_delete(api, by):
    identifier = create(api)[by]
    api.request('DELETE', f'{PATH}/{identifier}', status=204)

    for method in ('GET', 'DELETE'):
        assert api.fault(method, f'{PATH}/{identifier}', 404) == (
            f'Cron trigger not found [identifier={identifier}]'
        )


def test_triggers_cannot_be_changed(api):
    create(api)

    api.request('PUT', f'{PATH}/ct', status=405, json=body())
    api.request('PUT', PATH, status=405, json=body())


def test_a_workflow_with_triggers_stays(api):
    id_ = create(api)['id']

    assert api.fault('DELETE', '/v2/workflows/wf', 400) == (
        "Can't delete workflow that has cron triggers associated. "
        f'[workflow_identifier=wf, namespace=], [cron_trigger_id(s)={id_}]'
    )
    api.request('DELETE', f'{PATH}/ct', status=204)
    api.request('DELETE', '/v2/workflows/wf', status=204)


def test_only_administrators_publish(api):
    api.request('POST', PATH, status=403, json=body(scope='public'))
    api.request('POST', PATH, status=201, json=body(scope='public'), headers=ADMIN)


CHOICES = {'time_zone': 'Europe/Berlin', 'overlap': 'skip', 'missed': 'all'}


def test_choices_are_shown_where_they_were_made(api):
    created = create(api, **CHOICES)
    assert {name: created[name] for name in CHOICES} == CHOICES
    assert {name: api.get(f'{PATH}/ct')[name] for name in CHOICES} == CHOICES
    create(api, name='plain', pattern='0 0 2 1 *')
    chosen, plain = api.get(f'{PATH}?sort_keys=name')['cron_triggers']
    assert list(chosen) == [*FIELDS, *CHOICES]
    assert list(plain) == list(api.get(f'{PATH}/plain')) == FIELDS


def test_the_time_zone_counts_for_the_next_time(api):
    created = create(api, pattern='0 0 1 1 *', time_zone='Asia/Kathmandu')
    assert created['next_execution_time'].endswith('12-31 18:15:00')


@pytest.mark.parametrize(
    ('choice', 'problem'),
    [
        ({'time_zone': 'Mars/Phobos'}, "There is no time zone 'Mars/Phobos'"),
        ({'overlap': 'maybe'}, 'Value should be one of: start, skip, replace'),
        ({'missed': 'some'}, 'Value should be one of: once, skip, all'),
    ],
)
def test_choices_that_are_refused(api, choice, problem):
    answer = api.request('POST', PATH, status=400, json=body(**choice))
    assert problem in answer.json['faultstring']
