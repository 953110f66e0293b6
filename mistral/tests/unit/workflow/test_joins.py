"""When joins run, fail and wait, whatever the order in which their branches arrive."""

import itertools

import pytest

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult

THREE_BRANCHES = """
wf:
  tasks:
    a: {action: std.async_noop, on-success: j, on-error: noop}
    b: {action: std.async_noop, on-success: j, on-error: noop}
    c: {action: std.async_noop, on-success: j, on-error: noop}
    j: {join: HOW, action: std.noop, on-error: noop}
"""


def start(world: World, text: str, **replacements: str) -> str:
    for name, value in replacements.items():
        text = text.replace(name, value)
    world.define(text)
    return world.run_workflow('wf')


def end(world: World, execution_id: str, name: str, *, well: bool = True) -> None:
    result = ActionResult(data=1) if well else ActionResult(error='no')
    world.complete(world.child(execution_id, name).id, result)
    world.run()


@pytest.mark.parametrize(('how', 'wanted'), [('all', 3), ('one', 1), ('2', 2)])
@pytest.mark.parametrize('order', [''.join(each) for each in itertools.permutations('abc')])
def test_a_join_runs_with_the_arrival_that_makes_it_complete(world, how, wanted, order):
    id_ = start(world, THREE_BRANCHES, HOW=how)
    for position, name in enumerate(order, 1):
        end(world, id_, name)
        ran = [task.state for task in world.tasks(id_, 'j')] == [states.SUCCESS]
        assert ran == (position >= wanted)
    sources = [trigger['task_id'] for trigger in world.task(id_, 'j').triggered_by]
    arrived = sorted(order[:wanted])
    assert sources == [world.task(id_, name).id for name in arrived]


@pytest.mark.parametrize(('how', 'losses'), [('all', 1), ('2', 2)])
def test_a_join_fails_with_the_loss_that_is_one_too_many(world, how, losses):
    id_ = start(world, THREE_BRANCHES, HOW=how)
    end(world, id_, 'c')
    for position, name in enumerate('ab', 1):
        end(world, id_, name, well=False)
        assert (world.task(id_, 'j').state == states.ERROR) == (position >= losses)


def test_without_any_arrival_there_is_no_join(world):
    id_ = start(world, THREE_BRANCHES, HOW='all')
    for name in 'abc':
        end(world, id_, name, well=False)
    assert world.tasks(id_, 'j') == []
    assert world.execution(id_).state == states.SUCCESS


def test_a_branch_that_took_another_way_is_lost_at_once(world):
    id_ = start(
        world,
        """
wf:
  tasks:
    a: {action: std.noop, on-success: [j: "<% false %>", other]}
    other: {action: std.noop}
    b: {action: std.noop, on-success: j}
    slow: {action: std.async_noop}
    j: {join: all, action: std.noop, on-error: rescue}
    rescue: {action: std.noop}
""",
    )
    assert world.task(id_, 'j').state_info == "Failed by tasks: ['a']"
    assert world.task(id_, 'rescue').state == states.SUCCESS
    assert world.execution(id_).state == states.RUNNING


def test_a_join_waits_for_a_branch_that_is_far_away(world):
    id_ = start(
        world,
        """
wf:
  tasks:
    a: {action: std.async_noop, on-success: a2}
    a2: {action: std.noop, on-success: a3}
    a3: {action: std.noop, on-success: j}
    b: {action: std.noop, on-success: j}
    j: {join: all, action: std.noop}
""",
    )
    assert world.task(id_, 'j').state == states.WAITING
    end(world, id_, 'a')
    assert world.task(id_, 'j').state == states.SUCCESS
    assert world.execution(id_).state == states.SUCCESS


def test_a_branch_that_dies_far_away_fails_the_join(world):
    id_ = start(
        world,
        """
wf:
  tasks:
    a: {action: std.async_noop, on-success: a2, on-error: noop}
    a2: {action: std.noop, on-success: j}
    b: {action: std.noop, on-success: j}
    j: {join: all, action: std.noop}
""",
    )
    end(world, id_, 'a', well=False)
    assert world.task(id_, 'j').state_info == "Failed by tasks: ['a2']"
    assert world.execution(id_).state == states.ERROR


def test_joins_that_wait_for_each_other_do_not_hang(world):
    id_ = start(
        world,
        """
wf:
  tasks:
    a: {action: std.noop, on-success: [j, k]}
    j: {join: all, action: std.noop, on-success: k}
    k: {join: all, action: std.noop, on-success: j}
""",
    )
    assert world.execution(id_).state == states.ERROR
    assert states.ERROR in {task.state for task in world.tasks(id_)}


def test_a_rerun_branch_arrives_at_the_join_that_had_failed(world):
    id_ = start(
        world,
        """
wf:
  tasks:
    a: {action: std.async_noop, publish: {v: a}, on-success: j}
    b: {action: std.noop, on-success: j}
    j: {join: all, action: std.echo output=<% $.v %>}
""",
    )
    end(world, id_, 'a', well=False)
    assert world.execution(id_).state == states.ERROR
    world.apply(id_, events.Rerun(world.task(id_, 'a').id))
    world.run()
    end_again = world.task(id_, 'a').children[-1].id
    world.complete(end_again, 1)
    world.run()
    assert world.execution(id_).state == states.SUCCESS
    assert world.result(id_, 'j') == 'a'


def test_what_a_late_branch_publishes_reaches_the_output(world):
    id_ = start(
        world,
        """
wf:
  tasks:
    a: {action: std.noop, on-success: j}
    b: {action: std.async_noop, publish: {late: 1}, on-success: j}
    j: {join: one, action: std.noop}
""",
    )
    end(world, id_, 'b')
    assert world.execution(id_).output == {'late': 1}
