"""What operators may ask of an execution in which state, and what comes of it."""

import pytest

from mistral import states
from mistral.exceptions import NotAllowedException, WorkflowException
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult

TWO_STEPS = """
wf:
  tasks:
    t1: {action: std.async_noop, publish: {x: 1}, on-success: t2}
    t2: {action: std.noop}
"""

NESTED = """
sub:
  tasks:
    s1: {action: std.async_noop, on-success: s2}
    s2: {action: std.noop}
wf:
  tasks:
    t1: {workflow: sub, on-success: t2}
    t2: {action: std.noop}
"""


@pytest.fixture
def two_steps(world: World) -> str:
    world.define(TWO_STEPS)
    return world.run_workflow('wf')


@pytest.fixture
def nested(world: World) -> tuple[str, str]:
    world.define(NESTED)
    id_ = world.run_workflow('wf')
    return id_, world.subworkflows(id_)[0]


def end(world: World, execution_id: str, name: str, result: object = None) -> None:
    world.complete(world.task(execution_id, name).children[-1].id, result)
    world.run()


def fail(world: World, execution_id: str, name: str) -> None:
    end(world, execution_id, name, ActionResult(error='no'))


class TestPauseAndResume:
    def test_results_are_taken_but_nothing_new_starts(self, world, two_steps):
        world.apply(two_steps, events.Pause())
        end(world, two_steps, 't1')
        assert world.execution(two_steps).state == states.PAUSED
        assert world.task(two_steps, 't1').state == states.SUCCESS
        assert world.tasks(two_steps, 't2') == []
        world.apply(two_steps, events.Resume())
        world.run()
        assert world.execution(two_steps).state == states.SUCCESS

    def test_the_reason_is_shown_as_long_as_the_pause_lasts(self, world, two_steps):
        world.apply(two_steps, events.Pause(message='lunch'))
        assert world.execution(two_steps).state_info == 'lunch'
        world.apply(two_steps, events.Pause(message='dinner'))
        assert world.execution(two_steps).state_info == 'lunch'
        world.apply(two_steps, events.Resume())
        assert world.execution(two_steps).state_info is None

    def test_both_may_be_asked_for_twice(self, world, two_steps):
        for event in (events.Pause(), events.Pause(), events.Resume(), events.Resume()):
            world.apply(two_steps, event)
        assert world.execution(two_steps).state == states.RUNNING

    def test_resume_may_change_the_environment(self, world, two_steps):
        world.apply(two_steps, events.Pause())
        world.apply(two_steps, events.Resume(env={'k': 1}))
        assert world.execution(two_steps).params['env'] == {'k': 1}

    def test_an_ended_execution_cannot_be_paused(self, world, two_steps):
        end(world, two_steps, 't1')
        with pytest.raises(WorkflowException, match='from SUCCESS to PAUSED'):
            world.apply(two_steps, events.Pause())

    def test_they_travel_down_and_back_up(self, world, nested):
        id_, sub_id = nested
        world.apply(id_, events.Pause())
        world.run()
        assert world.execution(sub_id).state == states.PAUSED
        assert world.task(id_, 't1').state == states.PAUSED
        world.apply(sub_id, events.Resume())
        world.run()
        assert world.execution(id_).state == states.RUNNING
        end(world, sub_id, 's1')
        assert world.execution(id_).state == states.SUCCESS

    def test_a_paused_subworkflow_pauses_its_parent(self, world, nested):
        id_, sub_id = nested
        world.apply(sub_id, events.Pause())
        world.run()
        assert world.execution(id_).state == states.PAUSED
        world.apply(id_, events.Resume())
        world.run()
        assert world.execution(sub_id).state == states.RUNNING


class TestStop:
    @pytest.mark.parametrize('state', [states.SUCCESS, states.ERROR, states.CANCELLED])
    def test_the_execution_ends_as_asked(self, world, two_steps, state):
        world.apply(two_steps, events.Stop(state, 'because'))
        execution = world.execution(two_steps)
        assert (execution.state, execution.state_info) == (state, 'because')
        end(world, two_steps, 't1')
        assert world.execution(two_steps).state == state
        assert world.tasks(two_steps, 't2') == []

    def test_a_cancelled_tree_is_cancelled_to_its_leaves(self, world, nested):
        id_, sub_id = nested
        world.apply(id_, events.Stop(states.CANCELLED, 'enough'))
        world.run()
        assert world.execution(id_).state == world.execution(sub_id).state == states.CANCELLED

    def test_a_cancelled_subworkflow_cancels_its_task_and_parent(self, world, nested):
        id_, sub_id = nested
        world.apply(sub_id, events.Stop(states.CANCELLED, 'enough'))
        world.run()
        assert world.task(id_, 't1').state == states.CANCELLED
        assert world.execution(id_).state == states.CANCELLED

    def test_a_success_cannot_be_stopped_as_success_again(self, world, two_steps):
        world.apply(two_steps, events.Stop(states.CANCELLED))
        with pytest.raises(WorkflowException):
            world.apply(two_steps, events.Stop(states.SUCCESS))
        assert world.execution(two_steps).state == states.CANCELLED


