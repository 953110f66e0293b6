"""Joins that are reached more than once: late branches, loops, re-runs, retries, pauses."""

import pytest

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult


def run(world: World, tasks: str) -> str:
    world.define(f'wf:\n  tasks:\n{tasks}')
    return world.run_workflow('wf')


class TestLateBranches:
    ONE = """
    a: {action: std.async_noop, on-success: j}
    b: {action: std.async_noop, on-success: j}
    j: {join: one, action: ACTION, on-success: k, on-error: k}
    k: {action: std.noop}
"""

    @pytest.mark.parametrize('action', ['std.noop', 'std.fail', 'std.async_noop'])
    def test_a_surplus_branch_changes_nothing_whatever_came_of_the_join(self, world: World, action):
        id_ = run(world, self.ONE.replace('ACTION', action))
        world.end(id_, 'a')
        before = world.task(id_, 'j')
        world.end(id_, 'b')
        after = world.task(id_, 'j')
        assert (after.state, len(after.children)) == (before.state, 1)
        assert after.triggered_by == before.triggered_by
        assert len(world.tasks(id_, 'k')) == (action != 'std.async_noop')

    def test_a_branch_that_has_arrived_is_not_lost_when_another_way_to_it_closes(
        self, world: World
    ):
        id_ = run(
            world,
            """
    s: {action: std.noop, on-success: a}
    c: {action: std.async_noop, on-error: a}
    a: {action: std.noop, on-success: j}
    b: {action: std.async_noop, on-success: j}
    j: {join: all, action: std.noop}
""",
        )
        world.end(id_, 'c')
        assert world.task(id_, 'j').state == states.WAITING
        world.end(id_, 'b')
        assert world.task(id_, 'j').state == states.SUCCESS

    def test_a_surplus_branch_closes_its_way_to_joins_behind(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.noop, on-success: [j, k]}
    b: {action: std.async_noop, on-success: j}
    j: {join: one, action: std.noop, on-error: k}
    k: {join: all, action: std.noop, on-error: noop}
    slow: {action: std.async_noop}
""",
        )
        world.end(id_, 'b')
        assert world.task(id_, 'k').state_info == "Failed by tasks: ['j']"

    def test_what_it_has_published_counts_for_the_output_after_a_pause_too(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.noop, on-success: j}
    b: {action: std.async_noop, publish: {late: 1}, on-success: j}
    j: {join: one, action: std.noop}
""",
        )
        world.ask(id_, events.Pause())
        world.end(id_, 'b')
        world.ask(id_, events.Resume())
        assert world.execution(id_).output == {'late': 1}


class TestLoops:
    def test_a_join_in_a_loop_runs_once_in_each_lap(self, world: World):
        id_ = run(
            world,
            """
    s: {action: std.noop, publish: {n: 0}, on-success: j}
    j: {join: one, action: std.echo, input: {output: <% $.n %>}, publish: {n: <% $.n + 1 %>},
        on-success: [t: <% $.n < 3 %>]}
    t: {action: std.noop, on-success: j}
""",
        )
        # Results add up; what each lap has published is there for the next.
        assert world.result(id_, 'j') == [0, 1, 2]
        assert world.execution(id_).output == {'n': 3}
        assert len(world.tasks(id_, 't')) == 2

    def test_each_lap_waits_for_all_branches_of_that_lap(self, world: World):
        id_ = run(
            world,
            """
    s: {action: std.noop, on-success: [x, y]}
    x: {action: std.noop, on-success: [j, x2]}
    x2: {action: std.noop, on-success: x3}
    x3: {action: std.async_noop, on-success: j}
    y: {action: std.noop, on-success: j}
    j: {join: all, action: std.noop,
        on-success: {publish: {global: {n: "<% coalesce(global(n), 0) + 1 %>"}},
                     next: [x: <% global(n) < 2 %>]}}
""",
        )
        world.end(id_, 'x3')
        assert len(world.task(id_, 'j').children) == 1
        # Lap 2: x has arrived, but x3 is still under way; y comes only once and counts on.
        assert world.task(id_, 'j').state == states.WAITING
        world.complete(world.tasks(id_, 'x3')[-1].children[0].id)
        world.run()
        assert world.task(id_, 'j').state == states.SUCCESS
        assert len(world.task(id_, 'j').children) == 2
        assert world.execution(id_).state == states.SUCCESS

    def test_a_way_through_tasks_that_never_run_is_no_hope(self, world: World):
        """The tasks b and c lead to each other, but nothing leads to them."""
        id_ = run(
            world,
            """
    a: {action: std.noop, on-success: [b: <% false %>, j]}
    b: {action: std.noop, on-success: [c, j]}
    c: {action: std.noop, on-success: b}
    slow: {action: std.async_noop}
    j: {join: all, action: std.noop, on-error: noop}
""",
        )
        assert world.task(id_, 'j').state_info == "Failed by tasks: ['b']"


