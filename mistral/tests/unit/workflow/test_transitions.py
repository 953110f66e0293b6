"""Where a finished task leads: clauses, guards, engine commands, the backlog."""

import pytest

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult

CLAUSES = """
wf:
  tasks:
    t:
      action: std.async_noop
      on-success: s
      on-error: e
      on-complete: c
      on-skip: k
    s: {action: std.noop}
    e: {action: std.noop}
    c: {action: std.noop}
    k: {action: std.noop}
"""


@pytest.mark.parametrize(
    ('result', 'followers'),
    [
        (ActionResult(data=1), [['s', 'on-success'], ['c', 'on-complete']]),
        (ActionResult(error='no'), [['e', 'on-error'], ['c', 'on-complete']]),
        (ActionResult(cancel=True), []),
    ],
)
def test_the_outcome_chooses_the_clauses(world: World, result, followers):
    world.define(CLAUSES)
    id_ = world.run_workflow('wf')
    world.end(id_, 't', result)
    task = world.task(id_, 't')
    assert task.next_tasks == followers
    assert [t.name for t in world.tasks(id_)] == ['t', *(name for name, _ in followers)]
    assert task.has_next_tasks == bool(followers)


@pytest.mark.parametrize(
    ('clauses', 'followers'),
    [
        ('on-skip: k, on-success: s, on-complete: c', ['k']),
        ('on-skip: [k: <% false %>], on-success: s, on-complete: c', ['s']),
        ('on-success: s, on-complete: c', ['s']),
        ('on-complete: c', []),
    ],
)
def test_a_skipped_task_goes_on_as_if_it_had_succeeded(world: World, clauses, followers):
    world.define(f"""
wf:
  tasks:
    t: {{action: std.fail, {clauses}}}
    k: {{action: std.noop}}
    s: {{action: std.noop}}
    c: {{action: std.noop}}
    other: {{action: std.async_noop, on-success: [k, s, c]}}
""")
    id_ = world.run_workflow('wf')
    before = {task.id for task in world.tasks(id_)}
    world.ask(id_, events.Skip(world.task(id_, 't').id))
    assert [t.name for t in world.tasks(id_) if t.id not in before] == followers


@pytest.mark.parametrize(
    ('guard', 'fires'),
    [
        ('<% true %>', True),
        ('<% 1 %>', True),
        ('<% [0] %>', True),
        ('{{ "text" }}', True),
        ('<% false %>', False),
        ('<% null %>', False),
        ('<% 0 %>', False),
        ('<% [] %>', False),
        ('<% {} %>', False),
        ('{{ "" }}', False),
    ],
)
def test_a_guard_is_true_or_false_like_any_value(world: World, guard, fires):
    world.define(f"""
wf:
  tasks:
    t: {{action: std.noop, on-success: [n: '{guard}']}}
    n: {{action: std.noop}}
""")
    assert bool(world.tasks(world.run_workflow('wf'), 'n')) == fires


def test_guards_see_what_the_task_has_published(world: World):
    world.define("""
wf:
  tasks:
    t: {action: std.echo output=3, publish: {n: <% task().result %>},
        on-success: [many: <% $.n > 2 %>, few: <% $.n <= 2 %>]}
    many: {action: std.noop}
    few: {action: std.noop}
""")
    assert list(world.task_states(world.run_workflow('wf'))) == ['t', 'many']


def test_a_target_of_two_clauses_starts_twice(world: World):
    world.define("""
wf:
  tasks:
    t: {action: std.noop, on-success: n, on-complete: n}
    n: {action: std.noop}
""")
    id_ = world.run_workflow('wf')
    assert [task.triggered_by[0]['event'] for task in world.tasks(id_, 'n')] == [
        'on-success',
        'on-complete',
    ]


