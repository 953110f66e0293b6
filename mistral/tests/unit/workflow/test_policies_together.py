"""How policies act on each other (engine-semantics.md, 13.9)."""

import pytest

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult


def run(world: World, task: str) -> str:
    """Run a workflow with one task `t` whose error is handled."""
    world.define(f'wf:\n  tasks:\n    t: {{{task}, on-error: noop}}\n')
    return world.run_workflow('wf')


def state(world: World, execution_id: str) -> tuple[str, str | None]:
    task = world.task(execution_id, 't')
    return task.state, task.state_info


TIMED_OUT = (states.ERROR, 'Task timed out [timeout(s)=2].')


def test_a_timeout_may_strike_during_wait_before(world: World):
    id_ = run(world, 'action: std.noop, wait-before: 5, timeout: 2')
    world.pass_time(10)
    assert state(world, id_) == TIMED_OUT
    assert world.started == []


def test_the_clock_starts_after_a_hold(world: World):
    id_ = run(world, 'action: std.async_noop, pause-before: true, timeout: 2')
    world.pass_time(10)
    assert state(world, id_) == (states.IDLE, "Set by 'pause-before' policy")
    world.ask(id_, events.Resume())
    world.pass_time(1)
    assert state(world, id_) == (states.RUNNING, None)
    world.pass_time(1)
    assert state(world, id_) == TIMED_OUT


def test_a_held_task_starts_at_once_when_the_workflow_is_resumed(world: World):
    id_ = run(world, 'action: std.noop, pause-before: true, wait-before: 5')
    world.ask(id_, events.Resume())
    assert state(world, id_) == (states.SUCCESS, None)


def test_each_attempt_has_its_own_time_limit(world: World):
    id_ = run(world, 'action: std.async_noop, timeout: 2, retry: {count: 1, delay: 1}')
    world.pass_time(2)
    assert state(world, id_) == (states.DELAYED, "Delayed by 'retry' policy [delay=1]")
    world.pass_time(1)
    assert state(world, id_) == (states.RUNNING, None)
    world.pass_time(2)
    assert state(world, id_) == TIMED_OUT


def test_wait_after_delays_the_first_attempt_only(world: World):
    id_ = run(world, 'action: std.fail, wait-after: 5, retry: {count: 2, delay: 1}')
    world.pass_time(4.9)
    assert len(world.started) == 1
    world.pass_time(2.2)
    assert len(world.started) == 3
    assert world.execution(id_).state == states.SUCCESS


@pytest.mark.parametrize('late', ['value', ActionResult(error='no'), ActionResult(cancel=True)])
def test_a_late_result_during_wait_after_does_not_change_the_outcome(world: World, late):
    id_ = run(world, 'action: std.async_noop, timeout: 2, wait-after: 5')
    world.pass_time(3)
    world.end(id_, 't', late)
    assert state(world, id_)[0] == states.DELAYED
    world.pass_time(5)
    assert state(world, id_) == TIMED_OUT


def test_items_do_not_go_on_after_the_time_limit(world: World):
    id_ = run(
        world,
        'action: std.async_noop, with-items: "i in <% [1, 2, 3] %>", concurrency: 1, timeout: 2, '
        'wait-after: 5',
    )
    world.pass_time(3)
    world.end(id_, 't')
    assert len(world.started) == 1
    world.pass_time(5)
    assert state(world, id_) == TIMED_OUT


def test_a_success_that_fail_on_refuses_counts_as_an_attempt(world: World):
    id_ = run(world, 'action: std.noop, fail-on: true, retry: {count: 2, delay: 1}')
    world.pass_time(5)
    assert state(world, id_) == (states.ERROR, "Failed by 'fail-on' policy")
    assert len(world.started) == 3


def test_a_retry_runs_all_items_again(world: World):
    id_ = run(
        world,
        'action: std.fail, with-items: "i in <% [1, 2] %>", retry: {count: 1, delay: 1}',
    )
    world.pass_time(1)
    children = world.task(id_, 't').children
    assert [(child.index, child.accepted) for child in children] == [
        (0, False),
        (1, False),
        (0, True),
        (1, True),
    ]


