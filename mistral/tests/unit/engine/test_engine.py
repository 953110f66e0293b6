"""The whole engine with its threads: starting, stopping, and what the next process makes of it."""

import logging
import queue
from dataclasses import replace

import pytest
from mistral_lib.actions import Result

from mistral.actions.catalog import ActionCatalog
from mistral.context import RequestContext
from mistral.db import retry
from mistral.db.store import direct_actions
from mistral.engine.engine import Engine, EngineSettings
from mistral.exceptions import DBEntityNotFoundError, EngineException
from mistral.tests.unit.engine.trouble import fail_once, lost_connection
from mistral.tests.waiting import wait_for
from mistral.utils.futures import in_thread, resolved
from mistral.workflow.events import ActionCompleted, Settle

PATIENCE = 10
CALLER = RequestContext()

WORKFLOWS = """
one:
  output: {x: <% $.x %>}
  tasks:
    a: {action: std.echo output=5, publish: {x: <% task().result %>}}
careful:
  tasks:
    a: {action: std.http url="http://example.com"}
careless:
  tasks:
    a: {action: std.http url="http://example.com", safe-rerun: true}
late:
  tasks:
    a: {action: std.noop, wait-before: 3600}
asking:
  tasks:
    a: {action: std.async_noop}
parent:
  tasks:
    down: {workflow: asking}
wide:
  tasks:
    down:
      with-items: i in <% [1, 2, 3] %>
      workflow: parent
careful-parent:
  tasks:
    down: {workflow: careful}
failing:
  tasks:
    a: {action: std.fail}
held:
  tasks:
    a: {action: std.noop, pause-before: true}
limited:
  tasks:
    a: {action: std.async_noop, timeout: 3600}
"""


class Executor:
    """Keeps requests until a test looks at them."""

    def __init__(self):
        self.requests = queue.Queue()

    def run_actions(self, caller, requests):
        for request, _target in requests:
            self.requests.put(request)
        return {}

    def run_action_sync(self, request, target):
        return resolved(Result(data=request.action.run(None)))

    def next(self):
        return self.requests.get(timeout=PATIENCE)


class Notifier:
    def __init__(self):
        self.effects = []

    def notify(self, effects):
        self.effects += effects


@pytest.fixture
def executor():
    return Executor()


@pytest.fixture
def notifier():
    return Notifier()


@pytest.fixture
def make(parts, executor, notifier):
    """Starts an engine; all of them share the database as processes do one after the other."""
    made = []

    def make(**settings):
        engine = Engine(parts, EngineSettings(**settings), executor, notifier)
        engine.start()
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.stop()


@pytest.fixture(autouse=True)
def workflows(bench):
    bench.define(WORKFLOWS)


@pytest.fixture
def wait_for_state(bench):
    return lambda id_, state: wait_for(lambda: bench.state(id_) == state, state, PATIENCE)


def start(engine, name, **arguments):
    return engine.service.start_workflow(CALLER, workflow_identifier=name, **arguments)


@pytest.mark.parametrize(
    ('name', 'line'),
    [
        (
            'held',
            "Workflow paused before task 'a' [RUNNING -> PAUSED] (wf_ex_id={}, task_ex_id={})",
        ),
        (
            'limited',
            'Timeout check scheduled [task={1}, timeout(s)=3600]. (wf_ex_id={0}, task_ex_id={1})',
        ),
    ],
)
def test_the_trace_log_tells_of_policies(make, bench, caplog, name, line):
    caplog.set_level(logging.INFO, 'workflow_trace')
    id_ = start(make(), name)['id']
    wanted = line.format(id_, bench.task(id_, 'a').id)
    wait_for(lambda: wanted in caplog.messages, wanted, PATIENCE)


def test_a_workflow_runs(make, executor, wait_for_state):
    engine = make()
    created = start(engine, 'one')
    assert (created['state'], created['workflow_name']) == ('RUNNING', 'one')
    engine.report_result(executor.next(), Result(data=5))
    wait_for_state(created['id'], 'SUCCESS')


def test_start_with_the_id_of_an_execution_gives_that_one(make, executor):
    engine = make()
    first = start(engine, 'one', execution_id='the-id')
    again = start(engine, 'late', execution_id='the-id')
    assert (first['id'], again['id'], again['workflow_name']) == ('the-id', 'the-id', 'one')
    assert executor.next()
    assert executor.requests.empty()


def test_id_of_another_project_is_not_given_away(make):
    engine = make()
    start(engine, 'one', execution_id='the-id')
    with pytest.raises(DBEntityNotFoundError):
        engine.service.start_workflow(
            RequestContext(project_id='other'), workflow_identifier='one', execution_id='the-id'
        )


