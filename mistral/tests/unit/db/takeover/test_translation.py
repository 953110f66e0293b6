"""What becomes of whole executions."""

from mistral.db.takeover.translation import translate
from mistral.tests.unit.db.takeover.support import NOW, action, call, execution, join, task
from mistral.workflow.events import Recover, Resume, TimerFired


def events(taken):
    return [job.event for job in taken.jobs]


def test_a_running_execution_is_looked_at():
    taken = translate(execution(task(children=[action('a')])), {}, NOW)
    assert (taken.state, taken.runtime_context) == ('RUNNING', {})
    assert taken.numbers == {'t': 0, 'a': 1}
    assert taken.tasks == {'t': {}}
    assert events(taken) == [Recover()]
    assert {(job.execution_id, job.due) for job in taken.jobs} == {('e', NOW)}


def test_an_execution_that_has_ended_is_left_in_peace():
    left = execution(task('a', state='RUNNING'), task('b', state='IDLE'), state='CANCELLED')
    taken = translate(left, {}, NOW)
    assert (taken.state, taken.runtime_context) == ('CANCELLED', {})
    assert (taken.jobs, taken.removed) == ([], [])


def test_calls_find_their_task():
    left = execution(task('a', children=[action('x')]), task('b', children=[action('y')]))
    limit = call('_fail_task_if_incomplete', 60, timeout=9)
    taken = translate(left, {'b': [limit]}, NOW)
    (fired,) = (event for event in events(taken) if isinstance(event, TimerFired))
    assert (fired.task_execution_id, fired.kind) == ('b', 'timeout')


def test_tasks_that_were_not_started_are_created_anew():
    left = execution(
        task('a', 0, state='SUCCESS', processed=True),
        task('c', 1, state='IDLE', after=['a'], name='later'),
        task('b', 0, state='IDLE', name='first'),
    )
    taken = translate(left, {}, NOW)
    assert taken.state == 'PAUSED'
    assert taken.runtime_context == {
        '_backlog': [
            {'task': 'first', 'source_id': None, 'event': None},
            {'task': 'later', 'source_id': 'a', 'event': 'on-success'},
        ]
    }
    assert taken.removed == ['b', 'c']
    assert taken.tasks.keys() == {'a'}
    assert events(taken) == [Recover(), Resume()]


def test_in_a_paused_execution_they_wait_for_its_resume():
    taken = translate(execution(task(state='IDLE'), state='PAUSED'), {}, NOW)
    assert taken.state == 'PAUSED'
    assert len(taken.runtime_context['_backlog']) == 1
    assert events(taken) == [Recover()]


def test_what_a_resume_takes_up_is_taken_up():
    held = task(state='IDLE', state_info="Set by 'pause-before' policy")
    done = task(state='SUCCESS', processed=False)
    for left in (held, done):
        taken = translate(execution(left), {}, NOW)
        assert taken.state == 'PAUSED'
        assert events(taken) == [Recover(), Resume()]
        taken = translate(execution(left, state='PAUSED'), {}, NOW)
        assert events(taken) == [Recover()]


def test_steps_behind_a_pause():
    trigger = [{'task_id': 'a', 'event': 'on-success'}]
    commands = [
        {'cmd_name': 'b', 'task_name': 'b', 'triggered_by': trigger, 'wait': False},
        {'cmd_name': 'j', 'task_name': 'j', 'triggered_by': trigger, 'wait': True},
        {'cmd_name': 'fail', 'task_name': 'a', 'triggered_by': trigger, 'new_state': 'ERROR'}
        | {'msg': 'no'},
        # No command, but a task of a reverse workflow with such a name.
        {'cmd_name': 'pause', 'task_name': 'pause', 'triggered_by': None, 'wait': False},
    ]
    context = {'index': 0, 'backlog_commands': commands}
    left = execution(task('a', state='SUCCESS', processed=True), state='PAUSED')
    left.runtime_context = context
    assert translate(left, {}, NOW).runtime_context == {
        'index': 0,
        '_backlog': [
            {'task': 'b', 'source_id': 'a', 'event': 'on-success'},
            {'task': 'j', 'source_id': 'a', 'event': 'on-success'},
            {'command': 'fail', 'message': 'no', 'source_id': 'a'},
            {'task': 'pause', 'source_id': None, 'event': None},
        ],
    }


def test_an_empty_backlog_is_none():
    left = execution(state='PAUSED', runtime_context={'backlog_commands': []})
    assert translate(left, {}, NOW).runtime_context == {}


def test_the_workbook_is_noted_if_it_is_known():
    assert translate(execution(workbook='wb'), {}, NOW).runtime_context == {'_workbook': 'wb'}
    assert translate(execution(), {}, NOW).runtime_context == {}


def test_a_hard_error_is_told_when_the_execution_is_resumed():
    text = 'Failed to run task [error=no, wf=w, task=t]:\nTraceback (most recent call last):\n ...'
    left = task(state='ERROR', state_info=text)
    taken = translate(execution(left, state='PAUSED'), {}, NOW)
    first_line = 'Failed to run task [error=no, wf=w, task=t]:'
    assert taken.runtime_context == {'_hard_error': first_line}
    # Others have told it already.
    assert translate(execution(left, state='ERROR'), {}, NOW).runtime_context == {}
    assert translate(execution(left), {}, NOW).state == 'RUNNING'


def test_waiting_joins_are_looked_at():
    taken = translate(execution(join(state='WAITING', state_info='Task is waiting.')), {}, NOW)
    assert events(taken) == [Recover()]
