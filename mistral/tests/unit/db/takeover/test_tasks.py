"""What the engine notes about tasks and their children."""

import pytest

from mistral.db.takeover import tasks
from mistral.db.takeover.numbering import number
from mistral.tests.unit.db.takeover.support import (
    NOW,
    action,
    execution,
    items,
    join,
    subworkflow,
    task,
)

RETRY = "Delayed by 'retry' policy [delay=60]"


def translate(left, *others):
    everything = [left, *others]
    return tasks.translate(execution(*everything), left, (), number(everything), NOW)


def superseded(left):
    children = translate(left).children
    return {id_ for id_, context in children.items() if context.get('superseded')}


def test_what_mistral_23_notes_is_kept():
    context = {'retry_task_policy': {'retry_no': 1}, 'wait_before_policy': {'skip': True}}
    left = task(context=context, children=[action('a')])
    assert translate(left).runtime_context == context
    assert translate(left).children == {'a': {'index': 0, 'safe_rerun': False}}


def test_task_that_is_held():
    left = task(state='IDLE', state_info="Set by 'pause-before' policy")
    assert tasks.was_held(left)
    assert not tasks.was_not_started(left)
    assert translate(left).runtime_context == {'_held': True}


def test_task_that_was_not_started():
    assert tasks.was_not_started(task(state='IDLE'))
    assert not tasks.was_not_started(task())
    assert not tasks.was_not_started(task(state='IDLE', children=[action('a')]))


@pytest.mark.parametrize(
    'what', ['run task', 'complete task', 'complete action', 'handle action completion']
)
def test_task_that_has_failed_hard(what):
    text = f'Failed to {what} [error=no, wf=w, task=t]:\nTraceback ...'
    assert translate(task(state='ERROR', state_info=text)).runtime_context == {'_failed_hard': True}


def test_task_that_has_just_failed():
    for left in (
        task(state='ERROR', state_info='no'),
        task(state='ERROR', state_info='Failed to run task [error=no]:', processed=True),
    ):
        assert translate(left).runtime_context == {}


@pytest.mark.parametrize(
    ('children', 'expected'),
    [
        ([], [0, 1, 2, 3]),
        ([action('a', index=0), action('b', index=1, state='SUCCESS')], [2, 3]),
        # Re-run without those that had succeeded: the first of the failed ones goes on.
        (
            [
                action('a', index=0, state='SUCCESS'),
                action('b', index=1, state='ERROR', accepted=False),
                action('c', index=2, state='ERROR', accepted=False),
                action('d', 5, index=1),
            ],
            [2, 3],
        ),
    ],
)
def test_items_that_have_not_been_started(children, expected):
    context = translate(items(4, *children)).runtime_context
    assert (context['_chosen_items'], context['_next_item']) == (expected, 0)


def test_items_of_a_task_that_is_over():
    left = items(1, action('a', state='SUCCESS'), state='SUCCESS')
    assert translate(left).runtime_context == {'with_items': {'capacity': None, 'count': 1}}


def test_attempts_that_others_have_replaced():
    first, second, third = action('1', 0), action('2', 5), action('3', 9)
    assert superseded(task(children=[third, first, second])) == {'1', '2'}


@pytest.mark.parametrize('state', ['DELAYED', 'WAITING'])
def test_no_attempt_counts_while_the_next_one_is_awaited(state):
    children = [action('1', state='ERROR', accepted=False), action('2', 5)]
    assert superseded(task(state=state, state_info=RETRY, children=children)) == {'1', '2'}


def test_attempts_of_items_replace_those_of_the_same_item():
    children = [action('1', 0), action('2', 0, index=1), action('3', 5)]
    assert superseded(items(2, *children)) == {'1'}


def test_former_runs_of_a_join_count_for_its_result():
    first, second = action('1', 0, state='SUCCESS'), action('2', 5)
    left = join(started=5, children=[first, second])
    assert superseded(left) == set()
    assert translate(left).runtime_context == {'_ran_at': 2}
    # An action of a former run that goes on does not.
    assert superseded(join(started=5, children=[action('1', 0), second])) == {'1'}


def test_a_waiting_join_has_not_run():
    left = join(state='WAITING', started=0, children=[action('1', state='SUCCESS')])
    assert translate(left).runtime_context == {}


def test_a_join_that_lacked_branches():
    left = join(second=1, state='ERROR', processed=True, state_info="Failed by tasks: ['b']")
    others = (
        task('c', 0, state='SUCCESS', next_tasks=[['j', 'on-success']]),
        task('b', 0, state='ERROR', next_tasks=[['d', 'on-error']]),
        task('a', 0, state='SUCCESS', next_tasks=[['x', 'on-success'], ['j', 'on-complete']]),
    )
    assert translate(left, *others).runtime_context == {'_sources': ['a', 'c']}


def test_what_is_known_of_subworkflows():
    children = [subworkflow('1', 0), subworkflow('2', 5)]
    translated = translate(task(children=children))
    assert translated.runtime_context == {'_superseded': ['1']}
    assert translated.children == {'1': {'index': 0, '_seq': 1}, '2': {'index': 0, '_seq': 2}}
