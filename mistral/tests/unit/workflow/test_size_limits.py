"""Values that are too large to be stored (section 28); the limit is 1 KiB unless a test says so."""

import pytest

from mistral import states
from mistral.exceptions import SizeLimitExceededException
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import CoreSettings
from mistral.workflow.turn import as_state_info

LARGE = 'x' * 3000
ONE_TASK = 'wf: {input: [a: 1], tasks: {t: {action: std.async_noop}}}'


@pytest.fixture(autouse=True)
def _limit(world: World) -> None:
    world.settings = CoreSettings(field_size_limit_kb=1)


@pytest.mark.parametrize('field', ['input', 'params'])
def test_what_a_start_is_given_refuses_it(world: World, field):
    world.define(ONE_TASK)
    input_ = {'a': LARGE} if field == 'input' else {}
    params = {'other': LARGE} if field == 'params' else {}
    with pytest.raises(SizeLimitExceededException) as e:
        world.start('wf', input_, **params)
    assert str(e.value) == (
        f'Field size limit exceeded [class=WorkflowExecution, field={field}, '
        'size=2KB, limit=1KB]'
    )  # fmt: skip


def test_the_input_of_an_action_is_an_error_that_can_be_handled(world: World):
    world.define("""
wf: {tasks: {t: {action: std.echo output="<% 'x' * 3000 %>", on-error: noop}}}
""")
    id_ = world.run_workflow('wf')
    assert 'class=ActionExecution, field=input' in (world.task(id_, 't').state_info or '')
    assert world.execution(id_).state == states.SUCCESS


def test_the_result_of_an_action_ends_the_workflow(world: World):
    world.define(ONE_TASK)
    id_ = world.run_workflow('wf')
    world.end(id_, 't', LARGE)
    text = world.execution(id_).state_info or ''
    assert text.startswith('Failed to complete action [error=Field size limit exceeded')
    child = world.child(id_, 't')
    assert (child.state, child.accepted) == (states.ERROR, False)


def test_what_a_task_publishes_ends_the_workflow(world: World):
    world.define("""
wf: {tasks: {t: {action: std.noop, publish: {p: "<% 'x' * 3000 %>"}}}}
""")
    text = world.execution(world.run_workflow('wf')).state_info or ''
    assert text.startswith('Failed to handle action completion [error=Field size limit exceeded')
    assert 'class=TaskExecution, field=published' in text


def test_the_output_is_an_error_that_the_parent_hears_of(world: World):
    world.settings = CoreSettings(field_size_limit_kb=2)
    world.define("""
sub: {output: {o: "<% 'x' * 9000 %>"}, tasks: {t: {action: std.noop}}}
wf: {tasks: {t: {workflow: sub, on-error: noop}}}
""")
    id_ = world.run_workflow('wf')
    assert 'field=output' in (world.task(id_, 't').state_info or '')
    assert world.execution(id_).state == states.SUCCESS


def test_the_reason_of_a_failure_is_cut(world: World):
    world.settings = CoreSettings(field_size_limit_kb=2)
    world.define("""
wf: {tasks: {t: {action: std.noop, on-success: [fail msg="<% 'x' * 9000 %>"]}}}
""")
    execution = world.execution(world.run_workflow('wf'))
    assert execution.output == {'result': 'x' * 1024 + '...'}


def test_a_reason_leaves_room_for_what_stands_beside_it(world: World):
    world.settings = CoreSettings(field_size_limit_kb=4)
    world.define("""
wf:
  output-on-error: {extra: "<% 'y' * 2000 %>"}
  tasks: {t: {action: std.noop, on-success: [fail msg="<% 'x' * 9000 %>"]}}
""")
    output = world.execution(world.run_workflow('wf')).output
    assert output['extra'] == 'y' * 2000
    assert output['result'].startswith('x' * 1000)
    assert len(str(output)) < 4 * 1024


def test_a_reason_in_the_output_is_longer_than_the_column_of_state_info(world: World):
    world.settings = CoreSettings()
    world.define("wf: {tasks: {t: {action: std.noop, on-success: [fail msg=<% 'x' * 70000 %>]}}}")
    execution = world.execution(world.run_workflow('wf'))
    assert execution.output == {'result': 'x' * 70_000}
    assert execution.state_info == 'x' * 65_500 + '...'


def test_below_zero_there_is_no_limit(world: World):
    world.settings = CoreSettings(field_size_limit_kb=-1)
    world.define(ONE_TASK)
    id_ = world.start('wf', {'a': 'x' * 2_000_000})
    assert world.execution(id_).state == states.RUNNING


@pytest.mark.parametrize(('character', 'size'), [('ж', 2), ('界', 3), ('🙂', 4), ('\ud800', 3)])
def test_the_column_of_state_info_is_measured_in_bytes(character: str, size: int):
    fitting = character * (65_500 // size)
    assert as_state_info(fitting) == fitting
    assert as_state_info(character * 65_500) == fitting + '...'


def test_state_info_is_cut_to_what_its_column_holds(world: World):
    world.define(ONE_TASK)
    id_ = world.start('wf')
    world.ask(id_, events.Stop(states.ERROR, 'x' * 70_000))
    assert world.execution(id_).state_info == 'x' * 65_500 + '...'
