"""What publishers are told, in which order (section 29)."""

import json

import pytest

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events, notifications
from mistral.workflow.ports import ActionResult, CoreSettings

#: A state change, and the names of the events of a workflow and of a task that take it.
CHANGES = [
    (states.IDLE, states.RUNNING, 'WORKFLOW_LAUNCHED', 'TASK_LAUNCHED'),
    (states.RUNNING, states.RUNNING, 'WORKFLOW_LAUNCHED', 'TASK_LAUNCHED'),
    (states.CANCELLED, states.RUNNING, 'WORKFLOW_LAUNCHED', 'TASK_LAUNCHED'),
    (states.PAUSED, states.RUNNING, 'WORKFLOW_RESUMED', 'TASK_RESUMED'),
    (states.ERROR, states.RUNNING, 'WORKFLOW_RERUN', 'TASK_RERUN'),
    (states.RUNNING, states.SUCCESS, 'WORKFLOW_SUCCEEDED', 'TASK_SUCCEEDED'),
    (states.RUNNING, states.ERROR, 'WORKFLOW_FAILED', 'TASK_FAILED'),
    (states.RUNNING, states.CANCELLED, 'WORKFLOW_CANCELLED', 'TASK_CANCELLED'),
    (states.RUNNING, states.PAUSED, 'WORKFLOW_PAUSED', 'TASK_PAUSED'),
]


@pytest.mark.parametrize(('previous', 'state', 'of_workflow', 'of_task'), CHANGES)
def test_the_name_of_a_change_of_state(previous, state, of_workflow, of_task):
    assert notifications.workflow_event(previous, state) == of_workflow
    assert notifications.task_event(previous, state) == of_task


@pytest.mark.parametrize(
    ('previous', 'state', 'held', 'event'),
    [
        (states.WAITING, states.RUNNING, False, 'TASK_RESUMED'),
        (states.DELAYED, states.RUNNING, False, 'TASK_LAUNCHED'),
        (states.IDLE, states.RUNNING, True, 'TASK_RESUMED'),
        (states.ERROR, states.SKIPPED, False, 'TASK_SKIPPED'),
        (states.RUNNING, states.DELAYED, False, None),
        (states.RUNNING, states.IDLE, False, None),
        (states.SUCCESS, states.WAITING, False, None),
    ],
)
def test_the_name_of_a_change_that_only_tasks_know(previous, state, held, event):
    assert notifications.task_event(previous, state, held=held) == event


def told(world: World) -> list[str | None]:
    """The names of all events since the last call."""
    names = [notification.event for notification in world.notifications]
    world.notifications.clear()
    return names


def run(world: World, text: str) -> str:
    world.define(text)
    return world.run_workflow('wf', notify=[{'type': 'noop'}])


def test_a_plain_run(world: World):
    run(world, 'wf: {tasks: {t: {action: std.noop}}}')
    assert told(world) == [
        'WORKFLOW_LAUNCHED',
        'TASK_LAUNCHED',
        'TASK_SUCCEEDED',
        'WORKFLOW_SUCCEEDED',
    ]


def test_waiting_before_and_after(world: World):
    run(world, 'wf: {tasks: {t: {action: std.noop, wait-before: 1, wait-after: 1}}}')
    world.pass_time(2)
    assert [name for name in told(world) if not (name or '').startswith('WORKFLOW')] == [
        'TASK_LAUNCHED',
        None,
        'TASK_LAUNCHED',
        'TASK_SUCCEEDED',
        None,
        'TASK_SUCCEEDED',
    ]


def test_a_retry(world: World):
    run(world, 'wf: {tasks: {t: {action: std.fail, retry: {count: 1, delay: 1}}}}')
    world.pass_time(1)
    assert told(world)[1:-1] == [
        'TASK_LAUNCHED',
        'TASK_FAILED',
        None,
        'TASK_LAUNCHED',
        'TASK_FAILED',
    ]


def test_a_hold_and_a_resume(world: World):
    id_ = run(world, 'wf: {tasks: {t: {action: std.async_noop, pause-before: true}}}')
    assert told(world) == ['WORKFLOW_LAUNCHED', 'TASK_LAUNCHED', None, 'WORKFLOW_PAUSED']
    world.ask(id_, events.Resume())
    assert told(world) == ['WORKFLOW_RESUMED', 'TASK_RESUMED']