class TestRerun:
    def test_a_failed_task_runs_again_and_the_workflow_goes_on(self, world, two_steps):
        fail(world, two_steps, 't1')
        assert world.execution(two_steps).state == states.ERROR
        world.apply(two_steps, events.Rerun(world.task(two_steps, 't1').id))
        world.run()
        assert world.execution(two_steps).state == states.RUNNING
        end(world, two_steps, 't1')
        assert world.execution(two_steps).state == states.SUCCESS
        attempts = world.task(two_steps, 't1').children
        assert [child.accepted for child in attempts] == [False, True]

    def test_a_result_of_the_failed_attempt_is_not_taken(self, world, nested):
        id_, sub_id = nested
        fail(world, sub_id, 's1')
        assert world.execution(id_).state == states.ERROR
        world.apply(id_, events.Rerun(world.task(id_, 't1').id))
        world.run()
        world.apply(sub_id, events.Rerun(world.task(sub_id, 's1').id))
        world.run()
        end(world, sub_id, 's1')
        assert world.execution(sub_id).state == states.SUCCESS
        assert world.task(id_, 't1').state == states.RUNNING
        end(world, world.subworkflows(id_)[1], 's1')
        assert world.execution(id_).state == states.SUCCESS

    def test_below_it_opens_everything_above(self, world, nested):
        id_, sub_id = nested
        fail(world, sub_id, 's1')
        world.apply(sub_id, events.Rerun(world.task(sub_id, 's1').id))
        world.run()
        assert world.execution(id_).state == states.RUNNING
        end(world, sub_id, 's1')
        assert world.execution(id_).state == states.SUCCESS
        assert len(world.subworkflows(id_)) == 1

    def test_only_a_failed_task_can_be_run_again(self, world, two_steps):
        with pytest.raises(WorkflowException, match='must be in ERROR'):
            world.apply(two_steps, events.Rerun(world.task(two_steps, 't1').id))

    def test_not_below_a_parent_that_has_succeeded_without_it(self, world):
        world.define(NESTED.replace('workflow: sub', 'workflow: sub, on-error: t2'))
        id_ = world.run_workflow('wf')
        (sub_id,) = world.subworkflows(id_)
        fail(world, sub_id, 's1')
        assert world.execution(id_).state == states.SUCCESS
        with pytest.raises(WorkflowException, match='from SUCCESS to RUNNING'):
            world.apply(sub_id, events.Rerun(world.task(sub_id, 's1').id))

    def test_without_reset_items_that_succeeded_keep_their_results(self, world):
        world.define("""
wf:
  tasks:
    t: {with-items: "i in <% [0, 1, 2] %>", action: std.async_noop}
""")
        id_ = world.run_workflow('wf')
        for index, result in enumerate(['a', ActionResult(error='no'), 'c']):
            world.complete(world.child(id_, 't', index).id, result)
        world.apply(id_, events.Rerun(world.task(id_, 't').id, reset=False))
        world.run()
        children = world.task(id_, 't').children
        assert [child.index for child in children] == [0, 1, 2, 1]
        world.complete(children[3].id, 'b')
        assert world.result(id_, 't') == ['a', 'b', 'c']


class TestSkip:
    def test_the_workflow_goes_on_behind_the_task(self, world, two_steps):
        fail(world, two_steps, 't1')
        world.apply(two_steps, events.Skip(world.task(two_steps, 't1').id))
        world.run()
        assert world.task(two_steps, 't1').state == states.SKIPPED
        assert world.task(two_steps, 't2').state == states.SUCCESS
        assert world.execution(two_steps).state == states.SUCCESS

    def test_only_a_failed_task_can_be_skipped(self, world, two_steps):
        with pytest.raises(WorkflowException, match='must be in ERROR'):
            world.apply(two_steps, events.Skip(world.task(two_steps, 't1').id))


class TestEnvironment:
    def test_it_is_merged_deeply(self, world):
        world.define(TWO_STEPS)
        id_ = world.run_workflow('wf', env={'m': {'a': 1, 'b': 1}})
        world.apply(id_, events.Pause())
        world.apply(id_, events.UpdateEnv({'m': {'b': 2}}))
        assert world.execution(id_).params['env'] == {'m': {'a': 1, 'b': 2}}

    def test_not_while_the_execution_runs(self, world, two_steps):
        with pytest.raises(NotAllowedException):
            world.apply(two_steps, events.UpdateEnv({'k': 1}))
