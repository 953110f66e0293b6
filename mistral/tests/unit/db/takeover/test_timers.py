"""What is still to happen to a task."""

from datetime import timedelta

import pytest

from mistral.db.takeover import tasks
from mistral.db.takeover.numbering import number
from mistral.tests.unit.db.takeover.support import (
    NOW,
    action,
    at,
    call,
    execution,
    items,
    join,
    subworkflow,
    task,
)

RETRY = "Delayed by 'retry' policy [delay=60]"
WAIT_BEFORE = "Delayed by 'wait-before' policy [delay=60]"
WAIT_AFTER = "Delayed by 'wait-after' policy [delay=60]"


def translated(left, *calls, ended=False):
    whole = execution(left, state='CANCELLED' if ended else 'RUNNING')
    return tasks.translate(whole, left, calls, number([left]), NOW)


def timers(left, *calls, ended=False):
    """The kinds of timers with their times. Each is known to the task, and a job."""
    found = translated(left, *calls, ended=ended)
    known = found.runtime_context.get('_timers', {})
    assert {job.event.kind: job.id for job in found.jobs} == known
    for job in found.jobs:
        assert (job.execution_id, job.event.task_execution_id) == ('e', left.id)
        assert job.event.timer_id == job.id
    return {job.event.kind: job.due for job in found.jobs}


def outcome(left, *calls):
    found = translated(left, *calls)
    assert found.runtime_context['_timers'].keys() == {'complete'}
    return tuple(found.runtime_context['_outcome'].values())


@pytest.mark.parametrize('text', [RETRY, WAIT_BEFORE, 'in other words'])
def test_delayed_task_goes_on_when_mistral_23_would_let_it(text):
    left = task(state='DELAYED', state_info=text)
    assert timers(left, call('_continue_task', 60)) == {'continue': at(60)}


def test_delayed_task_goes_on_at_once_if_its_call_is_lost():
    assert timers(task(state='DELAYED', state_info=RETRY)) == {'continue': NOW}


def test_a_join_that_tries_again_waits_for_the_first_of_its_calls():
    left = join(state='WAITING', state_info=RETRY)
    calls = call('_refresh_task_state', 60), call('_refresh_task_state', 50)
    assert timers(left, *calls) == {'continue': at(50)}


def test_a_join_that_only_waits_has_no_timer():
    left = join(state='WAITING', state_info='Task is waiting.')
    assert timers(left, call('_refresh_task_state')) == {}


def test_the_end_of_wait_after_brings_the_outcome():
    left = task(state='DELAYED', state_info=WAIT_AFTER, children=[action('a', state='ERROR')])
    end = call('_complete_task', 60, state='ERROR', state_info='E')
    assert timers(left, end) == {'complete': at(60)}
    assert outcome(left, end) == ('ERROR', 'E')


def test_a_lost_end_of_wait_after_is_told_from_the_children():
    children = [action('a', state='ERROR', result={'code': 1})]
    left = task(state='DELAYED', state_info=WAIT_AFTER, children=children)
    assert timers(left) == {'complete': NOW}
    assert outcome(left) == ('ERROR', "{'code': 1}")
    assert outcome(task(state='DELAYED', state_info=WAIT_AFTER)) == ('SUCCESS', None)


def test_time_limit():
    left = task(children=[action('a')])
    limit = call('_fail_task_if_incomplete', 60, timeout=90)
    assert timers(left, limit) == {'timeout': at(60)}
    assert translated(left, limit).runtime_context['_timeout'] == 90


def test_time_limit_of_a_delayed_task():
    left = task(state='DELAYED', state_info=WAIT_BEFORE)
    calls = call('_continue_task', 60), call('_fail_task_if_incomplete', 90, timeout=90)
    assert timers(left, *calls) == {'continue': at(60), 'timeout': at(90)}


@pytest.mark.parametrize(
    'left',
    [
        # The time begins anew when it is resumed.
        task(state='IDLE', state_info="Set by 'pause-before' policy"),
        task(state='SUCCESS', processed=True),
    ],
)
def test_time_limit_that_means_nothing(left):
    assert timers(left, call('_fail_task_if_incomplete', 60, timeout=90)) == {}


@pytest.mark.parametrize(
    ('child', 'expected'),
    [
        (action('a', state='SUCCESS', result='x'), ('SUCCESS', None)),
        (action('a', state='ERROR', result='x'), ('ERROR', 'x')),
        (action('a', state='ERROR', result=''), ('ERROR', None)),
        (action('a', state='CANCELLED'), ('CANCELLED', None)),
        (subworkflow('s', state='ERROR', result='deep'), ('ERROR', 'deep')),
    ],
)
def test_a_result_that_was_not_reported_is(child, expected):
    assert outcome(task(children=[child])) == expected
    assert outcome(task(state='PAUSED', children=[child])) == expected


@pytest.mark.parametrize(
    ('states', 'expected'),
    [
        (('SUCCESS', 'SUCCESS'), ('SUCCESS', None)),
        (('SUCCESS', 'ERROR'), ('ERROR', 'One or more actions had failed.')),
        (('CANCELLED', 'RUNNING'), ('CANCELLED', 'One or more actions was cancelled.')),
    ],
)
def test_items_that_were_not_counted_are(states, expected):
    children = [action(str(i), state=state, index=i) for i, state in enumerate(states)]
    assert outcome(items(2, *children)) == expected


def test_a_task_waits_on_for_its_children():
    done = action('a', state='SUCCESS')
    assert timers(task(children=[action('b')])) == {}
    assert timers(task(children=[action('b', state='PAUSED')])) == {}
    assert timers(items(2, done, action('b', index=1))) == {}
    # The engine starts the second one by itself.
    assert timers(items(2, done, concurrency=1)) == {}


def test_a_task_without_children_is_started():
    assert timers(task()) == {'continue': NOW}


def test_only_the_last_attempt_counts():
    first = action('first', 0, state='SUCCESS', accepted=False)
    assert timers(task(children=[first, action('second', 1)])) == {}


def test_in_an_execution_that_has_ended_nothing_starts_by_itself():
    assert timers(task(), ended=True) == {}
    assert timers(task(state='DELAYED', state_info=RETRY), ended=True) == {}
    assert timers(task(state='DELAYED', state_info=WAIT_AFTER), ended=True) == {}


def test_in_an_execution_that_has_ended_calls_are_made_all_the_same():
    left = task(state='DELAYED', state_info=RETRY)
    later = NOW + timedelta(days=1)
    seconds = int((later - at(0)).total_seconds())
    assert timers(left, call('_continue_task', seconds), ended=True) == {'continue': later}
    left = task(children=[action('a', state='SUCCESS')])
    assert timers(left, ended=True) == {'complete': NOW}