def test_clients_cannot_hang_executions_under_others(make, bench):
    engine = make()
    injected = {'root_execution_id': 'r', 'task_execution_id': 't', 'index': 3, 'own': 1}
    id_ = start(engine, 'one', params=injected)['id']
    assert bench.load(id_).execution.params == {'own': 1, 'namespace': '', 'env': {}}


def test_publishers_hear_of_an_execution(make, notifier):
    start(make(), 'one', params={'notify': [{'type': 'b'}]})
    assert next(effect.publishers for effect in notifier.effects) == ({'type': 'b'},)


def test_pause_reaches_the_subworkflows_before_it_is_answered(make, bench):
    engine = make()
    id_ = start(engine, 'parent')['id']
    wait_for(lambda: bench.load(id_).by_name['down'][0].children, 'sub-workflow')
    (child,) = bench.load(id_).by_name['down'][0].children
    assert engine.service.pause_workflow(CALLER, execution_id=id_)['state'] == 'PAUSED'
    assert bench.state(child.id) == 'PAUSED'
    engine.service.resume_workflow(CALLER, execution_id=id_)
    assert bench.state(child.id) == 'RUNNING'
    engine.service.stop_workflow(CALLER, execution_id=id_, state='CANCELLED')
    assert bench.state(child.id) == 'CANCELLED'


def test_subworkflows_are_waited_for_level_by_level(make, bench, executor, monkeypatch):
    """Those of a level all at once, but no level before the one above has sent what it has to."""
    engine = make()
    id_ = start(engine, 'wide')['id']
    for _ in range(3):
        executor.next()
    middle = [child.id for child in bench.task(id_, 'down').children]
    leaves = [child.id for each in middle for child in bench.task(each, 'down').children]
    mailboxes = engine.service._mailboxes
    post = mailboxes.post
    held = []

    def hold(execution_id, letter):
        if not isinstance(letter.event, Settle):
            post(execution_id, letter)
            return
        held.append((execution_id, letter))
        if len(held) in (3, 6):
            for each in held[-3:]:
                post(*each)

    monkeypatch.setattr(mailboxes, 'post', hold)
    pausing = in_thread('pauses', lambda: engine.service.pause_workflow(CALLER, execution_id=id_))
    pausing.result(PATIENCE)
    assert {execution_id for execution_id, _ in held[:3]} == set(middle)
    assert {execution_id for execution_id, _ in held[3:]} == set(leaves)


def test_unknown_ids(make):
    service = make().service
    for call in (
        lambda: service.pause_workflow(CALLER, execution_id='x'),
        lambda: service.rerun_task(CALLER, task_execution_id='x'),
        lambda: service.skip_task(CALLER, task_execution_id='x'),
        lambda: service.update_action(CALLER, action_execution_id='x', state='PAUSED'),
        lambda: service.complete_action(CALLER, action_execution_id='x', result={'data': 1}),
        lambda: service.start_workflow(CALLER, workflow_identifier='x'),
    ):
        with pytest.raises(DBEntityNotFoundError):
            call()


