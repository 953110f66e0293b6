"""Tasks with items that are paused, cancelled, re-run or joined again (sections 12, 15 and 17)."""

from collections.abc import Mapping

import pytest

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult, CoreSettings

ITEMS = """
wf:
  tasks:
    t: {with-items: "i in <% range(4) %>", action: std.async_noop, OPTIONS, on-error: noop}
"""
NO = ActionResult(error='no')


def run(world: World, options: str = 'tags: [t]') -> str:
    world.define(ITEMS.replace('OPTIONS', options))
    return world.run_workflow('wf')


def complete(world: World, execution_id: str, results: Mapping[int, object]) -> None:
    """Give results to the unfinished children with these indexes."""
    for index, result in results.items():
        children = world.task(execution_id, 't').children
        waiting = (c for c in children if not (c.is_completed or c.superseded))
        child = next(child for child in waiting if child.index == index)
        world.complete(child.id, result)
        world.run()


class TestRerun:
    def fail(self, world: World, options: str = 'tags: [t]') -> str:
        world.define(ITEMS.replace('OPTIONS', options).replace(', on-error: noop', ''))
        id_ = world.run_workflow('wf')
        complete(world, id_, {0: 'a', 1: NO, 2: 'c', 3: NO})
        return id_

    @pytest.mark.parametrize(('reset', 'again'), [(False, [1, 3]), (True, [0, 1, 2, 3])])
    def test_without_reset_only_what_failed_runs_again(self, world: World, reset, again):
        id_ = self.fail(world)
        world.ask(id_, events.Rerun(world.task(id_, 't').id, reset))
        children = world.task(id_, 't').children[4:]
        assert [child.index for child in children] == again
        complete(world, id_, dict.fromkeys(again, 'new'))
        assert world.execution(id_).state == states.SUCCESS
        results = ['new' if index in again else kept for index, kept in enumerate('abcd')]
        assert world.result(id_, 't') == results

    @pytest.mark.parametrize('reset', [False, True])
    def test_a_delay_before_it_makes_no_difference(self, world: World, reset):
        world.define(ITEMS.replace('OPTIONS', 'wait-before: 1').replace(', on-error: noop', ''))
        id_ = world.run_workflow('wf')
        world.pass_time(1)
        complete(world, id_, {0: 'a', 1: NO, 2: 'c', 3: NO})
        world.ask(id_, events.Rerun(world.task(id_, 't').id, reset))
        world.pass_time(1)
        assert len(world.task(id_, 't').children) == (8 if reset else 6)

    def test_a_rerun_that_fails_can_be_repeated(self, world: World):
        id_ = self.fail(world)
        for again in ({1: 'b', 3: NO}, {3: 'd'}):
            world.ask(id_, events.Rerun(world.task(id_, 't').id, reset=False))
            complete(world, id_, again)
        assert world.result(id_, 't') == ['a', 'b', 'c', 'd']
        assert world.execution(id_).state == states.SUCCESS

    def test_items_that_never_started_are_started(self, world: World):
        world.define(
            ITEMS.replace('OPTIONS', 'concurrency: 1, timeout: 2').replace(', on-error: noop', '')
        )
        id_ = world.run_workflow('wf')
        complete(world, id_, {0: 'a'})
        world.pass_time(2)
        world.ask(id_, events.Rerun(world.task(id_, 't').id, reset=False))
        for index in (1, 2, 3):
            complete(world, id_, {index: index})
        assert world.result(id_, 't') == ['a', 1, 2, 3]

    def test_news_of_a_kept_item_does_not_disturb_a_task_that_is_held(self, world: World):
        world.define("""
sub: {tasks: {s: {action: std.async_noop}}}
wf: {tasks: {t: {with-items: "i in <% [0, 1] %>", workflow: sub, pause-before: true, timeout: 5}}}
""")
        id_ = world.run_workflow('wf')
        world.ask(id_, events.Resume())
        world.pass_time(5)
        kept, _ = world.subworkflows(id_)
        world.ask(kept, events.Stop(states.SUCCESS))
        world.apply(kept, events.Stop(states.SUCCESS, 'still'))
        world.apply(id_, events.Rerun(world.task(id_, 't').id, reset=False))
        world.run()
        assert world.task(id_, 't').state == states.IDLE
        world.ask(id_, events.Resume())
        world.end(world.subworkflows(id_)[-1], 's')
        assert world.execution(id_).state == states.SUCCESS


