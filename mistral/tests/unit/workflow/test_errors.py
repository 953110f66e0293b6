"""Soft errors, which a task may handle, and hard ones, which end the workflow (section 9)."""

import pytest

from mistral import states
from mistral.exceptions import ActionException
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult


def run(world: World, task: str, more: str = '') -> str:
    world.define(f"""
sub:
  input: [needed]
  tasks: {{s: {{action: std.noop}}}}
wf:
  tasks:
    t: {{{task}, on-error: handler, on-complete: handler}}
    handler: {{action: std.noop}}
    slow: {{action: std.async_noop, on-success: never}}
    never: {{action: std.noop}}
{more}""")
    return world.run_workflow('wf')


NO_A = "Can not evaluate YAQL expression [expression=$.a, error='a']"

HARD = [
    ('action: std.echo output=<% $.a %>', 'run task', NO_A),
    ('action: <% $.a %>', 'run task', NO_A),
    ('workflow: <% $.a %>', 'run task', NO_A),
    ('action: std.noop, target: <% $.a %>', 'run task', NO_A),
    ('action: std.noop, wait-before: <% $.a %>', 'run task', NO_A),
    ('action: std.noop, with-items: i in <% $.a %>', 'run task', NO_A),
    ('action: no.such', 'run task', 'Failed to find action [action_name=no.such, namespace=]'),
    ('action: std.echo', 'run task', "Invalid input [name=std.echo, class=C, missing=['output']]"),
    (
        'action: std.noop, input: <% 5 %>',
        'run task',
        (
            'Wrong dynamic input for task: t. Dict type is expected. '
            "Actual type: <class 'int'>. Actual value: 5"
        ),
    ),
    ('action: std.noop, publish: {p: <% $.a %>}', 'handle action completion', NO_A),
    ('action: std.noop, on-success: [never: <% $.a %>]', 'handle action completion', NO_A),
    ('action: std.noop, on-success: [fail msg=<% $.a %>]', 'handle action completion', NO_A),
    ('action: std.noop, fail-on: <% $.a %>', 'handle action completion', NO_A),
    ('action: std.noop, keep-result: <% $.a %>', 'handle action completion', NO_A),
    (
        'action: std.noop, retry: {count: 1, delay: 1, break-on: <% $.a %>}',
        'handle action completion',
        NO_A,
    ),
]


@pytest.mark.parametrize(('task', 'phase', 'error'), HARD)
def test_a_hard_error_ends_the_task_and_the_workflow_with_the_same_text(
    world: World, task, phase, error
):
    id_ = run(world, task)
    t, execution = world.task(id_, 't'), world.execution(id_)
    action = f', action={t.children[0].name}' if phase == 'handle action completion' else ''
    text = f'Failed to {phase} [error={error}, wf=wf, task=t{action}]:'
    assert (t.state, t.state_info, t.processed) == (states.ERROR, text, False)
    assert (execution.state, execution.state_info) == (states.ERROR, text)
    assert execution.output['result'] == text
    # Nothing handles it, and nothing follows what is still running.
    assert world.tasks(id_, 'handler') == []
    world.end(id_, 'slow')
    assert world.task(id_, 'slow').state == states.SUCCESS
    assert world.tasks(id_, 'never') == []


def test_a_retry_that_cannot_be_decided_is_not_noted(world: World):
    id_ = run(world, 'action: std.noop, retry: {count: 1, delay: 1, break-on: <% $.a %>}')
    assert 'retry_task_policy' not in world.task(id_, 't').runtime_context


@pytest.mark.parametrize(
    ('task', 'seconds'),
    [
        ('action: std.noop, wait-after: 1, fail-on: <% $.a %>', 1),
        ('action: std.async_noop, timeout: 1, publish-on-error: {p: <% $.a %>}', 1),
    ],
)
def test_a_hard_error_in_a_delayed_completion(world: World, task, seconds):
    id_ = run(world, task)
    world.pass_time(seconds)
    text = f'Failed to complete task [error={NO_A}, wf=wf, task=t]:'
    assert world.execution(id_).state_info == text


def test_a_failed_join_that_cannot_publish(world: World):
    id_ = run(
        world,
        'action: std.fail',
        """
    a: {action: std.fail, on-success: j, on-error: noop}
    b: {action: std.noop, on-success: j}
    j: {join: all, action: std.noop, publish-on-error: {p: <% $.a %>}}
""",
    )
    assert world.execution(id_).state_info == (
        f'Failed to complete task [error={NO_A}, wf=wf, task=j]:'
    )