class TestAfterTheEnd:
    """One engine has stopped or died; another one takes over."""

    def test_result_that_came_too_late_is_not_lost(self, make, executor, bench, wait_for_state):
        former = make()
        id_ = start(former, 'careful')['id']
        request = executor.next()
        former.stop()
        former.report_result(request, Result(data='carried out'))
        assert bench.state(id_) == 'RUNNING'
        make().recover()
        wait_for_state(id_, 'SUCCESS')
        assert bench.jobs() == []

    def test_who_asks_too_late_is_told(self, make):
        engine = make()
        id_ = start(engine, 'late')['id']
        engine.stop()
        with pytest.raises(EngineException, match='stopping'):
            engine.service.pause_workflow(CALLER, execution_id=id_)

    def test_lost_action_fails(self, make, executor, bench, wait_for_state):
        id_ = start(make(), 'careful')['id']
        executor.next()
        make().recover()
        wait_for_state(id_, 'ERROR')
        assert (
            'it is not known whether the action was carried out' in bench.task(id_, 'a').state_info
        )
        assert executor.requests.empty()

    @pytest.mark.parametrize('name', ['careless', 'one'])
    def test_lost_action_that_may_run_twice_is_repeated(self, make, executor, name, bench):
        id_ = start(make(), name)['id']
        first = executor.next()
        make().recover()
        second = executor.next()
        assert first.action_execution_id == second.action_execution_id
        assert len(bench.task(id_, 'a').children) == 1

    def test_action_that_the_recovery_itself_starts_is_not_lost(
        self, make, executor, bench, monkeypatch
    ):
        """An engine works on what it is given before all has been given to it."""
        id_ = bench.start('careful-parent')
        engine = make()
        post = engine.post_event
        requests = []

        def post_and_wait_for_the_action(*event):
            post(*event)
            if not requests:
                requests.append(executor.next())

        monkeypatch.setattr(engine, 'post_event', post_and_wait_for_the_action)
        engine.recover()
        engine.stop()
        (child,) = bench.task(id_, 'down').children
        assert bench.state(child.id) == 'RUNNING'
        assert bench.task(child.id, 'a').state == 'RUNNING'

    def test_asynchronous_action_goes_on(self, make, executor, bench, wait_for_state):
        id_ = start(make(), 'asking')['id']
        action_id = executor.next().action_execution_id
        successor = make()
        successor.recover()
        result = {'data': 1, 'error': None, 'cancel': False}
        successor.service.complete_action(CALLER, action_execution_id=action_id, result=result)
        assert bench.state(id_) == 'SUCCESS'

    def test_lost_message_is_delivered(self, make, parts, bench, wait_for_state):
        """The process died between the commit and the delivery of what it said."""
        id_ = bench.start('parent')
        assert len(bench.jobs()) == 1
        make().recover()
        (child,) = bench.task(id_, 'down').children
        wait_for(lambda: bench.load(child.id).tasks, 'task of the sub-workflow')
        wait_for(lambda: bench.jobs() == [], 'end of the message')

    def test_timer_goes_on(self, make, bench, monkeypatch):
        id_ = bench.start('late')
        (job,) = bench.jobs()
        engine = make()
        scheduled = {}
        monkeypatch.setattr(
            engine._timers, 'schedule', lambda *timer: scheduled.update({timer[0]: timer[1:]})
        )
        engine.recover()
        delay, fire = scheduled.pop(job.id)
        assert 3500 < delay <= 3601
        fire()
        wait_for(lambda: bench.task(id_, 'a').state == 'RUNNING', 'start of the task')

    def test_direct_action_is_lost(self, make, bench, executor):
        former = make()
        row = former.service.start_action(
            CALLER, name='std.echo', input={'output': 1}, save_result=True
        ).result(0)
        make().recover()
        with bench.database.read() as connection:
            stored = direct_actions.get(connection, row['id'])
        assert stored['state'] == 'ERROR'
        assert 'not known whether the action was carried out' in stored['output']['result']

    def test_finished_executions_are_left_alone(self, make, executor, bench, wait_for_state):
        former = make()
        id_ = start(former, 'one')['id']
        former.report_result(executor.next(), Result(data=5))
        wait_for_state(id_, 'SUCCESS')
        revision = bench.load(id_).execution.revision
        successor = make()
        successor.recover()
        successor.stop()
        assert bench.load(id_).execution.revision == revision


class TestResultOfDirectAction:
    @pytest.fixture
    def engine(self, make):
        return make()

    @pytest.fixture
    def request_(self, engine, executor):
        engine.service.start_action(CALLER, name='std.echo', input={'output': 1}, save_result=True)
        return executor.next()

    @pytest.fixture
    def stored(self, bench, request_):
        def stored():
            with bench.database.read() as connection:
                return direct_actions.get(connection, request_.action_execution_id)

        return stored

    def test_a_second_one_changes_nothing(self, engine, request_, stored):
        engine.report_result(request_, Result(data=1))
        engine.report_result(request_, Result(data=2))
        assert stored()['output'] == {'result': 1}

    def test_one_for_an_action_that_was_deleted_changes_nothing(self, engine, request_):
        engine.report_result(replace(request_, action_execution_id='deleted'), Result(data=1))

    @pytest.mark.parametrize(
        ('owner', 'method'), [(direct_actions, 'change'), (ActionCatalog, 'find')]
    )
    def test_waits_for_the_database(
        self, engine, request_, stored, interfere, monkeypatch, owner, method
    ):
        monkeypatch.setattr(retry, 'waits', lambda *_: [0.0])
        fail_once(interfere, owner, method, lost_connection())
        engine.report_result(request_, Result(data=1))
        assert stored()['output'] == {'result': 1}


def test_actions_of_a_failed_task_can_be_rerun_and_skipped(make, executor, bench, wait_for_state):
    engine = make()
    id_ = start(engine, 'failing')['id']
    engine.report_result(executor.next(), Result(error='broken'))
    wait_for_state(id_, 'ERROR')
    task_id = bench.task(id_, 'a').id
    engine.service.rerun_task(CALLER, task_execution_id=task_id)
    assert bench.state(id_) == 'RUNNING'
    engine.report_result(executor.next(), Result(error='broken'))
    wait_for_state(id_, 'ERROR')
    engine.service.skip_task(CALLER, task_execution_id=task_id)
    assert bench.state(id_) == 'SUCCESS'


def test_event_of_a_job_takes_effect_once(make, bench, executor):
    id_ = bench.start('asking')
    (action,) = bench.task(id_, 'a').children
    engine = make()
    engine.post_event(id_, ActionCompleted(action.id, 1), 'no such job')
    engine.stop()
    assert bench.state(id_) == 'RUNNING'
