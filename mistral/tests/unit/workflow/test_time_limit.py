"""The timeout of a whole workflow, in virtual time."""

import pytest

from mistral import states
from mistral.exceptions import EvaluationException, InputException
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult

LIMITED = """
wf:
  timeout: 10
  vars: {x: 1}
  output-on-error: {seen: <% $.x %>}
  tasks:
    t1: {action: std.noop, on-success: t2}
    t2: {action: std.async_noop, on-success: t3, on-error: t3}
    t3: {action: std.noop}
"""

TIMED_OUT = 'Workflow timed out [timeout(s)=10].'


@pytest.fixture
def id_(world: World) -> str:
    world.define(LIMITED)
    return world.run_workflow('wf')


def test_an_execution_that_takes_too_long_fails(world, id_):
    world.pass_time(9.9)
    assert world.execution(id_).state == states.RUNNING
    world.pass_time(0.2)
    execution = world.execution(id_)
    assert (execution.state, execution.state_info) == (states.ERROR, TIMED_OUT)
    assert execution.output == {'result': TIMED_OUT, 'seen': 1}


def test_what_comes_later_changes_nothing(world, id_):
    world.pass_time(10)
    world.end(id_, 't2')
    assert world.execution(id_).state == states.ERROR
    assert not world.tasks(id_, 't3')


def test_one_that_ends_in_time_stops_the_clock(world, id_):
    world.end(id_, 't2')
    assert world.execution(id_).state == states.SUCCESS
    assert list(world.timers) == []


def test_the_clock_does_not_stop_while_it_is_paused(world, id_):
    world.ask(id_, events.Pause())
    world.pass_time(10)
    assert world.execution(id_).state_info == TIMED_OUT


def test_a_rerun_has_all_the_time_again(world):
    world.define("""
wf:
  timeout: 10
  tasks:
    t1: {action: flaky, wait-before: 4, on-error: fail}
    t2: {action: std.async_noop}
""")
    results = iter([ActionResult(error='no'), 'yes'])
    world.behaviour['flaky'] = lambda input_: next(results)
    id_ = world.run_workflow('wf')
    world.pass_time(6)
    assert world.execution(id_).state == states.ERROR
    assert list(world.timers) == []
    world.ask(id_, events.Rerun(world.task(id_, 't1').id))
    world.pass_time(9.9)
    assert world.execution(id_).state == states.RUNNING
    world.pass_time(0.2)
    assert world.execution(id_).state_info == TIMED_OUT


def test_sub_workflows_end_with_it(world):
    world.define("""
wf:
  timeout: 10
  tasks:
    down: {workflow: middle, on-error: noop}
middle:
  tasks:
    down: {workflow: leaf}
leaf:
  tasks:
    wait: {action: std.async_noop}
""")
    id_ = world.run_workflow('wf')
    world.pass_time(10)
    [middle] = world.subworkflows(id_)
    [leaf] = world.subworkflows(middle)
    assert world.execution(id_).state == states.ERROR
    for below in (middle, leaf):
        assert world.execution(below).state == states.CANCELLED
        assert world.execution(below).state_info == TIMED_OUT


def test_that_of_a_sub_workflow_is_an_error_of_its_task(world):
    world.define("""
wf:
  tasks:
    down: {workflow: leaf, on-error: mend}
    mend: {action: std.noop}
leaf:
  timeout: 10
  tasks:
    wait: {action: std.async_noop}
""")
    id_ = world.run_workflow('wf')
    world.pass_time(10)
    assert world.task(id_, 'down').state == states.ERROR
    assert world.execution(id_).state == states.SUCCESS


def test_it_survives_a_restart(expressions):
    world = World(expressions, remembers=False)
    world.define(LIMITED)
    id_ = world.run_workflow('wf')
    world.pass_time(10)
    assert world.execution(id_).state_info == TIMED_OUT


@pytest.mark.parametrize('value', [0, '<% 0 %>', '<% $.limit * 0 %>'])
def test_zero_means_no_limit(world, value):
    world.define(f'wf:\n  input: [limit: 1]\n  timeout: {value}\n  tasks:\n    t: {{action: a}}\n')
    world.behaviour['a'] = lambda input_: None
    world.run_workflow('wf')
    assert list(world.timers) == []


def test_it_may_come_from_the_input_or_the_environment(world):
    world.define(
        'wf:\n  input: [limit]\n  timeout: <% $.limit + env().more %>\n'
        '  tasks:\n    t: {action: std.async_noop}\n'
    )
    id_ = world.run_workflow('wf', {'limit': 4}, env={'more': 3})
    world.pass_time(6)
    assert world.execution(id_).state == states.RUNNING
    world.pass_time(1)
    assert world.execution(id_).state_info == 'Workflow timed out [timeout(s)=7].'


@pytest.mark.parametrize('value', ['soon', -1, 1.5, True, None])
def test_a_bad_one_is_refused_at_the_start(world, value):
    world.define('wf:\n  input: [v]\n  timeout: <% $.v %>\n  tasks:\n    t: {action: std.noop}\n')
    with pytest.raises(InputException, match=r"The timeout of the workflow 'wf' is .*whole number"):
        world.run_workflow('wf', {'v': value})


def test_a_malformed_one_is_refused_at_the_start(world):
    world.define('wf:\n  timeout: <% $.missing %>\n  tasks:\n    t: {action: std.noop}\n')
    with pytest.raises(EvaluationException):
        world.run_workflow('wf')
