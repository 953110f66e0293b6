"""Which of the tasks of one name stands for a branch of a join."""

from mistral import states
from mistral.tests.world import World
from mistral.workflow.ports import ActionResult


def run(world: World, tasks: str) -> str:
    world.define(f'wf:\n  tasks:\n{tasks}')
    return world.run_workflow('wf')


def test_a_task_that_runs_again_has_to_arrive_again(world: World):
    id_ = run(
        world,
        """
    a: {action: std.async_noop, on-success: [a: <% task().result = again %>, j]}
    b: {action: std.async_noop, on-success: j}
    start: {action: std.noop, on-success: a}
    j: {join: all, action: std.noop}
""",
    )
    world.end(id_, 'a', 'again')
    world.end(id_, 'b')
    assert world.task(id_, 'j').state == states.WAITING
    world.complete(world.tasks(id_, 'a')[-1].children[0].id)
    world.run()
    assert world.task(id_, 'j').state == states.SUCCESS
    assert len(world.task(id_, 'j').children) == 1


def test_the_last_task_of_a_name_is_what_counts(world: World):
    """The one before it may have been the last hope, but does not count itself."""
    id_ = run(
        world,
        """
    s: {action: std.noop, on-success: [b, j], on-complete: b}
    b: {action: std.async_noop, on-success: j}
    j: {join: all, action: std.noop, on-error: noop}
    slow: {action: std.async_noop}
""",
    )
    first, last = world.tasks(id_, 'b')
    world.complete(last.children[0].id, ActionResult(error='no'))
    assert world.task(id_, 'j').state == states.WAITING
    world.complete(first.children[0].id)
    assert world.task(id_, 'j').state_info == "Failed by tasks: ['b']"


def test_a_branch_of_the_lap_before_counts_once_no_other_can_come(world: World):
    id_ = run(
        world,
        """
    s: {action: std.noop, on-success: [x, y, z], on-complete: y}
    x: {action: std.noop, on-success: j}
    y: {action: std.async_noop, on-success: j}
    z: {action: std.noop, on-success: j}
    j: {join: 2, action: std.noop,
        on-success: {publish: {global: {n: "<% coalesce(global(n), 0) + 1 %>"}},
                     next: [x: <% global(n) < 2 %>, slow: <% global(n) < 2 %>]}}
    slow: {action: std.async_noop, on-success: z}
""",
    )
    first, last = world.tasks(id_, 'y')
    # Lap 2: x has arrived, z and y may still do so.
    world.complete(last.children[0].id)
    assert world.task(id_, 'j').state == states.WAITING
    world.complete(first.children[0].id)
    world.run()
    assert len(world.task(id_, 'j').children) == 2


def test_a_branch_that_is_about_to_start_is_not_lost(world: World):
    """What is late at `f` is looked at when `j` has begun, though `j` comes after it."""
    id_ = run(
        world,
        """
    a: {action: std.async_noop, on-success: [c, f, j]}
    b: {action: std.fail, on-success: f, on-error: c}
    c: {action: std.noop, on-success: [f, k]}
    f: {join: all, action: std.noop, on-error: noop}
    j: {join: all, action: std.async_noop, on-success: [f, k]}
    k: {join: all, action: std.noop}
""",
    )
    assert world.task(id_, 'f').state_info == "Failed by tasks: ['b']"
    world.end(id_, 'a')
    assert world.task(id_, 'k').state == states.WAITING
    world.end(id_, 'j')
    assert world.task(id_, 'k').state == states.SUCCESS
