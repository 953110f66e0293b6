"""What an expression sees, and how variables travel through a workflow (sections 5 and 6)."""

import pytest

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.data_flow import DataFlowSettings
from mistral.workflow.ports import ActionResult, CoreSettings


class TestLayers:
    """The first layer that holds a name wins."""

    DEFINITION = """
wf:
  input: [v: input]
  VARS
  output: {seen: <% $.v %>}
  tasks:
    before: {action: std.noop, PUBLISH
             on-success: t}
    t: {action: std.echo output=<% $.v %>, publish: {from_publish: <% $.v %>}}
"""

    @pytest.mark.parametrize(
        ('vars_', 'publish', 'seen'),
        [
            ('', '', 'input'),
            ('vars: {v: var}', '', 'var'),
            ('vars: {v: var}', 'publish: {v: branch},', 'branch'),
            ('', 'on-complete: {publish: {global: {v: global}}},', 'global'),
            (
                '',
                'publish: {v: branch}, on-complete: {publish: {global: {v: global}}},',
                'branch',
            ),
        ],
    )
    def test_of_a_task_its_publishing_and_the_output(self, world: World, vars_, publish, seen):
        world.define(self.DEFINITION.replace('VARS', vars_).replace('PUBLISH', publish))
        id_ = world.run_workflow('wf')
        assert world.result(id_, 't') == seen
        assert world.task(id_, 't').published == {'from_publish': seen}
        assert world.execution(id_).output == {'seen': seen}

    def test_the_environment_and_the_current_task_have_names_of_their_own(self, world: World):
        world.define("""
wf:
  input: [__env: hidden, __execution: hidden]
  tasks:
    t: {action: std.echo, input: {output: "<% [env().k, execution().id, task().name] %>"}}
""")
        id_ = world.run_workflow('wf', env={'k': 1})
        assert world.result(id_, 't') == [1, id_, 't']

    def test_versions_of_variables_are_not_shown(self, world: World):
        world.define("""
wf:
  tasks:
    a: {action: std.noop, publish: {x: 1}, on-success: t}
    t: {action: std.echo, input: {output: <% $.keys() %>}}
""")
        seen = world.result(world.run_workflow('wf'), 't')
        assert 'x' in seen
        assert '__versions' not in seen

    def test_entries_of_one_publish_see_the_state_before(self, world: World):
        world.define("""
wf:
  tasks:
    t: {action: std.noop, publish: {a: 1, b: "<% $.get(a, unknown) %>"}}
""")
        assert world.execution(world.run_workflow('wf')).output == {'a': 1, 'b': 'unknown'}

    def test_a_global_is_there_for_branches_that_run_already(self, world: World):
        world.define("""
wf:
  tasks:
    a: {action: std.async_noop, on-success: a2}
    a2: {action: std.echo output=<% $.g %>}
    b: {action: std.noop, on-success: {publish: {global: {g: {k: 1}}}, next: b2}}
    b2: {action: std.noop, on-success: {publish: {global: {g: {l: 2}}}}}
""")
        id_ = world.run_workflow('wf')
        world.end(id_, 'a')
        assert world.result(id_, 'a2') == {'k': 1, 'l': 2}
        # What is global is no part of the output unless it is asked for.
        assert world.execution(id_).output == {}

    def test_an_item_goes_before_a_branch_variable_of_its_name(self, world: World):
        world.define("""
wf:
  tasks:
    a: {action: std.noop, publish: {i: branch}, on-success: t}
    t: {with-items: "i in <% [1, 2] %>", action: std.echo output=<% $.i %>}
""")
        assert world.result(world.run_workflow('wf'), 't') == [1, 2]

    def test_an_item_is_unknown_to_the_publishing_of_its_task(self, world: World):
        world.define("""
wf:
  tasks:
    t: {with-items: "i in <% [1] %>", action: std.noop, publish: {p: "<% $.get(i, unknown) %>"}}
""")
        assert world.execution(world.run_workflow('wf')).output == {'p': 'unknown'}