@pytest.mark.parametrize(
    ('event', 'names'),
    [
        (events.Rerun, ['WORKFLOW_RERUN', 'TASK_RERUN']),
        (events.Skip, ['WORKFLOW_RERUN', 'TASK_SKIPPED', 'WORKFLOW_SUCCEEDED']),
    ],
)
def test_a_rerun_and_a_skip(world: World, event, names):
    id_ = run(world, 'wf: {tasks: {t: {action: std.async_noop}}}')
    world.end(id_, 't', ActionResult(error='no'))
    told(world)
    world.ask(id_, event(world.task(id_, 't').id))
    assert told(world) == names


def test_a_failed_publish(world: World):
    run(world, 'wf: {tasks: {t: {action: std.noop, publish: {p: <% $.nope %>}}}}')
    assert told(world)[2:] == ['TASK_SUCCEEDED', 'TASK_FAILED', 'WORKFLOW_FAILED']


@pytest.mark.parametrize('notify', [None, 'noop', {'type': 'noop'}, []])
def test_nobody_is_told_unless_publishers_are_listed(world: World, notify):
    world.define('wf: {tasks: {t: {action: std.noop}}}')
    world.run_workflow('wf', notify=notify)
    assert told(world) == []


class TestPublishersOfTheOperator:
    OPERATOR = ({'type': 'webhook', 'secret': 's'}, {'type': 'log'})

    @pytest.fixture(autouse=True)
    def settings(self, world: World):
        world.settings = CoreSettings(publishers=self.OPERATOR)

    def publishers(self, world: World, notify):
        """Who is told of each event."""
        world.define('wf: {tasks: {t: {action: std.noop}}}')
        self.id_ = world.run_workflow('wf', notify=notify)
        (publishers,) = {json.dumps(effect.publishers) for effect in world.notifications}
        return json.loads(publishers)

    def test_they_come_after_those_of_the_request(self, world: World):
        own = {'type': 'noop'}
        assert self.publishers(world, [own]) == [own, *self.OPERATOR]

    @pytest.mark.parametrize('notify', [None, 'nonsense', []])
    def test_they_are_told_whatever_the_request_says(self, world: World, notify):
        assert self.publishers(world, notify) == list(self.OPERATOR)

    def test_the_execution_does_not_show_them(self, world: World):
        self.publishers(world, [{'type': 'noop'}])
        params = world.execution(self.id_).params
        assert params['notify'] == [{'type': 'noop'}]

    def test_an_execution_that_names_them_itself_tells_them_once(self, world: World):
        """Those that began in an earlier release do."""
        own = [{'type': 'noop'}, *self.OPERATOR]
        assert self.publishers(world, own) == own

    def test_subworkflows_tell_them_too(self, world: World):
        world.define('sub: {tasks: {t: {action: std.noop}}}\nwf: {tasks: {t: {workflow: sub}}}')
        (sub,) = world.subworkflows(world.run_workflow('wf'))
        told = [effect for effect in world.notifications if effect.object_id == sub]
        assert [effect.event for effect in told] == ['WORKFLOW_LAUNCHED', 'WORKFLOW_SUCCEEDED']
        assert all(effect.publishers == self.OPERATOR for effect in told)
        assert 'notify' not in world.execution(sub).params


def test_what_they_are_told(world: World):
    id_ = run(world, 'wf: {tasks: {t: {action: std.fail}}}')
    of_task = next(n for n in world.notifications if n.event == 'TASK_FAILED')
    of_workflow = world.notifications[-1]
    task, execution = world.task(id_, 't'), world.execution(id_)
    now = '2026-01-01 00:00:00'
    assert of_task.object_id == task.id
    assert of_task.publishers == ({'type': 'noop'},)
    assert of_task.data == {
        'id': task.id,
        'name': 't',
        'workflow_execution_id': id_,
        'workflow_name': 'wf',
        'workflow_namespace': '',
        'workflow_id': 'def-wf',
        'state': states.ERROR,
        'state_info': 'Fail action expected exception.',
        'type': 'ACTION',
        'project_id': 'p',
        'created_at': now,
        'updated_at': now,
        'started_at': now,
        'finished_at': now,
    }
    assert of_workflow.data == {
        'id': id_,
        'name': 'wf',
        'workflow_name': 'wf',
        'workflow_namespace': '',
        'workflow_id': 'def-wf',
        'state': states.ERROR,
        'state_info': execution.state_info,
        'project_id': 'p',
        'task_execution_id': None,
        'root_execution_id': None,
        'created_at': now,
        'updated_at': now,
    }


