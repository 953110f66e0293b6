"""A rerun or a skip in an execution that was ended while it was paused: nothing is forgotten."""

import pytest

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult

DEFINITION = """
sub: {tasks: {s: {action: std.async_noop}}}
wf:
  tasks:
    bad: {action: std.async_noop}
    WAITING
"""


def run_and_pause(world: World, waiting: str) -> str:
    """Let the task `bad` fail in a workflow that is paused, and end the workflow."""
    world.define(DEFINITION.replace('WAITING', waiting))
    id_ = world.run_workflow('wf')
    world.end(id_, 'bad', ActionResult(error='no'))
    world.ask(id_, events.Pause())
    return id_


@pytest.mark.parametrize('event', [events.Rerun, events.Skip])
@pytest.mark.parametrize('end', [states.ERROR, states.CANCELLED])
class TestWhatWaitedGoesOn:
    def reopen(self, world: World, id_: str, end: str, event: type) -> None:
        world.ask(id_, events.Stop(end))
        world.ask(id_, event(world.task(id_, 'bad').id))
        if event is events.Rerun:
            world.end(id_, 'bad')

    def test_a_held_task(self, world: World, end, event):
        id_ = run_and_pause(
            world,
            """
    first: {action: std.async_noop, on-success: held}
    held: {action: std.noop, pause-before: true}
""",
        )
        world.ask(id_, events.Resume())
        world.end(id_, 'first')
        assert world.execution(id_).state == states.PAUSED
        self.reopen(world, id_, end, event)
        assert world.task(id_, 'held').state == states.SUCCESS
        assert world.execution(id_).state == states.SUCCESS

    def test_the_transitions_of_a_task_that_ended(self, world: World, end, event):
        id_ = run_and_pause(
            world,
            """
    done: {action: std.async_noop, on-success: next}
    next: {action: std.noop}
""",
        )
        world.end(id_, 'done')
        self.reopen(world, id_, end, event)
        assert world.task(id_, 'next').state == states.SUCCESS
        assert world.execution(id_).state == states.SUCCESS

    def test_the_backlog(self, world: World, end, event):
        world.define(
            DEFINITION.replace(
                'WAITING',
                """
    done: {action: std.async_noop, on-success: [pause, next]}
    next: {action: std.noop}
""",
            )
        )
        id_ = world.run_workflow('wf')
        world.end(id_, 'bad', ActionResult(error='no'))
        world.end(id_, 'done')
        self.reopen(world, id_, end, event)
        assert world.task(id_, 'next').state == states.SUCCESS
        assert world.execution(id_).state == states.SUCCESS

    def test_a_join_whose_branches_came_meanwhile(self, world: World, end, event):
        id_ = run_and_pause(
            world,
            """
    a: {action: std.noop, on-success: j}
    b: {action: std.async_noop, on-success: j}
    j: {join: all, action: std.noop}
""",
        )
        world.end(id_, 'b')
        self.reopen(world, id_, end, event)
        assert world.task(id_, 'j').state == states.SUCCESS
        assert world.execution(id_).state == states.SUCCESS


def test_a_paused_subworkflow_goes_on_too(world: World):
    id_ = run_and_pause(world, 'call: {workflow: sub}')
    (sub_id,) = world.subworkflows(id_)
    world.ask(id_, events.Stop(states.ERROR))
    assert world.execution(sub_id).state == states.PAUSED
    world.ask(id_, events.Rerun(world.task(id_, 'bad').id))
    world.end(id_, 'bad')
    world.end(sub_id, 's')
    assert world.execution(id_).state == states.SUCCESS


def test_what_ended_after_the_end_leads_nowhere(world: World):
    world.define("""
wf:
  tasks:
    bad: {action: std.async_noop, on-error: fail}
    slow: {action: std.async_noop, on-success: next}
    next: {action: std.noop}
""")
    id_ = world.run_workflow('wf')
    world.end(id_, 'bad', ActionResult(error='no'))
    world.end(id_, 'slow')
    world.ask(id_, events.Rerun(world.task(id_, 'bad').id))
    world.end(id_, 'bad')
    assert world.tasks(id_, 'next') == []
    assert world.execution(id_).state == states.SUCCESS


def test_a_rerun_while_paused_changes_nothing(world: World):
    id_ = run_and_pause(world, 'slow: {action: std.async_noop}')
    world.ask(id_, events.Rerun(world.task(id_, 'bad').id))
    assert world.execution(id_).state == states.PAUSED
    assert world.task(id_, 'bad').state == states.ERROR


def test_an_error_that_was_handled_cannot_be_undone_after_the_end(world: World):
    world.define('wf: {tasks: {bad: {action: std.fail, on-error: noop}}}')
    id_ = world.run_workflow('wf')
    for event in (events.Rerun, events.Skip):
        with pytest.raises(Exception, match='from SUCCESS to RUNNING'):
            world.ask(id_, event(world.task(id_, 'bad').id))


def test_tasks_that_a_first_attempt_has_started_remain(world: World):
    world.define("""
wf:
  tasks:
    t: {action: std.async_noop, on-error: e, on-success: s}
    e: {action: std.async_noop}
    s: {action: std.noop}
""")
    id_ = world.run_workflow('wf')
    world.end(id_, 't', ActionResult(error='no'))
    world.ask(id_, events.Rerun(world.task(id_, 't').id))
    world.end(id_, 't')
    assert world.task_states(id_) == {
        't': states.SUCCESS,
        'e': states.RUNNING,
        's': states.SUCCESS,
    }
