"""Which triggers a notification fires, and what is started."""

import json
import logging

import pytest
from sqlalchemy import insert

from mistral.context import RequestContext
from mistral.db.models import mistral_metrics
from mistral.db.store.event_triggers import EventTrigger
from mistral.exceptions import InputException, RpcTimeoutError
from mistral.expressions import Expressions
from mistral.services.event_definitions import EventDefinition, EventDefinitions
from mistral.services.event_firing import EventFiring, Notification, TriggerTable, execution_id_of

NOTIFICATION = Notification(
    exchange='nova',
    topic='notifications',
    event_type='compute.start',
    publisher='compute.host1',
    timestamp='2026-01-01 12:00:00',
    message_id='m1',
    payload={'n': 7},
    context={'project_id': 'p1', 'user_id': 'u1'},
)


def trigger(id_, *, project='p1', is_public=False, topic='notifications', **values):
    return EventTrigger(
        id=id_, exchange='nova', topic=topic, event='compute.start', workflow_id='w',
        project_id=project, is_public=is_public, **values,
    )  # fmt: skip


class Engine:
    def __init__(self):
        self.started = []
        self.errors = {}

    def start_workflow(self, caller, **arguments):
        if error := self.errors.get(caller.project_id):
            raise error
        self.started.append((caller, arguments))


@pytest.fixture(scope='module')
def expressions():
    return Expressions.load()


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def make(database, engine, expressions):
    def make(*definitions, tells_projects_apart=True):
        return EventFiring(
            database,
            engine,
            expressions,
            EventDefinitions(definitions, expressions),
            tells_projects_apart=tells_projects_apart,
        )

    return make


def projects(engine):
    return [caller.project_id for caller, _ in engine.started]


@pytest.mark.parametrize(
    ('tells_projects_apart', 'project', 'expected'),
    [
        (True, 'p1', ['p1', 'public']),
        (True, 'p3', ['public']),
        (True, None, ['public']),
        (False, None, ['p1', 'p2', 'public']),
    ],
)
def test_who_sees_a_notification(make, engine, tells_projects_apart, project, expected):
    triggers = [
        trigger('1'),
        trigger('2', project='p2'),
        trigger('3', project='public', is_public=True),
    ]
    notification = Notification('nova', None, 'compute.start', context={'project_id': project})
    make(tells_projects_apart=tells_projects_apart).fire(triggers, notification)
    assert projects(engine) == expected


def test_what_is_started(make, engine):
    fired = trigger(
        't1', name='wake', namespace='ns', workflow_input={'a': 1, 'b': ['<% $.payload.n %>']},
        workflow_params={'env': {'x': 'y'}},
    )  # fmt: skip
    make().fire([fired], NOTIFICATION)
    ((caller, arguments),) = engine.started
    assert caller == RequestContext(project_id='p1')
    assert json.loads(arguments.pop('description')) == {
        'description': "Workflow execution created by event trigger '(t1)'.",
        'triggered_by': {'type': 'event_trigger', 'id': 't1', 'name': 'wake'},
    }
    assert arguments == {
        'workflow_identifier': 'w',
        'namespace': 'ns',
        'execution_id': execution_id_of(fired, NOTIFICATION),
        'input': {'a': 1, 'b': [7]},
        'params': {
            'env': {'x': 'y'},
            'event_params': {
                'service': 'compute.host1',
                'project_id': 'p1',
                'user_id': 'u1',
                'timestamp': '2026-01-01 12:00:00',
            },
        },
    }
    assert fired.workflow_params == {'env': {'x': 'y'}}


def test_an_input_that_cannot_be_evaluated_stays_as_it_is(make, engine):
    make().fire([trigger('t', workflow_input={'a': '<% 1 / 0 %>', 'b': 1})], NOTIFICATION)
    assert engine.started[0][1]['input'] == {'a': '<% 1 / 0 %>', 'b': 1}


def test_the_same_notification_gives_the_same_execution():
    one, other = trigger('1'), trigger('2')
    ids = {
        execution_id_of(one, NOTIFICATION),
        execution_id_of(other, NOTIFICATION),
        execution_id_of(one, Notification('nova', None, 'e', message_id='m2')),
        execution_id_of(one, Notification('nova', None, 'e', payload=1)),
        execution_id_of(one, Notification('nova', None, 'e', payload=2)),
    }
    assert len(ids) == 5
    assert execution_id_of(one, NOTIFICATION) in ids


def test_a_workflow_that_cannot_start_holds_up_no_other(make, engine, caplog):
    engine.errors['p1'] = InputException('no such input')
    firing = make(tells_projects_apart=False)
    firing.fire([trigger('1', name='bad'), trigger('2', project='p2')], NOTIFICATION)
    assert projects(engine) == ['p2']
    assert 'Failed to process event trigger [name=bad, id=1]: no such input' in caplog.text
    assert 'Traceback' not in caplog.text


def test_what_may_pass_is_for_the_caller(make, engine):
    engine.errors['p1'] = RpcTimeoutError('away')
    with pytest.raises(RpcTimeoutError):
        make().fire([trigger('1')], NOTIFICATION)


def test_a_trigger_that_has_to_wait_holds_up_no_other(make, engine):
    engine.errors['p1'] = RpcTimeoutError('away')
    firing = make(tells_projects_apart=False)
    with pytest.raises(RpcTimeoutError):
        firing.fire([trigger('1'), trigger('2', project='p2')], NOTIFICATION)
    assert projects(engine) == ['p2']


@pytest.mark.parametrize(('status', 'count'), [('RUNNING', 1), ('PAUSING', 0), ('PAUSED', 0)])
def test_maintenance(database, make, engine, caplog, status, count):
    with database.transaction() as connection:
        row = {'id': 1, 'name': 'maintenance_status', 'value': status}
        connection.execute(insert(mistral_metrics).values(row))
    with caplog.at_level(logging.WARNING):
        make().fire([trigger('1')], NOTIFICATION)
    assert len(engine.started) == count
    assert ('there is maintenance' in caplog.text) == (count == 0)


def test_definitions(make, engine):
    firing = make(
        EventDefinition(('compute.*',), {'id': '<% $.payload.n %>', 'none': '<% $.no.such %>'}),
        EventDefinition(('other',), {}),
    )
    firing.fire([trigger('1')], NOTIFICATION)
    assert engine.started[0][1]['params']['event_params'] == {'id': 7, 'none': None}


def test_table():
    table = TriggerTable([trigger('1'), trigger('2', topic='other')])
    assert table.groups == {('nova', 'notifications'), ('nova', 'other')}
    for topic, found in (('other', ['2']), ('notifications', ['1']), (None, ['1', '2'])):
        hits = table.find(Notification('nova', topic, 'compute.start'))
        assert [hit.id for hit in hits] == found
    assert table.find(Notification('neutron', None, 'compute.start')) == []
    assert table.find(Notification('nova', None, 'compute.end')) == []
