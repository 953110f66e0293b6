"""What policies do to a task, in virtual time."""

import pytest
import yaml

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.policies import RetryPolicy
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

    @pytest.mark.parametrize(
        ('delays', 'expected'),
        [
            ('delay: 2', [2, 2, 2, 2]),
            ('delay: 2, backoff: 3', [2, 6, 18, 54]),
            ('delay: 2, backoff: 3, max-delay: 10', [2, 6, 10, 10]),
            ('delay: 2, backoff: <% $.factor %>, max-delay: <% 3 %>', [2, 3, 3, 3]),
            ('delay: 1, jitter: 4', [3, 3, 3, 3]),
            ('delay: 4, max-delay: 3, jitter: 4', [5, 5, 5, 5]),
        ],
    )
    def test_delays_may_grow_and_vary(self, world, delays, expected):
        world.chance = 0.5
        id_ = run(world, f'action: std.fail, retry: {{count: 4, {delays}}}', factor=4)
        waited = []
        while state(world, id_) == states.DELAYED:
            (timer,) = world.timers
            waited.append((timer.due - world.time).total_seconds())
            world.pass_time(waited[-1])
        assert waited == expected

    @pytest.mark.parametrize(
        ('policy', 'delays'),
        [
            (RetryPolicy(9, 4, backoff=0.5), [4, 2, 1, 0.5]),
            (RetryPolicy(9, 0, backoff=2), [0, 0, 0, 0]),
            (RetryPolicy(9, 1, backoff=0), [1, 0, 0, 0]),
            (RetryPolicy(9, 1, backoff=1e300), [1, *[366 * 86400] * 3]),
            (RetryPolicy(9, 1, backoff=1e300, max_delay=7), [1, 7, 7, 7]),
            (RetryPolicy(9, 0, jitter=1), [0.25] * 4),
        ],
    )
    def test_no_delay_is_out_of_range(self, policy, delays):
        assert [policy.delay_before(retry, 0.25) for retry in (1, 2, 3, 4)] == delays

    @pytest.mark.parametrize('name', ['backoff', 'max-delay', 'jitter'])
    @pytest.mark.parametrize('value', ['often', '-1', 'true'])
    def test_a_bad_delay_fails_the_workflow(self, world, name, value):
        id_ = run(
            world, f'action: std.fail, retry: {{count: 1, delay: 0, {name}: <% $.value %>}}',
            value=yaml.safe_load(value),
        )  # fmt: skip
        execution = world.execution(id_)
        assert execution.state == states.ERROR
        assert f"['{name}']" in execution.state_info


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
