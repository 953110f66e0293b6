"""Tasks with items: order, portions, concurrency, failures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral import states
from mistral.expressions import Expressions
from mistral.tests.world import World
from mistral.workflow.ports import ActionResult, CoreSettings

EXPRESSIONS = Expressions.load()

ITEMS = """
wf:
  input: [xs]
  tasks:
    t: {with-items: "x in <% $.xs %>", action: ACTION, OPTIONS}
"""


def define(world: World, action: str, options: str = 'tags: [t]') -> None:
    world.define(ITEMS.replace('ACTION', action).replace('OPTIONS', options))


def running(world: World, execution_id: str) -> list[int]:
    children = world.task(execution_id, 't').children
    return [child.index for child in children if not child.is_completed]


def test_results_stand_in_the_order_of_the_items(world):
    define(world, 'std.async_noop')
    id_ = world.run_workflow('wf', {'xs': ['a', 'b', 'c']})
    for index in (2, 0, 1):
        world.complete(world.child(id_, 't', index).id, index)
    assert world.result(id_, 't') == [0, 1, 2]
    assert world.execution(id_).state == states.SUCCESS


def test_no_items_are_a_success(world):
    define(world, 'std.noop')
    id_ = world.run_workflow('wf', {'xs': []})
    assert world.task(id_, 't').state == states.SUCCESS
    assert world.result(id_, 't') == []


@given(count=st.integers(0, 12), portion=st.integers(1, 5), concurrency=st.integers(0, 6))
def test_every_item_runs_once_and_never_too_many_together(count, portion, concurrency):
    world = World(EXPRESSIONS, settings=CoreSettings(items_portion=portion))
    define(world, 'std.async_noop', f'concurrency: {concurrency}')
    id_ = world.run_workflow('wf', {'xs': list(range(count))})
    while pending := running(world, id_):
        assert len(pending) <= (concurrency or count)
        child = next(c for c in world.task(id_, 't').children if c.index == pending[0])
        world.complete(child.id, child.index)
        world.run()
    assert world.execution(id_).state == states.SUCCESS
    assert world.result(id_, 't') == list(range(count))


def test_one_failure_fails_the_task_after_all_have_ended(world):
    define(world, 'std.async_noop')
    id_ = world.run_workflow('wf', {'xs': [1, 2]})
    world.complete(world.child(id_, 't', 0).id, ActionResult(error='no'))
    assert world.task(id_, 't').state == states.RUNNING
    world.complete(world.child(id_, 't', 1).id)
    assert world.task(id_, 't').state == states.ERROR


def test_a_cancelled_item_cancels_the_task(world):
    define(world, 'std.async_noop')
    id_ = world.run_workflow('wf', {'xs': [1, 2]})
    world.complete(world.child(id_, 't').id, ActionResult(cancel=True))
    assert world.task(id_, 't').state == states.CANCELLED


def test_a_retry_runs_all_items_again(world):
    define(world, 'std.async_noop', 'retry: {count: 1, delay: 1}')
    id_ = world.run_workflow('wf', {'xs': [1, 2]})
    world.complete(world.child(id_, 't', 0).id, 'first')
    world.complete(world.child(id_, 't', 1).id, ActionResult(error='no'))
    world.pass_time(1)
    assert running(world, id_) == [0, 1]
    for child in world.task(id_, 't').children[2:]:
        world.complete(child.id, 'again')
    assert world.result(id_, 't') == ['again', 'again']


def test_items_may_be_subworkflows(world):
    world.define("""
sub:
  input: [x]
  output: {y: <% $.x * 10 %>}
  tasks:
    s: {action: std.noop}
wf:
  tasks:
    t: {with-items: "x in <% [1, 2, 3] %>", workflow: sub, input: {x: <% $.x %>}, concurrency: 2}
""")
    id_ = world.run_workflow('wf')
    assert world.result(id_, 't') == [{'y': 10}, {'y': 20}, {'y': 30}]


def test_lists_run_side_by_side(world):
    world.define("""
wf:
  tasks:
    t:
      with-items: ["x in <% [1, 2] %>", "y in <% [a, b] %>"]
      action: std.echo
      input: {output: "<% [$.x, $.y] %>"}
""")
    id_ = world.run_workflow('wf')
    assert world.result(id_, 't') == [[1, 'a'], [2, 'b']]


@pytest.mark.parametrize(
    ('first', 'second', 'problem'),
    [('[1]', '[1, 2]', 'must have the same length'), ('[1]', '7', 'Iterable type is expected')],
)
def test_lists_that_do_not_fit_together_fail_the_workflow(world, first, second, problem):
    world.define(f"""
wf:
  tasks:
    t: {{with-items: ["x in <% {first} %>", "y in <% {second} %>"], action: std.noop}}
""")
    id_ = world.run_workflow('wf')
    execution = world.execution(id_)
    assert execution.state == states.ERROR
    assert problem in execution.state_info