def test_without_a_join_each_branch_starts_the_task(world: World):
    world.define("""
wf:
  tasks:
    a: {action: std.noop, on-success: n}
    b: {action: std.noop, on-success: n}
    n: {action: std.noop}
""")
    assert len(world.tasks(world.run_workflow('wf'), 'n')) == 2


def test_a_cycle_makes_a_new_task_for_each_lap(world: World):
    world.define("""
wf:
  tasks:
    s: {action: std.noop, publish: {n: 0}, on-success: t}
    t: {action: std.echo, input: {output: <% $.n %>}, publish: {n: <% $.n + 1 %>},
        on-success: [t: <% $.n < 4 %>, end: <% $.n >= 4 %>]}
    end: {action: std.echo, input: {output: <% task(t).result %>}}
""")
    id_ = world.run_workflow('wf')
    assert len(world.tasks(id_, 't')) == 4
    # `task(name)` is the last one of that name.
    assert world.result(id_, 'end') == 3
    assert world.execution(id_).output == {'n': 4}


def test_the_default_transition_of_a_task_never_leads_to_itself(world: World):
    world.define("""
wf:
  task-defaults: {on-error: rescue}
  tasks:
    t: {action: std.fail}
    rescue: {action: std.fail}
""")
    id_ = world.run_workflow('wf')
    assert world.task(id_, 't').next_tasks == [['rescue', 'on-error']]
    assert world.task(id_, 'rescue').next_tasks == []
    assert world.execution(id_).state == states.ERROR


class TestCommands:
    @pytest.mark.parametrize(
        ('clause', 'state', 'info', 'started'),
        [
            ('[noop]', states.SUCCESS, None, 'bcd'),
            ('[fail]', states.ERROR, None, ''),
            ('[b, c, fail msg="no", d]', states.ERROR, 'no', 'bc'),
            ('[b, succeed msg="<% 1 + 1 %>", d]', states.SUCCESS, '2', 'b'),
            ('[b, pause msg="wait", d]', states.PAUSED, 'wait', 'b'),
            ('[fail: <% false %>, b]', states.SUCCESS, None, 'b'),
            ('[succeed, fail]', states.SUCCESS, None, ''),
        ],
    )
    def test_they_end_or_pause_the_workflow_in_the_order_of_the_text(
        self, world: World, clause, state, info, started
    ):
        clause = clause.replace('noop', 'noop, b, c, d')
        world.define(f"""
wf:
  tasks:
    t: {{action: std.noop, on-success: {clause}, on-error: [b, c, d]}}
    b: {{action: std.noop}}
    c: {{action: std.noop}}
    d: {{action: std.noop}}
""")
        id_ = world.run_workflow('wf')
        execution = world.execution(id_)
        assert (execution.state, execution.state_info) == (state, info)
        assert ''.join(task.name for task in world.tasks(id_)[1:]) == started

    @pytest.mark.parametrize('command', ['noop', 'succeed', 'pause', 'fail'])
    def test_in_on_error_they_handle_the_error(self, world: World, command):
        world.define(f'wf: {{tasks: {{t: {{action: std.fail, on-error: {command}}}}}}}')
        id_ = world.run_workflow('wf')
        assert world.task(id_, 't').error_handled
        world.ask(id_, events.Resume())
        expected = states.ERROR if command == 'fail' else states.SUCCESS
        assert world.execution(id_).state == expected

    def test_on_complete_runs_but_does_not_handle_the_error(self, world: World):
        world.define("""
wf:
  tasks:
    t: {action: std.fail, on-complete: after}
    after: {action: std.noop}
""")
        id_ = world.run_workflow('wf')
        assert world.task(id_, 'after').state == states.SUCCESS
        assert world.execution(id_).state == states.ERROR

    def test_tasks_that_run_are_left_alone_and_lead_nowhere(self, world: World):
        world.define("""
wf:
  tasks:
    t: {action: std.noop, on-success: fail}
    slow: {action: std.async_noop, publish: {late: 1}, on-success: never}
    never: {action: std.noop}
""")
        id_ = world.run_workflow('wf')
        output = world.execution(id_).output
        world.end(id_, 'slow')
        slow, execution = world.task(id_, 'slow'), world.execution(id_)
        assert (slow.state, slow.processed, slow.published) == (states.SUCCESS, True, {'late': 1})
        assert world.tasks(id_, 'never') == []
        assert (execution.state, execution.output) == (states.ERROR, output)

    def test_a_task_may_have_the_name_of_a_command(self, world: World):
        world.define("""
wf:
  tasks:
    t: {action: std.noop, on-success: fail}
    fail: {action: std.noop}
""")
        id_ = world.run_workflow('wf')
        assert world.task_states(id_) == {'t': states.SUCCESS, 'fail': states.SUCCESS}
        assert world.execution(id_).state == states.SUCCESS

    @pytest.mark.parametrize(
        ('message', 'state_info', 'result'),
        [
            ('<% dict(a => 1) %>', '{"a": 1}', "{'a': 1}"),
            ('<% [a, null] %>', "['a', None]", "['a', None]"),
            ('<% 1.5 %>', '1.5', '1.5'),
            ('true', 'True', 'True'),
        ],
    )
    def test_a_message_that_is_no_text(self, world: World, message, state_info, result):
        """Only mappings are JSON in the state."""
        world.define(f"""
wf:
  tasks:
    t: {{action: std.noop, on-success: ['fail msg={message}']}}
""")
        execution = world.execution(world.run_workflow('wf'))
        assert execution.state_info == state_info
        assert execution.output == {'result': result}


