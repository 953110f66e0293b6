"""What policies do to a task, in virtual time."""

import pytest

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult


def run(world: World, task: str, **input_: object) -> str:
    """Run a workflow whose only task `t` is written as given."""
    declared = f'  input: [{", ".join(input_)}]\n' if input_ else ''
    world.define(f'wf:\n{declared}  tasks:\n    t: {{{task}}}\n')
    return world.run_workflow('wf', dict(input_))


def state(world: World, execution_id: str) -> str:
    return str(world.task(execution_id, 't').state)


class TestWaiting:
    def test_before_nothing_runs_until_the_time_has_passed(self, world):
        id_ = run(world, 'action: std.noop, wait-before: 3')
        task = world.task(id_, 't')
        assert (task.state, task.state_info) == (
            states.DELAYED,
            "Delayed by 'wait-before' policy [delay=3]",
        )
        world.pass_time(2.9)
        assert world.started == []
        world.pass_time(0.2)
        assert state(world, id_) == states.SUCCESS

    def test_after_the_outcome_is_held_back(self, world):
        id_ = run(world, 'action: std.fail, wait-after: 3, on-error: noop')
        assert state(world, id_) == states.DELAYED
        world.pass_time(3)
        assert state(world, id_) == states.ERROR
        assert world.execution(id_).state == states.SUCCESS

    def test_the_time_may_be_an_expression(self, world):
        id_ = run(world, 'action: std.noop, wait-before: <% $.d %>', d=2)
        world.pass_time(2)
        assert state(world, id_) == states.SUCCESS

    @pytest.mark.parametrize(
        ('value', 'problem'),
        [('x', "'x' is not of type 'integer'"), (-1, '-1 is less than the minimum of 0')],
    )
    def test_a_bad_time_fails_the_workflow(self, world, value, problem):
        id_ = run(world, 'action: std.noop, wait-before: <% $.d %>, on-error: noop', d=value)
        execution = world.execution(id_)
        assert execution.state == states.ERROR
        assert problem in execution.state_info


class TestRetry:
    def test_it_stops_with_the_first_success(self, world):
        results = iter([ActionResult(error='no'), 'yes', 'never'])
        world.behaviour['flaky'] = lambda input_: next(results)
        id_ = run(world, 'action: flaky, retry: {count: 5, delay: 1}')
        world.pass_time(10)
        assert world.result(id_, 't') == 'yes'
        assert len(world.started) == 2

    def test_it_gives_up_after_the_count(self, world):
        id_ = run(world, 'action: std.fail, retry: {count: 3, delay: 2}')
        world.pass_time(5.9)
        assert state(world, id_) == states.DELAYED
        world.pass_time(0.2)
        assert state(world, id_) == states.ERROR
        assert len(world.started) == 4

    def test_a_late_result_of_an_earlier_attempt_does_not_count(self, world):
        id_ = run(world, 'action: std.async_noop, timeout: 2, retry: {count: 1, delay: 1}')
        world.pass_time(3.5)
        first, second = world.task(id_, 't').children
        world.complete(first.id, 'late')
        assert state(world, id_) == states.RUNNING
        world.complete(second.id, 'right')
        assert world.result(id_, 't') == 'right'

    def test_each_attempt_publishes(self, world):
        world.behaviour['count'] = lambda input_: len(world.started)
        id_ = run(
            world,
            'action: count, publish: {n: <% task().result %>}, '
            'retry: {count: 9, delay: 0, continue-on: "<% $.n < 3 %>"}',
        )
        world.pass_time(1)
        assert world.execution(id_).output == {'n': 3}

    def test_none_without_delay_is_lost(self, world):
        id_ = run(world, 'action: std.fail, retry: {count: 2, delay: 0}')
        world.pass_time(0)
        assert state(world, id_) == states.ERROR
        assert len(world.started) == 3


class TestTimeout:
    def test_the_task_fails_but_its_action_is_left_alone(self, world):
        id_ = run(world, 'action: std.async_noop, timeout: 4, on-error: noop')
        world.pass_time(4)
        assert state(world, id_) == states.ERROR
        assert world.child(id_, 't').state == states.RUNNING

    def test_a_task_that_ends_in_time_stops_the_clock(self, world):
        run(world, 'action: std.noop, timeout: 4')
        assert list(world.timers) == []

    def test_zero_means_no_limit(self, world):
        run(world, 'action: std.async_noop, timeout: <% $.d %>', d=0)
        assert list(world.timers) == []


class TestPauseBefore:
    def test_the_workflow_pauses_and_the_task_runs_after_the_resume(self, world):
        id_ = run(world, 'action: std.noop, pause-before: true')
        task = world.task(id_, 't')
        assert (task.state, task.state_info) == (states.IDLE, "Set by 'pause-before' policy")
        assert world.execution(id_).state == states.PAUSED
        world.apply(id_, events.Resume())
        world.run()
        assert world.execution(id_).state == states.SUCCESS

    def test_an_expression_may_switch_it_off(self, world):
        id_ = run(world, 'action: std.noop, pause-before: <% $.p %>', p=False)
        assert world.execution(id_).state == states.SUCCESS


def test_fail_on_turns_success_into_error(world):
    id_ = run(
        world,
        'action: std.echo output=5, fail-on: "<% task().result > 4 %>", publish: {p: ok}, '
        'publish-on-error: {q: bad}',
    )
    assert state(world, id_) == states.ERROR
    # It has published before it was found to have failed.
    assert world.task(id_, 't').published == {'p': 'ok'}


def test_task_defaults_apply_unless_the_task_says_otherwise(world):
    world.define("""
wf:
  task-defaults:
    retry: {count: 1, delay: 1}
  tasks:
    a: {action: std.fail, on-error: noop}
    b: {action: std.fail, on-error: noop, retry: {count: 3, delay: 1}}
""")
    id_ = world.run_workflow('wf')
    world.pass_time(10)
    assert [len(task.children) for task in world.tasks(id_)] == [2, 4]
