"""What `task()`, `tasks()`, `execution()` and their like show of the running workflow."""

import pytest

from mistral.tests.world import World


def evaluate(world: World, expression: str, **params: object) -> object:
    """Evaluate an expression in a task `t` that follows a task `a` and an item task `i`."""
    world.define(f"""
wf:
  input: [x: 1]
  tasks:
    a: {{action: std.echo output="A", publish: {{p: 1}}, on-success: t}}
    i: {{with-items: "n in <% [1, 2] %>", action: std.echo output=<% $.n %>, on-success: t}}
    t: {{join: all, action: std.echo, input: {{output: "{expression}"}}}}
    sub: {{workflow: other}}
other: {{tasks: {{s: {{action: std.async_noop}}}}}}
""")
    return world.result(world.run_workflow('wf', None, **params), 't')


@pytest.mark.parametrize(
    ('expression', 'value'),
    [
        ('<% task().name %>', 't'),
        ('<% task().state %>', 'RUNNING'),
        ('<% task().result %>', []),
        ("<% task('').name %>", 't'),
        ('<% task(a).result %>', 'A'),
        ('<% task(a).published %>', {'p': 1}),
        ('<% task(a).type %>', 'ACTION'),
        ('<% task(a).spec.action %>', 'std.echo output="A"'),
        ('<% task(a).created_at %>', '2026-01-01 00:00:00'),
        ('<% task(a).workflow_execution_id = execution().id %>', True),
        ('<% task(i).result %>', [1, 2]),
        ('<% task(nowhere) %>', None),
        ('<% execution().name %>', 'wf'),
        ('<% execution().input %>', {'x': 1}),
        ('<% execution().params.env %>', {'k': 1}),
        ('<% execution().root_execution_id %>', None),
        ('<% global(nothing) %>', None),
        ('<% env() %>', {'k': 1}),
        ('<% tasks(execution().id).name %>', ['a', 'i', 'sub', 't']),
        ('<% tasks(execution().id, false, SUCCESS).name %>', ['a', 'i']),
        ('<% tasks(execution().id, false, null, true).name %>', ['a', 'i', 't']),
        ('<% tasks().name %>', ['a', 'i', 'sub', 't']),
        ('<% tasks(null, false, SUCCESS).name %>', ['a', 'i']),
        ('<% tasks(execution().id, true).result %>', ['A', [1, 2], [], []]),
        ('<% tasks(nowhere, true) %>', []),
        ('<% executions(execution().id).state %>', ['RUNNING']),
        ('<% executions(execution().id).workflow_name %>', ['wf']),
        ('<% executions(execution().id, state => SUCCESS) %>', []),
        ('<% executions(execution().id, fromTime => execution().created_at).len() %>', 1),
        ('<% executions(execution().id, toTime => execution().created_at).len() %>', 0),
    ],
)
def test_what_a_task_sees(world: World, expression, value):
    assert evaluate(world, expression.replace('"', '\\"'), env={'k': 1}) == value


def test_functions_outside_a_task(world: World):
    world.define("""
wf:
  vars: {nobody: <% task() %>, by_name: <% task(t) %>}
  output: {v: "<% [$.nobody, $.by_name] %>", r: <% task(t).result %>}
  tasks: {t: {action: std.echo output=1}}
""")
    assert world.execution(world.run_workflow('wf')).output == {'v': [None, None], 'r': 1}


def test_first_steps_know_their_execution(world: World):
    """Nothing of it is in the database before the turn ends that has started it."""
    world.define("""
wf:
  vars: {found: <% executions(execution().id).len() %>}
  output: {found: <% $.found %>, p: "<% tasks(execution().id, true).published %>"}
  tasks:
    t: {action: std.noop, publish: {s: <% tasks().state %>, e: <% executions(execution().id).id %>}}
""")
    id_ = world.run_workflow('wf')
    published = {'s': ['SUCCESS'], 'e': [id_]}
    assert world.execution(id_).output == {'found': 1, 'p': [published]}


def test_a_sub_workflow_is_part_of_what_is_above_it(world: World):
    world.define("""
wf: {tasks: {t: {workflow: below, input: {above: <% execution().id %>}}}}
below:
  input: [above]
  output: {all: "<% tasks($.above, true).name %>", direct: <% tasks($.above).name %>}
  tasks: {s: {action: std.noop}}
""")
    assert world.result(world.run_workflow('wf'), 't') == {'all': ['s'], 'direct': []}


def test_a_missing_field_is_missing_in_a_mapping(world: World):
    world.define("""
wf: {tasks: {t: {action: std.echo, input: {output: "{{ task().nothing }}"}}}}
""")
    state_info = world.execution(world.run_workflow('wf')).state_info
    assert "error='dict object' has no attribute 'nothing'" in str(state_info)
