"""How a workflow ends: its state, its output, the report of a failure (section 10)."""

import pytest

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult

TWO_TASKS = """
wf:
  tasks:
    a: {action: std.async_noop, on-success: noop HANDLER}
    b: {action: std.async_noop}
"""


@pytest.mark.parametrize(
    ('handler', 'a', 'b', 'state', 'info'),
    [
        ('', 1, 1, states.SUCCESS, None),
        (', on-error: noop', ActionResult(error='no'), 1, states.SUCCESS, None),
        ('', ActionResult(error='no'), 1, states.ERROR, 'Failure caused by error in tasks: a'),
        ('', ActionResult(error='no'), ActionResult(error='no'), states.ERROR,
         'Failure caused by error in tasks: a, b'),
        ('', ActionResult(cancel=True), 1, states.CANCELLED, 'Cancelled tasks: a'),
        ('', ActionResult(cancel=True), ActionResult(cancel=True), states.CANCELLED,
         'Cancelled tasks: a, b'),
        ('', ActionResult(error='no'), ActionResult(cancel=True), states.CANCELLED,
         'Cancelled tasks: b'),
    ],
)  # fmt: skip
def test_the_tasks_decide_how_it_ends(world: World, handler, a, b, state, info):
    world.define(TWO_TASKS.replace('HANDLER', handler))
    id_ = world.run_workflow('wf')
    world.end(id_, 'a', a)
    assert world.execution(id_).state == states.RUNNING
    world.end(id_, 'b', b)
    execution = world.execution(id_)
    assert execution.state == state
    assert (execution.state_info or '').split('\n')[0] == (info or '')
    assert execution.accepted


def test_the_report_shows_each_failed_child_of_each_failed_task(world: World):
    results = iter(['no', None, {'k': 1}])
    world.behaviour['act'] = lambda input_: ActionResult(error=next(results) or {})
    world.define("""
wf:
  tasks:
    z: {action: std.fail error_data="last"}
    a: {with-items: "i in <% [0, 1, 2] %>", action: act}
    handled: {action: std.fail, on-error: noop}
""")
    id_ = world.run_workflow('wf')
    a, z = world.task(id_, 'a'), world.task(id_, 'z')
    ids = [child.id for child in a.children]
    assert world.execution(id_).state_info == (
        'Failure caused by error in tasks: a, z\n'
        '\n'
        f'  a [task_ex_id={a.id}] -> One or more actions had failed.\n'
        f'    [action_ex_id={ids[0]}, idx=0]: no\n'
        f'    [action_ex_id={ids[1]}, idx=1]: {{}}\n'
        f"    [action_ex_id={ids[2]}, idx=2]: {{'k': 1}}\n"
        '\n'
        f'  z [task_ex_id={z.id}] -> last\n'
        f'    [action_ex_id={z.children[0].id}, idx=0]: last\n'
    )


def test_the_report_shows_attempts_that_were_repeated(world: World):
    world.define('wf: {tasks: {t: {action: std.fail, retry: {count: 1, delay: 1}}}}')
    id_ = world.run_workflow('wf')
    world.pass_time(1)
    text = world.execution(id_).state_info or ''
    assert text.count('[action_ex_id=') == 2


def test_a_task_whose_handlers_did_not_fire_is_reported(world: World):
    world.define('wf: {tasks: {t: {action: std.fail, on-error: [noop: <% false %>]}}}')
    execution = world.execution(world.run_workflow('wf'))
    assert (execution.state_info or '').startswith('Failure caused by error in tasks: t\n')