SOFT = [
    ('action: std.fail error_data="boom"', 'boom'),
    ("action: std.fail error_data=<% dict(a => 'b') %>", "{'a': 'b'}"),
    ('action: std.fail', 'Fail action expected exception.'),
    ('workflow: nowhere', 'Failed to find workflow [name=nowhere] [namespace=]'),
    ('workflow: sub', "Invalid input [name=sub, class=DirectWorkflowSpec, missing=['needed']]"),
    ('action: <% $.i %>, with-items: "i in <% [1] %>"',
     "Can not evaluate YAQL expression [expression=$.i, error='i']"),
    ('action: std.noop, with-items: "i in <% [1] %>", target: <% $.i %>',
     "Can not evaluate YAQL expression [expression=$.i, error='i']"),
    ('action: no.such, with-items: "i in <% [1] %>"',
     'Failed to find action [action_name=no.such, namespace=]'),
]  # fmt: skip


@pytest.mark.parametrize(('task', 'text'), SOFT)
def test_a_soft_error_is_handled_by_on_error(world: World, task, text):
    id_ = run(world, f'{task}, publish-on-error: {{seen: 1}}')
    t = world.task(id_, 't')
    assert (t.state, t.state_info) == (states.ERROR, text)
    assert (t.error_handled, t.published) == (True, {'seen': 1})
    assert len(world.tasks(id_, 'handler')) == 2
    world.end(id_, 'slow')
    assert world.execution(id_).state == states.SUCCESS


@pytest.mark.parametrize('error', ['', [], {}, 0])
def test_an_empty_error_is_an_error_without_a_text(world: World, error):
    id_ = run(world, 'action: std.async_noop')
    world.end(id_, 't', ActionResult(error=error))
    t = world.task(id_, 't')
    assert (t.state, t.state_info, world.result(id_, 't')) == (states.ERROR, None, error)


def test_one_bad_input_of_many_items_starts_none_of_them(world: World):
    id_ = run(world, 'action: std.echo output=<% 1 / $.i %>, with-items: "i in <% [1, 0] %>"')
    assert world.task(id_, 't').state == states.ERROR
    assert [action.task_name for action in world.started] == ['slow']


def test_a_bad_input_of_a_later_item_ends_the_task_with_the_result_before_it(world: World):
    id_ = run(
        world,
        'action: std.echo output=<% 1 / $.i %>, with-items: "i in <% [1, 0] %>", concurrency: 1',
    )
    t, execution = world.task(id_, 't'), world.execution(id_)
    assert t.children[0].state == states.SUCCESS
    text = 'Failed to handle action completion [error=Can not evaluate YAQL expression ['
    assert (t.state, execution.state) == (states.ERROR, states.ERROR)
    assert (execution.state_info or '').startswith(text)


def test_a_result_that_cannot_be_taken_is_not_waited_for(world: World, monkeypatch):
    def refuse(name: str, namespace: str, result: ActionResult) -> ActionResult:
        raise ActionException('no such key')

    monkeypatch.setattr(world, 'finish_action', refuse)
    id_ = run(world, 'action: std.noop')
    text = 'Failed to complete action [error=no such key, action=std.noop, task=t]:'
    child = world.child(id_, 't')
    assert (child.state, child.accepted) == (states.ERROR, False)
    assert world.task(id_, 't').state_info == text
    assert world.execution(id_).state_info == text


def test_an_unexpected_exception_is_a_hard_error_and_reported(world: World, monkeypatch):
    def crash(call: object) -> None:
        raise ZeroDivisionError('a bug in a plugin')

    monkeypatch.setattr(world, 'prepare_action', crash)
    id_ = run(world, 'action: std.noop')
    execution = world.execution(id_)
    assert execution.state_info == ('Failed to run task [error=a bug in a plugin, wf=wf, task=t]:')
    assert any(isinstance(error, ZeroDivisionError) for error in world.failures)


class TestWhilePaused:
    def test_a_hard_error_waits_for_the_resume(self, world: World):
        id_ = run(world, 'action: std.async_noop, publish: {p: <% $.a %>}')
        world.ask(id_, events.Pause())
        world.end(id_, 't')
        t = world.task(id_, 't')
        assert (t.state, world.execution(id_).state) == (states.ERROR, states.PAUSED)
        world.ask(id_, events.Resume())
        execution = world.execution(id_)
        assert (execution.state, execution.state_info) == (states.ERROR, t.state_info)
        assert world.tasks(id_, 'handler') == []

    def test_it_is_forgotten_when_its_task_is_run_again(self, world: World):
        id_ = run(world, 'action: std.async_noop, publish: {p: "<% 1 / task().result %>"}')
        world.ask(id_, events.Pause())
        world.end(id_, 't', 0)
        world.ask(id_, events.Stop(states.ERROR))
        world.ask(id_, events.Rerun(world.task(id_, 't').id))
        world.end(id_, 't', 1)
        world.ask(id_, events.Pause())
        world.ask(id_, events.Resume())
        world.end(id_, 'slow')
        assert world.execution(id_).state == states.SUCCESS