class TestBacklog:
    def test_what_stands_behind_pause_waits_with_its_context(self, world: World):
        world.define("""
wf:
  tasks:
    t: {action: std.noop, publish: {x: 1}, on-success: [pause, n, fail msg="end"]}
    n: {action: std.echo output=<% $.x %>}
""")
        id_ = world.run_workflow('wf')
        assert world.task_states(id_) == {'t': states.SUCCESS}
        world.ask(id_, events.Resume())
        assert world.execution(id_).state_info == 'end'
        assert world.result(id_, 'n') == 1

    def test_a_second_pause_holds_the_rest_back_again(self, world: World):
        world.define("""
wf:
  tasks:
    t: {action: std.noop, on-success: [pause, n, pause msg="two", m]}
    n: {action: std.noop}
    m: {action: std.noop}
""")
        id_ = world.run_workflow('wf')
        world.ask(id_, events.Resume())
        assert world.execution(id_).state_info == 'two'
        assert list(world.task_states(id_)) == ['t', 'n']
        world.ask(id_, events.Resume())
        assert world.execution(id_).state == states.SUCCESS
        assert list(world.task_states(id_)) == ['t', 'n', 'm']

    def test_guards_of_what_ended_meanwhile_are_evaluated_at_the_resume(self, world: World):
        world.define("""
wf:
  tasks:
    a: {action: std.async_noop, on-success: [n: <% global(go) %>]}
    b: {action: std.async_noop, on-success: {publish: {global: {go: true}}}}
    n: {action: std.noop}
""")
        id_ = world.run_workflow('wf')
        world.ask(id_, events.Pause())
        world.end(id_, 'a')
        world.end(id_, 'b')
        world.ask(id_, events.Resume())
        assert world.task(id_, 'n').state == states.SUCCESS

    def test_the_pause_of_a_task_that_ended_meanwhile_has_had_its_effect(self, world: World):
        world.define("""
wf:
  tasks:
    a: {action: std.async_noop, on-success: [pause, n]}
    n: {action: std.noop}
""")
        id_ = world.run_workflow('wf')
        world.ask(id_, events.Pause())
        world.end(id_, 'a')
        world.ask(id_, events.Resume())
        assert world.execution(id_).state == states.SUCCESS
        assert world.task(id_, 'n').state == states.SUCCESS