class TestBranches:
    def test_each_branch_has_its_own_variables(self, world: World):
        world.define("""
wf:
  tasks:
    a: {action: std.noop, publish: {x: a}, on-success: a2}
    b: {action: std.noop, publish: {x: b}, on-success: b2}
    a2: {action: std.echo output=<% $.x %>}
    b2: {action: std.echo output=<% $.x %>}
""")
        id_ = world.run_workflow('wf')
        assert [world.result(id_, name) for name in ('a2', 'b2')] == ['a', 'b']

    @pytest.mark.parametrize(
        ('strategy', 'seen'), [('replace', {'b': 2}), ('merge', {'a': 1, 'b': 2})]
    )
    def test_along_a_branch_a_mapping_is_replaced_or_merged(self, world: World, strategy, seen):
        world.settings = CoreSettings(data_flow=DataFlowSettings(merge_strategy=strategy))
        world.define("""
wf:
  tasks:
    t1: {action: std.noop, publish: {m: {a: 1}}, on-success: t2}
    t2: {action: std.noop, publish: {m: {b: 2}}, on-success: t3}
    t3: {action: std.echo output=<% $.m %>}
""")
        assert world.result(world.run_workflow('wf'), 't3') == seen

    @pytest.mark.parametrize(('versioning', 'seen'), [(True, 'twice'), (False, 'inherited')])
    def test_at_a_join_the_branch_that_published_more_often_wins(
        self, world: World, versioning, seen
    ):
        world.settings = CoreSettings(data_flow=DataFlowSettings(versioning=versioning))
        world.define("""
wf:
  tasks:
    s: {action: std.noop, publish: {x: inherited}, on-success: [a, b]}
    a: {action: std.noop, publish: {x: twice}, on-success: j}
    b: {action: std.async_noop, on-success: j}
    j: {join: all, action: std.echo output=<% $.x %>}
""")
        id_ = world.run_workflow('wf')
        world.end(id_, 'b')
        assert world.result(id_, 'j') == seen

    def test_the_output_is_what_the_ends_of_all_branches_know(self, world: World):
        world.define("""
wf:
  input: [i: 1]
  vars: {v: 1}
  tasks:
    a: {action: std.noop, publish: {a: 1}, on-success: a2}
    a2: {action: std.noop, publish: {a2: 1}}
    b: {action: std.fail, publish-on-error: {b: 1}, on-error: noop}
    c: {action: std.noop, publish: {c: {k: 1}}}
    d: {action: std.noop, publish: {c: {l: 1}}}
""")
        assert world.execution(world.run_workflow('wf')).output == {
            'a': 1,
            'a2': 1,
            'b': 1,
            'c': {'k': 1, 'l': 1},
        }

    @pytest.mark.parametrize(
        ('result', 'published'),
        [
            (ActionResult(data=1), {'s': 1}),
            (ActionResult(error=2), {'e': 2}),
            (ActionResult(cancel=True), {}),
        ],
    )
    def test_the_outcome_chooses_what_is_published(self, world: World, result, published):
        world.define("""
wf:
  tasks:
    t: {action: std.async_noop, publish: {s: <% task().result %>},
        publish-on-error: {e: <% task().result %>}}
""")
        id_ = world.run_workflow('wf')
        world.end(id_, 't', result)
        assert world.task(id_, 't').published == published

    def test_an_action_that_cancels_itself_may_say_why(self, world: World):
        world.define('wf: {tasks: {t: {action: std.async_noop}}}')
        id_ = world.run_workflow('wf')
        world.end(id_, 't', ActionResult('dropped', 'why', cancel=True))
        assert world.result(id_, 't') == 'why'

    def test_an_action_result_that_is_not_kept_can_only_be_published(self, world: World):
        world.define("""
wf:
  tasks:
    t: {action: std.echo output="big", keep-result: "<% 1 = 2 %>",
        publish: {p: <% task().result %>}, on-success: n}
    n: {action: std.echo output=<% task(t).result %>}
""")
        id_ = world.run_workflow('wf')
        assert (world.result(id_, 't'), world.result(id_, 'n')) == (None, None)
        assert world.execution(id_).output == {'p': 'big'}


class TestAfterARerun:
    DEFINITION = """
wf:
  tasks:
    t: {action: std.async_noop, publish: {x: <% task().result %>}, on-success: n,
        PUBLISH on-error: [e]}
    n: {action: std.echo output=<% $.x %>}
    e: {action: std.async_noop, publish: {seen: <% $.get(x) %>}, on-error: noop, on-success: e2}
    e2: {action: std.echo output=<% $.get(x) %>}
"""

    @pytest.mark.parametrize(
        ('publish', 'first'), [('publish-on-error: {x: <% task().result %>},', 'one'), ('', None)]
    )
    def test_tasks_that_have_seen_the_first_attempt_go_on_with_what_they_saw(
        self, world: World, publish, first
    ):
        world.define(self.DEFINITION.replace('PUBLISH', publish))
        id_ = world.run_workflow('wf')
        world.end(id_, 't', ActionResult(error='one'))
        world.ask(id_, events.Rerun(world.task(id_, 't').id))
        world.end(id_, 't', 'two')
        world.end(id_, 'e')
        assert world.result(id_, 'n') == 'two'
        assert world.task(id_, 'e').published == {'seen': first}
        assert world.result(id_, 'e2') == first
        assert world.execution(id_).state == states.SUCCESS

    def test_an_input_is_evaluated_anew(self, world: World):
        world.define("""
wf:
  tasks:
    t: {action: std.async_noop, input: {v: <% env().k %>}}
""")
        id_ = world.run_workflow('wf', env={'k': 1})
        world.end(id_, 't', ActionResult(error='no'))
        world.ask(id_, events.Rerun(world.task(id_, 't').id, env={'k': 2}))
        inputs = [
            world.storage.actions.value(a.action_execution_id, 'input') for a in world.started
        ]
        assert inputs == [{'v': 1}, {'v': 2}]


def test_a_long_chain_stores_what_each_task_published_and_no_more(world: World):
    length = 50
    tasks = [
        f'    t{n}: {{action: std.noop, publish: {{v{n}: {"x" * 100}}}, on-success: t{n + 1}}}'
        for n in range(length)
    ]
    world.define('\n'.join(['wf:', '  tasks:', *tasks, f'    t{length}: {{action: std.noop}}']))
    id_ = world.run_workflow('wf')
    assert len(world.execution(id_).output) == length
    for task in world.tasks(id_):
        assert task.in_context is None
        assert len(task.published) <= 1
