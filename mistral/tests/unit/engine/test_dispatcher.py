"""Each effect goes to the part of the service that carries it out."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from mistral.context import RequestContext
from mistral.db.times import utc_now
from mistral.engine.dispatcher import Dispatcher
from mistral.exceptions import RpcError
from mistral.workflow.effects import (
    CancelTimer,
    Notify,
    RunAction,
    ScheduleTimer,
    Send,
    Trace,
)
from mistral.workflow.events import ActionCompleted, Settle, TimerFired
from mistral.workflow.model import WorkflowExecution

EXECUTION = WorkflowExecution(
    id='e',
    workflow_id='w',
    workflow_name='wf',
    workflow_namespace='',
    spec={},
    project_id='p',
    created_at=utc_now(),
)

RUN = RunAction(
    action_execution_id='a',
    task_execution_id='t',
    task_name='task',
    action=object(),
    name='std.echo',
    is_sync=True,
    safe_rerun=True,
    index=3,
    timeout=7,
    target='host',
)


class Recorder:
    """Stands for all parts: notes what they are told."""

    def __init__(self):
        self.told = []
        self.timers = {}
        self.refused = {}

    def of(self, execution):
        return RequestContext(project_id=execution.project_id)

    def run_actions(self, caller, requests):
        self.told.append((caller, *requests))
        return self.refused

    def notify(self, effects):
        self.told.append(effects)

    def schedule(self, timer_id, delay, function):
        self.timers[timer_id] = (delay, function)

    def cancel(self, timer_id):
        del self.timers[timer_id]

    def post_event(self, execution_id, event, job_id):
        self.told.append((execution_id, event, job_id))


@pytest.fixture
def parts():
    return Recorder()


@pytest.fixture
def dispatch(parts):
    dispatcher = Dispatcher(parts, parts, parts, parts, logging.getLogger('test_trace'))
    dispatcher.connect(parts)
    return lambda *effects: dispatcher.dispatch(EXECUTION, effects)


def test_action(dispatch, parts):
    dispatch(RUN)
    ((caller, (request, target)),) = parts.told
    assert (caller, target) == (RequestContext(project_id='p'), 'host')
    assert (request.action, request.action_execution_id) == (RUN.action, 'a')
    assert (request.name, request.safe_rerun, request.timeout) == ('std.echo', True, 7)
    assert request.caller == RequestContext(project_id='p')
    assert request.execution_context == {
        'workflow_execution_id': 'e',
        'task_execution_id': 't',
        'workflow_name': 'wf',
        'action_execution_id': 'a',
        'callback_url': '/v2/action_executions/a',
        'with_items_index': 3,
    }


def test_actions_of_one_turn_go_together(dispatch, parts):
    dispatch(RUN, Send('m', 'other', Settle()), replace(RUN, action_execution_id='b'))
    sent = parts.told[-1][1:]
    assert [request.action_execution_id for request, _ in sent] == ['a', 'b']


def test_action_that_nobody_can_run_fails(dispatch, parts):
    parts.refused = {'a': 'no executor'}
    dispatch(RUN, replace(RUN, action_execution_id='b'))
    error = 'The action could not be handed to an executor: no executor'
    assert parts.told[1:] == [('e', ActionCompleted('a', error=error), None)]


def test_what_the_message_bus_does_not_take_keeps_nothing_else_back(
    dispatch, parts, monkeypatch, caplog
):
    """The actions are handed over again by a scheduler; events for publishers are lost."""

    def fail(*_):
        raise RpcError('no bus')

    monkeypatch.setattr(parts, 'run_actions', fail)
    monkeypatch.setattr(parts, 'notify', fail)
    dispatch(RUN, Notify('e', 'WORKFLOW_LAUNCHED', {}, None), Send('m', 'other', Settle()))
    assert parts.told == [('other', Settle(), 'm')]
    assert 'Actions of execution e have to wait: no bus' in caplog.text
    assert '1 events are not published: no bus' in caplog.text


def test_message(dispatch, parts):
    dispatch(Send('m', 'other', Settle()))
    assert parts.told == [('other', Settle(), 'm')]


def test_timer(dispatch, parts):
    due = utc_now() + timedelta(seconds=100)
    dispatch(ScheduleTimer('timer', 't', 'continue', due))
    delay, fire = parts.timers['timer']
    assert 90 < delay <= 100
    fire()
    assert parts.told == [('e', TimerFired('timer', 't', 'continue'), 'timer')]


def test_timer_is_cancelled(dispatch, parts):
    dispatch(ScheduleTimer('timer', 't', 'continue', utc_now()), CancelTimer('timer'))
    assert parts.timers == {}


def test_notifications_of_one_turn_go_together(dispatch, parts):
    first = Notify('e', 'WORKFLOW_LAUNCHED', {}, None)
    second = Notify('t', 'TASK_LAUNCHED', {}, None)
    dispatch(first, second)
    assert parts.told == [[first, second]]


def test_trace_line_goes_to_its_log_without_passwords(dispatch, caplog):
    effect = Trace('Workflow %s, %s', ('wf', {'password': 'secret', 'a': 1}))
    with caplog.at_level(logging.INFO, 'test_trace'):
        dispatch(effect)
    (message,) = caplog.messages
    assert message.startswith('Workflow wf, {')
    assert 'secret' not in message


def test_effects_are_carried_out_in_order(dispatch, parts):
    dispatch(*(Send(f'm{n}', 'other', Settle()) for n in range(5)))
    assert [job_id for _, _, job_id in parts.told] == [f'm{n}' for n in range(5)]