class TestDeadlocks:
    def test_joins_that_wait_for_each_other_go_before_those_that_wait_for_them(self, world: World):
        """The join `last` is the oldest, but the failure of the others is what it waits for."""
        id_ = run(
            world,
            """
    s: {action: std.noop, on-success: [last, j, k]}
    last: {join: all, action: std.noop}
    j: {join: all, action: std.noop, on-success: k, on-error: last}
    k: {join: all, action: std.noop, on-success: j, on-error: noop}
""",
        )
        assert world.task_states(id_) == {
            's': states.SUCCESS,
            'last': states.SUCCESS,
            'j': states.ERROR,
            'k': states.ERROR,
        }
        assert world.execution(id_).state == states.SUCCESS

    def test_a_join_that_waits_for_itself_fails(self, world: World):
        id_ = run(
            world,
            """
    s: {action: std.noop, on-success: j}
    j: {join: all, action: std.noop, on-success: j}
""",
        )
        assert world.task(id_, 'j').state_info == "Failed by tasks: ['j']"


class TestPause:
    JOIN = """
    a: {action: std.async_noop, on-success: j}
    b: {action: std.async_noop, on-success: j}
    j: {join: all, action: std.noop}
"""

    @pytest.mark.parametrize('before', ['', 'a', 'ab'])
    def test_a_join_runs_after_the_resume_only(self, world: World, before):
        id_ = run(world, self.JOIN)
        for name in before[:1]:
            world.end(id_, name)
        world.ask(id_, events.Pause())
        for name in 'ab'[len(before[:1]) :]:
            world.end(id_, name)
        assert all(task.state != states.SUCCESS for task in world.tasks(id_, 'j'))
        world.ask(id_, events.Resume())
        assert world.task(id_, 'j').state == states.SUCCESS
        assert world.execution(id_).state == states.SUCCESS

    def test_a_join_from_the_backlog_is_still_a_join(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.noop, on-success: [pause, j]}
    b: {action: std.async_noop, on-success: j}
    j: {join: all, action: std.noop}
""",
        )
        world.ask(id_, events.Resume())
        assert world.task(id_, 'j').state == states.WAITING
        world.end(id_, 'b')
        assert len(world.tasks(id_, 'j')) == 1
        assert world.execution(id_).state == states.SUCCESS

    def test_a_way_that_waits_in_the_backlog_is_not_lost(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.noop, on-success: j}
    t: {action: std.async_noop, on-success: [pause, b], on-error: c}
    b: {action: std.noop, on-success: j}
    c: {action: std.noop, on-success: [b, j]}
    j: {join: 2, action: std.noop}
""",
        )
        world.end(id_, 't')
        world.ask(id_, events.Resume())
        assert world.task(id_, 'j').state == states.SUCCESS


class TestRerun:
    def test_a_branch_that_runs_again_is_not_lost_any_more(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.async_noop, on-success: j}
    b: {action: std.async_noop, on-success: j}
    c: {action: std.noop, on-success: j}
    j: {join: 2, action: std.noop}
