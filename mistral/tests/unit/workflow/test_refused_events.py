"""Events that cannot be applied: they are refused with an error and change nothing."""

import pytest

from mistral import states
from mistral.exceptions import (
    DBEntityNotFoundError,
    InvalidStateTransitionException,
    MistralException,
    NotAllowedException,
    WorkflowException,
)
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import InfrastructureError

DEFINITION = """
wf:
  tasks:
    sync: {action: std.noop}
    done: {action: std.async_noop}
    open: {action: std.async_noop}
"""


ENV_IS_FIXED = (
    'Updating env to workflow execution is only permitted if it is in IDLE, PAUSED, or ERROR state.'
)


@pytest.fixture
def running(world: World) -> str:
    """An execution with a synchronous action, one that has its result, and one that has not."""
    world.define(DEFINITION)
    id_ = world.start('wf')
    world.complete(world.child(id_, 'done').id)
    return id_


@pytest.mark.parametrize(
    ('event', 'error', 'text'),
    [
        (events.ActionCompleted('nowhere'), DBEntityNotFoundError,
         'ActionExecution not found [id=nowhere]'),
        (events.ActionCompleted('<done>'), InvalidStateTransitionException,
         'Action <done> is already completed'),
        (events.ActionUpdated('<sync>', states.PAUSED), InvalidStateTransitionException,
         'Transition to the PAUSED state is only supported for asynchronous action execution.'),
        (events.ActionUpdated('<done>', states.RUNNING), InvalidStateTransitionException,
         'Invalid state transition from SUCCESS to RUNNING.'),
        (events.Rerun('nowhere'), DBEntityNotFoundError, 'Task execution not found [id=nowhere]'),
        (events.Skip('nowhere'), DBEntityNotFoundError, 'Task execution not found [id=nowhere]'),
        (events.UpdateEnv({'k': 1}), NotAllowedException,
         ENV_IS_FIXED),
    ],
)  # fmt: skip
def test_they_say_why(world: World, running, event, error, text):
    ids = {name: world.child(running, name).id for name in ('done', 'sync')}
    for name, id_ in ids.items():
        text = text.replace(f'<{name}>', id_)
        if getattr(event, 'action_execution_id', '') == f'<{name}>':
            event = type(event)(id_, *([event.state] if hasattr(event, 'state') else []))
    before = world.storage.digest()
    with pytest.raises(error) as e:
        world.apply(running, event)
    assert str(e.value) == text
    assert world.storage.digest() == before


@pytest.mark.parametrize(
    ('now', 'wanted', 'is_refused'),
    [
        (states.RUNNING, states.SUCCESS, False),
        (states.RUNNING, states.ERROR, False),
        (states.RUNNING, states.CANCELLED, False),
        (states.PAUSED, states.SUCCESS, True),
        (states.PAUSED, states.ERROR, False),
        (states.PAUSED, states.CANCELLED, False),
        (states.SUCCESS, states.SUCCESS, False),
        (states.SUCCESS, states.ERROR, False),
        (states.SUCCESS, states.CANCELLED, False),
        (states.SUCCESS, states.PAUSED, True),
        (states.ERROR, states.SUCCESS, True),
        (states.ERROR, states.CANCELLED, False),
        (states.ERROR, states.PAUSED, True),
        (states.CANCELLED, states.SUCCESS, True),
        (states.CANCELLED, states.ERROR, False),
        (states.CANCELLED, states.PAUSED, True),
    ],
)
def test_which_state_may_be_asked_for_in_which(world: World, running, now, wanted, is_refused):
    """The table of section 1.3; what is over stays as it is."""

    def ask(state: str) -> None:
        event = events.Pause() if state == states.PAUSED else events.Stop(state, 'asked')
        world.apply(running, event)

    if now != states.RUNNING:
        ask(now)
    if is_refused:
        with pytest.raises(WorkflowException) as e:
            ask(wanted)
        assert str(e.value) == (
            f"Can't change workflow execution state from {now} to {wanted}. "
            f'[workflow=wf, execution_id={running}]'
        )
    else:
        ask(wanted)
    is_over = now in states.COMPLETED
    expected = now if is_refused or is_over else wanted
    assert world.execution(running).state == expected


@pytest.mark.parametrize('state', [states.RUNNING, *sorted(states.COMPLETED - {states.SKIPPED})])
def test_a_resume_of_what_is_not_paused_does_nothing(world: World, running, state):
    if state != states.RUNNING:
        world.apply(running, events.Stop(state))
    before = world.storage.digest()
    world.apply(running, events.Resume(env={'k': 1}))
    assert world.execution(running).params['env'] == {}
    assert world.execution(running).state == state
    assert world.storage.digest() == before


def test_a_database_that_is_out_of_reach_leaves_everything_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    world.define('wf: {tasks: {a: {action: std.async_noop, on-success: b}, b: {action: std.noop}}}')
    id_ = world.run_workflow('wf')
    action_id = world.child(id_, 'a').id

    def fail(call: object) -> None:
        raise InfrastructureError

    with monkeypatch.context() as outage:
        outage.setattr(world, 'prepare_action', fail)
        with pytest.raises(InfrastructureError):
            world.complete(action_id)
    assert world.task_states(id_) == {'a': states.RUNNING}
    world.complete(action_id)
    world.run()
    assert world.execution(id_).state == states.SUCCESS


def test_an_error_of_one_event_takes_nothing_from_another(world: World, running):
    with pytest.raises(MistralException):
        world.apply(running, events.ActionCompleted(world.child(running, 'done').id))
    world.run()
    world.end(running, 'open')
    assert world.execution(running).state == states.SUCCESS
