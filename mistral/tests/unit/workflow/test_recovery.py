"""After a crash: actions whose executor is gone, and what was left between two steps."""

from typing import Any

import pytest

from mistral import states
from mistral.exceptions import InvalidStateTransitionException
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.effects import RunAction
from mistral.workflow.ports import CoreSettings


def run_and_crash(world: World, text: str, **behaviour: Any) -> tuple[str, tuple[str, ...]]:
    """Start a workflow and lose everything but the database; returns what was running then."""
    world.behaviour.update(behaviour)
    world.define(text)
    id_ = world.start('wf')
    lost = tuple(action.action_execution_id for action in world.actions)
    world.actions.clear()
    world.started.clear()
    world.forget()
    return id_, lost


UNSAFE = 'wf: {tasks: {t: {action: act, on-error: handler}, handler: {action: std.noop}}}'


def test_an_action_of_unknown_fate_fails_softly(world: World):
    id_, lost = run_and_crash(world, UNSAFE, act=lambda input_: 1)
    world.ask(id_, events.Recover(lost))
    task = world.task(id_, 't')
    assert task.state == states.ERROR
    assert "Set 'safe-rerun: true' on the task" in (task.state_info or '')
    assert world.task(id_, 'handler').state == states.SUCCESS


@pytest.mark.parametrize('task', ['action: act, safe-rerun: true', 'action: std.echo output=1'])
def test_an_action_that_does_no_harm_runs_again(world: World, task):
    id_, lost = run_and_crash(world, f'wf: {{tasks: {{t: {{{task}}}}}}}', act=lambda input_: 1)
    world.ask(id_, events.Recover(lost))
    assert [action.action_execution_id for action in world.started] == list(lost)
    assert world.result(id_, 't') == 1
    assert world.execution(id_).state == states.SUCCESS


@pytest.mark.parametrize('more', ['', 'with-items: "i in [1, 2]", ', 'join: 1, '])
def test_a_task_that_loses_its_action_is_retried(world: World, more):
    world.behaviour['act'] = lambda input_: 1
    world.define(f"""
wf:
  tasks:
    first: {{action: std.async_noop, on-success: t}}
    t: {{{more}action: act, retry: {{count: 1, delay: 5}}}}
""")
    id_ = world.start('wf')
    world.complete(world.child(id_, 'first').id)
    lost = tuple(action.action_execution_id for action in world.actions if action.name == 'act')
    world.actions.clear()
    world.forget()
    world.ask(id_, events.Recover(lost))
    assert world.execution(id_).state == states.RUNNING
    world.pass_time(5)
    world.run()
    assert world.task(id_, 't').runtime_context['retry_task_policy'] == {'retry_no': 1}
    assert world.execution(id_).state == states.SUCCESS


def test_the_second_of_two_results_is_refused(world: World):
    id_, lost = run_and_crash(world, UNSAFE, act=lambda input_: 1)
    world.ask(id_, events.Recover(lost))
    with pytest.raises(InvalidStateTransitionException, match='is already completed'):
        world.complete(lost[0], 'late')
    assert world.task(id_, 't').state == states.ERROR


def test_an_action_that_cannot_be_prepared_any_more_is_not_waited_for(world: World):
    id_, lost = run_and_crash(world, UNSAFE, act=lambda input_: 1)
    del world.behaviour['act']
    world.ask(id_, events.Recover(lost))
    assert world.task(id_, 't').state_info == (
        'Failed to find action [action_name=act, namespace=]'
    )


def test_reason_of_a_loss_is_what_the_task_shows(world: World):
    id_, lost = run_and_crash(world, UNSAFE, act=lambda input_: 1)
    world.ask(id_, events.Recover(lost, reason="Heartbeat wasn't received."))
    assert world.task(id_, 't').state_info == "Heartbeat wasn't received."
    assert world.task(id_, 'handler').state == states.SUCCESS


def test_reason_of_a_loss_does_not_keep_actions_from_running_again(world: World):
    id_, lost = run_and_crash(world, 'wf: {tasks: {t: {action: std.echo output=1}}}')
    world.ask(id_, events.Recover(lost, reason='gone'))
    assert world.execution(id_).state == states.SUCCESS