class TestOutput:
    @pytest.mark.parametrize(
        ('output', 'expected'),
        [
            ('', {'x': 1}),
            ('output: {y: <% $.x + 1 %>}', {'y': 2}),
            ('output: {y: {deep: [<% $.x %>]}}', {'y': {'deep': [1]}}),
        ],
    )
    def test_of_a_success(self, world: World, output, expected):
        world.define(f"""
wf:
  tags: [t]
  {output}
  tasks: {{t: {{action: std.noop, publish: {{x: 1}}}}}}
""")
        assert world.execution(world.run_workflow('wf')).output == expected

    @pytest.mark.parametrize(
        ('output', 'expected'),
        [
            ('', {'result': 'no', 'x': 1}),
            ('output-on-error: {y: <% $.x + 1 %>}', {'result': 'no', 'y': 2}),
            ('output-on-error: {result: mine}', {'result': 'mine'}),
        ],
    )
    def test_of_a_failure(self, world: World, output, expected):
        world.define(f"""
wf:
  tags: [t]
  {output}
  tasks: {{t: {{action: std.noop, publish: {{x: 1}}, on-success: fail msg="no"}}}}
""")
        assert world.execution(world.run_workflow('wf')).output == expected

    @pytest.mark.parametrize(
        ('state', 'message', 'output'),
        [
            (states.SUCCESS, 'done', {'x': 1}),
            (states.ERROR, 'no', {'result': 'no', 'x': 1}),
            (states.ERROR, None, {'result': None, 'x': 1}),
            (states.CANCELLED, 'no', {'result': 'no'}),
            (states.CANCELLED, None, {'result': None}),
        ],
    )
    def test_of_a_stop(self, world: World, state, message, output):
        world.define("""
wf:
  tasks:
    a: {action: std.noop, publish: {x: 1}}
    b: {action: std.async_noop}
""")
        id_ = world.run_workflow('wf')
        world.ask(id_, events.Stop(state, message))
        execution = world.execution(id_)
        assert (execution.state_info, execution.output) == (message, output)

    def test_that_cannot_be_worked_out_is_a_failure(self, world: World):
        world.define('wf: {output: {o: <% $.nope %>}, tasks: {t: {action: std.noop}}}')
        id_ = world.run_workflow('wf')
        execution = world.execution(id_)
        text = (
            f'Failed to check and complete [wf_ex_id={id_}, wf_name=wf]: '
            "Can not evaluate YAQL expression [expression=$.nope, error='nope']"
        )
        assert (execution.state, execution.state_info) == (states.ERROR, text)
        assert execution.output == {'result': text}

    def test_that_succeed_cannot_work_out_is_an_error_of_the_task(self, world: World):
        world.define("""
wf: {output: {o: <% $.nope %>}, tasks: {t: {action: std.noop, on-success: succeed}}}
""")
        text = world.execution(world.run_workflow('wf')).state_info or ''
        assert text.startswith('Failed to handle action completion [error=Can not evaluate YAQL')

    def test_that_a_failure_cannot_work_out_is_noted(self, world: World):
        world.define("""
wf:
  output-on-error: {o: <% $.nope %>}
  tasks: {t: {action: std.noop, on-success: fail msg="no"}}
""")
        execution = world.execution(world.run_workflow('wf'))
        text = (
            "Failed to evaluate expression in output-on-error! (output-on-error: '{'o': "
            "'<% $.nope %>'}', exception: 'Can not evaluate YAQL expression [expression=$.nope, "
            "error='nope']' Cause: 'no'"
        )
        assert execution.state_info == text
        assert execution.output == {'result': text}


class TestTimes:
    def test_started_is_the_first_start_and_finished_the_last_end(self, world: World):
        world.define("""
wf: {tasks: {t: {action: std.fail, wait-before: 1, retry: {count: 1, delay: 2}}}}
""")
        id_ = world.run_workflow('wf')
        begin = world.time
        world.pass_time(3)
        task = world.task(id_, 't')
        assert (task.started_at, task.finished_at) == (begin, world.time)

    def test_a_rerun_starts_the_clock_again(self, world: World):
        world.define('wf: {tasks: {t: {action: std.async_noop}}}')
        id_ = world.run_workflow('wf')
        world.end(id_, 't', ActionResult(error='no'))
        world.pass_time(5)
        world.ask(id_, events.Rerun(world.task(id_, 't').id))
        task = world.task(id_, 't')
        assert (task.started_at, task.finished_at) == (world.time, None)