TREE = """
parent:
  tasks:
    sub: {workflow: child}
child:
  tasks:
    t: {action: std.async_noop}
"""


def told_of_tree(world: World) -> dict[str, list[str | None]]:
    """The events since the last call, by the name of the workflow or task."""
    found: dict[str, list[str | None]] = {}
    for notification in world.notifications:
        found.setdefault(notification.data['name'], []).append(notification.event)
    world.notifications.clear()
    return found


@pytest.fixture
def tree(world: World) -> str:
    world.define(TREE)
    id_ = world.run_workflow('parent', notify=[{'type': 'noop'}])
    assert told_of_tree(world) == {
        'parent': ['WORKFLOW_LAUNCHED'],
        'sub': ['TASK_LAUNCHED'],
        'child': ['WORKFLOW_LAUNCHED'],
        't': ['TASK_LAUNCHED'],
    }
    return id_


def test_a_pause_of_a_tree_and_its_resume(world: World, tree: str):
    """Each is told once; Mistral 23 tells some of the resume twice (D34)."""
    world.ask(tree, events.Pause())
    world.run()
    assert told_of_tree(world) == {
        'parent': ['WORKFLOW_PAUSED'],
        'sub': ['TASK_PAUSED'],
        'child': ['WORKFLOW_PAUSED'],
    }
    world.ask(tree, events.Resume())
    world.run()
    assert told_of_tree(world) == {
        'parent': ['WORKFLOW_RESUMED'],
        'sub': ['TASK_RESUMED'],
        'child': ['WORKFLOW_RESUMED'],
    }
    world.end(world.subworkflows(tree)[0], 't', 1)
    world.run()
    assert told_of_tree(world) == {
        't': ['TASK_SUCCEEDED'],
        'child': ['WORKFLOW_SUCCEEDED'],
        'sub': ['TASK_SUCCEEDED'],
        'parent': ['WORKFLOW_SUCCEEDED'],
    }


def test_a_cancelled_tree(world: World, tree: str):
    world.ask(tree, events.Stop(states.CANCELLED, 'enough'))
    world.run()
    assert told_of_tree(world) == {
        'parent': ['WORKFLOW_CANCELLED'],
        'child': ['WORKFLOW_CANCELLED'],
        'sub': ['TASK_CANCELLED'],
    }


def test_a_rerun_below_reopens_those_above(world: World, tree: str):
    child = world.subworkflows(tree)[0]
    world.end(child, 't', ActionResult(error='no'))
    world.run()
    assert told_of_tree(world) == {
        't': ['TASK_FAILED'],
        'child': ['WORKFLOW_FAILED'],
        'sub': ['TASK_FAILED'],
        'parent': ['WORKFLOW_FAILED'],
    }
    world.ask(child, events.Rerun(world.task(child, 't').id))
    world.run()
    assert told_of_tree(world) == {
        'child': ['WORKFLOW_RERUN'],
        't': ['TASK_RERUN'],
        'sub': ['TASK_RERUN'],
        'parent': ['WORKFLOW_RERUN'],
    }


def test_a_join_and_items(world: World):
    run(
        world,
        """
wf:
  tasks:
    a: {action: std.noop, on-success: j}
    b: {with-items: 'i in [1, 2]', action: std.noop, on-success: j}
    j: {join: all, action: std.noop}
""",
    )
    assert told_of_tree(world) == {
        'wf': ['WORKFLOW_LAUNCHED', 'WORKFLOW_SUCCEEDED'],
        'a': ['TASK_LAUNCHED', 'TASK_SUCCEEDED'],
        'b': ['TASK_LAUNCHED', 'TASK_SUCCEEDED'],
        'j': ['TASK_RESUMED', 'TASK_SUCCEEDED'],
    }