@pytest.mark.parametrize('task', ['action: act', 'action: std.async_noop'])
def test_an_action_that_no_executor_has_started_is_handed_over_again(world: World, task):
    """Whatever it does: it has done nothing yet."""
    id_, waiting = run_and_crash(
        world,
        f'wf: {{tasks: {{t: {{{task}, on-error: other}}, other: {{action: std.noop}}}}}}',
        act=lambda input_: 1,
    )
    state = world.state(id_)
    effects = world.turn(state, events.Recover(waiting_actions=waiting))
    handed = [effect for effect in effects if isinstance(effect, RunAction)]
    assert [(effect.action_execution_id, effect.again) for effect in handed] == [
        (waiting[0], False)
    ]
    assert world.task(id_, 't').state == states.RUNNING


def test_an_action_that_waits_no_more_is_not_handed_over_again(world: World):
    id_, waiting = run_and_crash(world, UNSAFE, act=lambda input_: 1)
    world.complete(waiting[0], 1)
    world.ask(id_, events.Recover(waiting_actions=(*waiting, 'unknown')))
    assert world.started == []
    assert world.execution(id_).state == states.SUCCESS


def test_a_waiting_action_that_nobody_waits_for_any_more_is_ended(world: World):
    world.behaviour['act'] = lambda input_: 1
    world.define('wf: {tasks: {t: {action: act, safe-rerun: true, timeout: 1}}}')
    id_ = world.start('wf')
    (waiting,) = world.actions
    world.actions.clear()
    world.pass_time(1)
    world.ask(id_, events.Recover(waiting_actions=(waiting.action_execution_id,)))
    assert len(world.started) == 1
    child = world.child(id_, 't')
    world.load_outputs([child])
    assert child.state == states.ERROR
    assert child.output == {
        'result': 'The action was not started: its task does not wait for it any more.'
    }


def test_a_waiting_action_that_cannot_be_prepared_any_more_fails(world: World):
    id_, waiting = run_and_crash(world, UNSAFE, act=lambda input_: 1)
    del world.behaviour['act']
    world.ask(id_, events.Recover(waiting_actions=waiting))
    assert world.task(id_, 't').state == states.ERROR
    assert world.task(id_, 'handler').state == states.SUCCESS


@pytest.mark.parametrize('retry', ['', ', retry: {count: 1, delay: 5}'])
def test_an_action_that_nobody_waits_for_is_ended_but_not_repeated(world: World, retry):
    world.behaviour['act'] = lambda input_: 1
    world.define(f'wf: {{tasks: {{t: {{action: act, safe-rerun: true, timeout: 1{retry}}}}}}}')
    id_ = world.start('wf')
    (lost,) = world.actions
    world.actions.clear()
    world.pass_time(1)
    world.forget()
    world.ask(id_, events.Recover((lost.action_execution_id,)))
    assert len(world.started) == 1
    assert world.child(id_, 't').state == states.ERROR


def test_items_that_have_not_started_are_started(world: World):
    world.settings = CoreSettings(items_portion=2)
    id_, lost = run_and_crash(
        world, 'wf: {tasks: {t: {with-items: "i in <% range(5) %>", action: std.noop}}}'
    )
    world.jobs.clear()
    world.ask(id_, events.Recover(lost))
    assert world.execution(id_).state == states.SUCCESS
    assert len(world.task(id_, 't').children) == 5


def test_an_execution_that_has_not_begun_begins(world: World):
    world.define('sub: {tasks: {t: {action: std.noop}}}\nwf: {tasks: {t: {workflow: sub}}}')
    id_ = world.start('wf')
    (sub_id,) = world.subworkflows(id_)
    world.ask(sub_id, events.Recover())
    assert world.execution(sub_id).state == states.SUCCESS
    assert len(world.tasks(sub_id)) == 1


def test_a_timer_that_was_cancelled_or_replaced_does_nothing(world: World):
    world.define("""
wf: {tasks: {t: {action: std.async_noop, timeout: 5, retry: {count: 1, delay: 1}}}}
""")
    id_ = world.run_workflow('wf')
    (old,) = world.timers
    world.pass_time(6)
    world.apply(id_, old.event)
    assert world.task(id_, 't').state == states.RUNNING
    world.end(id_, 't')
    world.apply(id_, old.event)
    assert world.execution(id_).state == states.SUCCESS