class TestConcurrency:
    def test_free_slots_are_shown_and_taken_by_the_next_items(self, world: World):
        id_ = run(world, 'concurrency: 2')
        shown = []
        for index in range(4):
            shown.append(world.task(id_, 't').runtime_context['with_items']['capacity'])
            complete(world, id_, {index: index})
        shown.append(world.task(id_, 't').runtime_context['with_items']['capacity'])
        assert shown == [0, 0, 0, 1, 2]
        assert world.execution(id_).state == states.SUCCESS

    @pytest.mark.parametrize('portion', [1, 3, 500])
    def test_without_it_items_start_in_portions_that_wait_for_nothing(self, world: World, portion):
        world.settings = CoreSettings(items_portion=portion)
        id_ = run(world)
        assert [child.index for child in world.task(id_, 't').children] == [0, 1, 2, 3]
        assert world.task(id_, 't').runtime_context['with_items'] == {
            'capacity': None,
            'count': 4,
        }

    def test_a_failed_item_does_not_stop_the_others(self, world: World):
        id_ = run(world, 'concurrency: 1')
        for index in range(4):
            complete(world, id_, {index: NO if index == 0 else index})
        task = world.task(id_, 't')
        assert (task.state, task.state_info) == (states.ERROR, 'One or more actions had failed.')
        assert world.result(id_, 't') == ['no', 1, 2, 3]

    def test_a_cancelled_item_starts_no_others_and_late_results_are_recorded(self, world: World):
        id_ = run(world, 'concurrency: 2')
        complete(world, id_, {0: ActionResult(cancel=True)})
        task = world.task(id_, 't')
        assert (task.state, task.state_info) == (
            states.CANCELLED,
            'One or more actions was cancelled.',
        )
        complete(world, id_, {1: 'late'})
        assert world.result(id_, 't') == [None, 'late']
        assert len(world.started) == 2
        assert world.execution(id_).state == states.CANCELLED


class TestPause:
    def test_a_paused_action_pauses_its_task_and_workflow(self, world: World):
        id_ = run(world)
        paused = world.child(id_, 't').id
        world.ask(id_, events.ActionUpdated(paused, states.PAUSED))
        assert world.task(id_, 't').state == world.execution(id_).state == states.PAUSED
        world.ask(id_, events.ActionUpdated(paused, states.RUNNING))
        assert world.task(id_, 't').state == world.execution(id_).state == states.RUNNING

    def test_the_task_goes_on_with_the_last_of_its_paused_actions(self, world: World):
        id_ = run(world)
        paused = [child.id for child in world.task(id_, 't').children[:2]]
        for action_id in paused:
            world.ask(id_, events.ActionUpdated(action_id, states.PAUSED))
        world.ask(id_, events.ActionUpdated(paused[0], states.RUNNING))
        assert world.task(id_, 't').state == states.PAUSED
        world.ask(id_, events.ActionUpdated(paused[1], states.RUNNING))
        assert world.task(id_, 't').state == states.RUNNING

    def test_a_paused_action_may_get_its_result(self, world: World):
        id_ = run(world)
        world.ask(id_, events.ActionUpdated(world.child(id_, 't').id, states.PAUSED))
        complete(world, id_, dict.fromkeys(range(4), 1))
        assert world.task(id_, 't').state == states.SUCCESS
        world.ask(id_, events.Resume())
        assert world.execution(id_).state == states.SUCCESS

    def test_items_go_on_starting_while_the_workflow_is_paused(self, world: World):
        id_ = run(world, 'concurrency: 1')
        world.ask(id_, events.Pause())
        for index in range(4):
            complete(world, id_, {index: index})
        assert world.task(id_, 't').state == states.SUCCESS
        assert world.execution(id_).state == states.PAUSED


def test_in_a_loop_through_a_join_only_the_items_of_the_lap_decide(world: World):
    results = iter([NO, 1, 2, 3])
    world.behaviour['act'] = lambda input_: next(results)
    world.define("""
wf:
  tasks:
    s: {action: std.noop, on-success: t}
    t: {join: one, with-items: "i in <% [0, 1] %>", action: act, on-error: again}
    again: {action: std.noop, on-success: t}
""")
    id_ = world.run_workflow('wf')
    assert world.task(id_, 't').state == states.SUCCESS
    assert sorted(map(str, world.result(id_, 't'))) == ['1', '2', '3', 'no']
    assert world.execution(id_).state == states.SUCCESS