def test_retries_go_on_while_the_workflow_is_paused_but_lead_nowhere(world: World):
    id_ = run(world, 'action: std.fail, retry: {count: 2, delay: 1}')
    world.ask(id_, events.Pause())
    world.pass_time(5)
    assert state(world, id_) == (states.ERROR, 'Fail action expected exception.')
    assert world.execution(id_).state == states.PAUSED
    world.ask(id_, events.Resume())
    assert world.execution(id_).state == states.SUCCESS


def test_retries_stop_when_the_workflow_is_over(world: World):
    id_ = run(world, 'action: std.async_noop, retry: {count: 2, delay: 1}')
    world.ask(id_, events.Stop(states.CANCELLED))
    world.end(id_, 't', ActionResult(error='no'))
    world.pass_time(5)
    assert len(world.started) == 1
    assert world.execution(id_).state == states.CANCELLED


def test_a_cancelled_attempt_is_not_repeated(world: World):
    id_ = run(world, 'action: std.async_noop, retry: {count: 2, delay: 1}')
    world.end(id_, 't', ActionResult(cancel=True))
    assert state(world, id_)[0] == states.CANCELLED
    assert list(world.timers) == []


@pytest.mark.parametrize(
    ('action', 'conditions', 'attempts'),
    [
        ('std.fail', '', 3),
        ('std.noop', '', 1),
        ('std.fail', 'break-on: <% true %>', 1),
        ('std.fail', 'break-on: <% false %>', 3),
        ('std.fail', 'continue-on: <% false %>', 1),
        ('std.fail', 'continue-on: <% true %>', 3),
        ('std.noop', 'continue-on: <% true %>', 3),
        ('std.noop', 'continue-on: <% false %>', 1),
        ('std.noop', 'continue-on: <% true %>, break-on: <% true %>', 3),
        ('std.fail', 'continue-on: <% true %>, break-on: <% true %>', 1),
    ],
)
def test_what_makes_another_attempt(world: World, action, conditions, attempts):
    run(world, f'action: {action}, retry: {{count: 2, delay: 1, {conditions}}}')
    world.pass_time(10)
    assert len(world.started) == attempts


def test_an_off_value_of_the_task_goes_before_the_default(world: World):
    world.define("""
wf:
  task-defaults: {wait-before: 5, fail-on: true, pause-before: true, timeout: 9}
  tasks:
    t: {action: std.noop, wait-before: 0, fail-on: false, pause-before: false, timeout: 0}
""")
    id_ = world.run_workflow('wf')
    assert world.execution(id_).state == states.SUCCESS


@pytest.mark.parametrize(
    ('policy', 'class_name', 'field', 'problem', 'rule'),
    [
        (
            'wait-before: <% abc %>',
            'WaitBeforePolicy',
            'delay',
            "'abc' is not of type 'integer'",
            'type',
        ),
        (
            'wait-after: <% 1.5 %>',
            'WaitAfterPolicy',
            'delay',
            "1.5 is not of type 'integer'",
            'type',
        ),
        ('timeout: <% null %>', 'TimeoutPolicy', 'delay', "None is not of type 'integer'", 'type'),
        ('timeout: <% true %>', 'TimeoutPolicy', 'delay', "True is not of type 'integer'", 'type'),
        (
            'concurrency: "<% -1 %>"',
            'ConcurrencyPolicy',
            'concurrency',
            '-1 is less than the minimum of 0',
            'minimum',
        ),
        (
            'pause-before: <% 1 %>',
            'PauseBeforePolicy',
            'expr',
            "1 is not of type 'boolean'",
            'type',
        ),
        (
            'retry: {count: <% x %>, delay: 1}',
            'RetryPolicy',
            'count',
            "'x' is not of type 'integer'",
            'type',
        ),
    ],
)
def test_a_value_of_the_wrong_type_fails_the_task_before_its_action(
    world: World, policy, class_name, field, problem, rule
):
    id_ = run(world, f'action: std.noop, {policy}')
    text = world.execution(id_).state_info or ''
    assert text.startswith(
        f'Failed to run task [error=Invalid data type in {class_name}: {problem}\n\n'
        f"Failed validating {rule!r} in schema['properties']['{field}']:\n"
    )
    assert 'If you use YAQL here, please correct it., wf=wf, task=t]:' in text
    assert world.started == []
