"""Reverse workflows: tasks run when what they require has succeeded (section 19)."""

import pytest

from mistral import states
from mistral.exceptions import WorkflowException
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult

DIAMOND = """
wf:
  type: reverse
  tasks:
    base: {action: std.async_noop, publish: {base: <% task().result %>}}
    left: {action: std.async_noop, publish: {left: <% $.base + 1 %>}, requires: base}
    right: {action: std.async_noop, publish: {right: <% $.base + 2 %>}, requires: [base]}
    top: {action: std.echo output=<% $.left + $.right %>, publish: {top: <% task().result %>},
          requires: [left, right]}
    unneeded: {action: std.noop}
"""


@pytest.fixture
def diamond(world: World) -> str:
    world.define(DIAMOND)
    return world.run_workflow('wf', task_name='top')


def test_each_task_runs_as_soon_as_its_requirements_have_succeeded(world: World, diamond):
    assert list(world.task_states(diamond)) == ['base']
    world.end(diamond, 'base', 1)
    assert list(world.task_states(diamond)) == ['base', 'left', 'right']
    world.end(diamond, 'left')
    assert 'top' not in world.task_states(diamond)
    world.end(diamond, 'right')
    assert world.result(diamond, 'top') == 5
    execution = world.execution(diamond)
    assert execution.output == {'base': 1, 'left': 2, 'right': 3, 'top': 5}
    assert all(task.triggered_by == [] for task in world.tasks(diamond))


def test_two_requirements_that_end_during_a_pause_start_a_task_once(world: World, diamond):
    world.end(diamond, 'base', 1)
    world.ask(diamond, events.Pause())
    world.end(diamond, 'left')
    world.end(diamond, 'right')
    world.ask(diamond, events.Resume())
    assert len(world.tasks(diamond, 'top')) == 1
    assert world.execution(diamond).state == states.SUCCESS


def test_an_error_ends_the_workflow_after_independent_tasks(world: World, diamond):
    world.end(diamond, 'base', 1)
    world.end(diamond, 'left', ActionResult(error='no'))
    assert world.execution(diamond).state == states.RUNNING
    world.end(diamond, 'right')
    execution = world.execution(diamond)
    assert execution.state == states.ERROR
    assert (execution.state_info or '').startswith('Failure caused by error in tasks: left\n')
    assert execution.output == {'result': execution.state_info}


def test_a_rerun_goes_on_to_the_target(world: World, diamond):
    world.end(diamond, 'base', 1)
    world.end(diamond, 'left', ActionResult(error='no'))
    world.end(diamond, 'right')
    world.ask(diamond, events.Rerun(world.task(diamond, 'left').id))
    world.end(diamond, 'left')
    assert world.result(diamond, 'top') == 5
    assert world.execution(diamond).state == states.SUCCESS


def test_a_skipped_requirement_is_not_met(world: World, diamond):
    world.end(diamond, 'base', ActionResult(error='no'))
    world.ask(diamond, events.Skip(world.task(diamond, 'base').id))
    assert list(world.task_states(diamond)) == ['base']
    execution = world.execution(diamond)
    assert (execution.state, execution.output) == (states.SUCCESS, {})


def test_a_cancelled_requirement_cancels_the_workflow(world: World, diamond):
    world.end(diamond, 'base', ActionResult(cancel=True))
    execution = world.execution(diamond)
    assert (execution.state, execution.state_info) == (states.CANCELLED, 'Cancelled tasks: base')


@pytest.mark.parametrize('params', [{}, {'task_name': None}, {'task_name': 'nowhere'}])
def test_the_target_has_to_be_named(world: World, params):
    world.define(DIAMOND)
    with pytest.raises(WorkflowException) as e:
        world.start('wf', **params)
    text = str(e.value)
    assert text.startswith('Invalid task name [wf_spec=ReverseWorkflowSpec {')
    assert text.endswith(f', task_name={params.get("task_name")}]')


def test_policies_and_items_work_as_elsewhere(world: World):
    world.define("""
wf:
  type: reverse
  task-defaults: {requires: first}
  tasks:
    first: {action: std.noop}
    t: {with-items: "i in <% [1, 2] %>", action: std.fail, retry: {count: 1, delay: 1}}
""")
    id_ = world.run_workflow('wf', task_name='t')
    world.pass_time(1)
    assert len(world.task(id_, 't').children) == 4
    assert world.execution(id_).state == states.ERROR