""",
        )
        world.end(id_, 'a', ActionResult(error='no'))
        world.ask(id_, events.Rerun(world.task(id_, 'a').id))
        world.end(id_, 'b', ActionResult(error='no'))
        assert world.task(id_, 'j').state == states.WAITING
        world.end(id_, 'a')
        assert world.task(id_, 'j').state == states.SUCCESS

    def test_a_failed_join_looks_at_its_branches_again(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.async_noop, on-success: j}
    b: {action: std.noop, on-success: j}
    j: {join: all, action: std.noop}
""",
        )
        world.end(id_, 'a', ActionResult(error='no'))
        world.ask(id_, events.Rerun(world.task(id_, 'j').id))
        j = world.task(id_, 'j')
        assert (j.state, j.children) == (states.ERROR, [])
        assert world.execution(id_).state == states.ERROR

    def test_a_join_whose_action_failed_runs_it_again(self, world: World):
        results = iter([ActionResult(error='no'), 'yes'])
        world.behaviour['flaky'] = lambda input_: next(results)
        id_ = run(
            world,
            """
    a: {action: std.noop, publish: {v: 1}, on-success: j}
    b: {action: std.noop, on-success: j}
    j: {join: all, action: flaky, publish: {w: <% $.v %>}}
""",
        )
        world.ask(id_, events.Rerun(world.task(id_, 'j').id))
        assert world.result(id_, 'j') == 'yes'
        assert world.execution(id_).output == {'v': 1, 'w': 1}

    def test_a_skipped_branch_arrives_with_what_it_publishes(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.fail, publish-on-skip: {v: skipped}, on-success: j}
    b: {action: std.noop, on-success: j}
    j: {join: all, action: std.echo output=<% $.v %>}
""",
        )
        world.ask(id_, events.Skip(world.task(id_, 'a').id))
        assert world.result(id_, 'j') == 'skipped'

    def test_a_join_that_runs_again_waits_for_its_new_action_only(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.fail, on-error: j, on-success: j}
    j: {join: one, action: std.async_noop}
""",
        )
        (old,) = world.task(id_, 'j').children
        world.ask(id_, events.Rerun(world.task(id_, 'a').id))
        old, new = world.task(id_, 'j').children
        world.complete(old.id, 'old')
        assert world.task(id_, 'j').state == states.RUNNING
        world.complete(new.id, 'new')
        assert world.result(id_, 'j') == 'new'


class TestPolicies:
    def test_policies_before_the_start_apply_when_the_branches_are_there(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.async_noop, on-success: j}
    b: {action: std.noop, on-success: j}
    j: {join: all, action: std.noop, wait-before: 2, timeout: 10}
""",
        )
        assert list(world.timers) == []
        world.end(id_, 'a')
        assert world.task(id_, 'j').state == states.DELAYED
        world.pass_time(2)
        assert world.execution(id_).state == states.SUCCESS

    def test_a_retry_looks_at_the_branches_but_is_not_held_again(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.noop, on-success: j}
    j: {join: all, action: std.fail, pause-before: true, wait-before: 5,
        retry: {count: 2, delay: 1}, on-error: noop}
""",
        )
        world.ask(id_, events.Resume())
        j = world.task(id_, 'j')
        assert (j.state, j.state_info) == (
            states.WAITING,
            "Delayed by 'retry' policy [delay=1]",
        )
        world.pass_time(2)
        assert len(world.task(id_, 'j').children) == 3
        assert world.execution(id_).state == states.SUCCESS

    def test_a_join_that_lacks_branches_is_retried_too(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.fail, on-success: j, on-error: noop}
    b: {action: std.noop, on-success: j}
    j: {join: all, action: std.noop, retry: {count: 2, delay: 3}, on-error: noop}
""",
        )
        world.pass_time(5)
        assert world.task(id_, 'j').state == states.WAITING
        world.pass_time(1)
        j = world.task(id_, 'j')
        assert (j.state, j.state_info) == (states.ERROR, "Failed by tasks: ['a']")
        assert j.runtime_context['retry_task_policy'] == {'retry_no': 2}

    def test_a_bad_input_after_a_delay_fails_instead_of_hanging(self, world: World):
        id_ = run(
            world,
            """
    a: {action: std.noop, on-success: j}
    j: {join: all, action: std.echo, wait-before: 1}
""",
        )
        world.pass_time(1)
        assert world.task(id_, 'j').state_info.startswith(
            'Failed to run task [error=Invalid input [name=std.echo, class='
        )
        assert world.execution(id_).state == states.ERROR
