"""Sub-workflows: how they start, and how a tree pauses, ends and opens again (15, 16, 17, 20)."""

import pytest

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.events import SubworkflowUpdated
from mistral.workflow.ports import ActionResult

LEAF = """
leaf:
  tasks:
    work: {action: std.async_noop, publish: {w: <% task().result %>}, on-success: done}
    done: {action: std.noop}
"""
MIDDLE = """
middle:
  tasks:
    call: {workflow: leaf, publish: {m: <% task().result.w %>}, on-success: done}
    done: {action: std.noop}
"""
ROOT = """
root:
  tasks:
    call: {workflow: middle, publish: {r: <% task().result.m %>}, on-success: done}
    done: {action: std.noop}
"""


@pytest.fixture
def tree(world: World) -> tuple[str, str, str]:
    """The ids of a root, what it calls, and what that calls."""
    world.define(LEAF + MIDDLE + ROOT)
    root = world.run_workflow('root')
    (middle,) = world.subworkflows(root)
    (leaf,) = world.subworkflows(middle)
    return root, middle, leaf


def states_of(world: World, *execution_ids: str) -> list[str]:
    return [world.execution(id_).state for id_ in execution_ids]


class TestStart:
    def test_what_is_declared_is_input_and_the_rest_parameters(self, world: World):
        world.define("""
sub:
  input: [a, b: 2]
  output: {e: "<% [$.a, $.b, env().k, env().own] %>"}
  tasks: {t: {action: std.noop}}
wf:
  tasks:
    t: {workflow: sub, input: {a: 1, c: 3, env: {own: 5}}}
""")
        id_ = world.run_workflow('wf', env={'k': 4})
        (sub_id,) = world.subworkflows(id_)
        sub = world.execution(sub_id)
        assert sub.input == {'a': 1, 'b': 2}
        assert sub.params == {
            'c': 3,
            'env': {'own': 5},
            'index': 0,
            'namespace': '',
            'root_execution_id': id_,
            'task_execution_id': world.task(id_, 't').id,
        }
        assert (sub.description, sub.root_execution_id) == ('sub-workflow execution', id_)
        assert world.result(id_, 't') == {'e': [1, 2, 4, 5]}

    def test_each_item_knows_its_index(self, world: World):
        world.define("""
sub: {tasks: {t: {action: std.noop}}}
wf: {tasks: {t: {with-items: "i in <% [a, b] %>", workflow: sub}}}
""")
        id_ = world.run_workflow('wf')
        found = [world.execution(sub).params['index'] for sub in world.subworkflows(id_)]
        assert found == [0, 1]

    def test_the_name_may_be_an_expression(self, world: World):
        world.define("""
sub: {output: {x: 1}, tasks: {t: {action: std.noop}}}
wf: {input: [which], tasks: {t: {workflow: <% $.which %>}}}
""")
        id_ = world.run_workflow('wf', {'which': 'sub'})
        assert world.result(id_, 't') == {'x': 1}

    def test_bad_vars_of_a_subworkflow_are_an_error_of_its_task(self, world: World):
        world.define("""
sub: {vars: {v: <% $.nope %>}, tasks: {t: {action: std.noop}}}
wf: {tasks: {t: {workflow: sub, on-error: noop}}}
""")
        id_ = world.run_workflow('wf')
        assert world.task(id_, 't').state_info == (
            "Can not evaluate YAQL expression [expression=$.nope, error='nope']"
        )
        # Nothing is left behind.
        assert list(world.storage.executions.stored) == [id_]

    def test_publishers_are_inherited(self, world: World):
        world.define(LEAF + MIDDLE)
        id_ = world.run_workflow('middle', notify=[{'type': 'noop'}])
        (leaf,) = world.subworkflows(id_)
        assert world.execution(leaf).publishers == [{'type': 'noop'}]

    def test_a_tree_may_be_fifty_levels_deep(self, world: World):
        depth = 50
        levels = [
            f'w{n}: {{output: {{d: "<% task(t).result.d + 1 %>"}}, '
            f'tasks: {{t: {{workflow: w{n + 1}}}}}}}'
            for n in range(depth)
        ]
        leaf = f'w{depth}: {{output: {{d: 0}}, tasks: {{t: {{action: std.noop}}}}}}'
        world.define('\n'.join([*levels, leaf]))
        id_ = world.run_workflow('w0')
        assert world.execution(id_).output == {'d': depth}


class TestEnd:
    def test_a_success_brings_the_output_up(self, world: World, tree):
        world.end(tree[2], 'work', 7)
        assert world.execution(tree[0]).output == {'r': 7}

    def test_an_error_brings_its_report_up(self, world: World, tree):
        world.end(tree[2], 'work', ActionResult(error='deep'))
        reports = [world.execution(id_).state_info or '' for id_ in tree]
        assert states_of(world, *tree) == [states.ERROR] * 3
        assert reports[0].count('work [task_ex_id=') == 4
        assert 'deep' in reports[0]
        assert world.task(tree[0], 'call').state_info == reports[1]

    @pytest.mark.parametrize(
        ('state', 'message', 'task_state'),
        [
            (states.ERROR, 'stopped', states.ERROR),
            (states.ERROR, None, states.ERROR),
            (states.CANCELLED, 'stopped', states.CANCELLED),
            (states.CANCELLED, None, states.CANCELLED),
        ],
    )
    def test_a_stop_from_outside_ends_the_task(
        self, world: World, tree, state, message, task_state
    ):
        world.ask(tree[1], events.Stop(state, message))
        task = world.task(tree[0], 'call')
        assert (task.state, task.state_info) == (task_state, message)
        ends = {states.CANCELLED: 'Cancelled tasks: call'}
        if state in ends:
            assert world.execution(tree[0]).state_info == ends[state]

    def test_a_cancelled_root_cancels_everything_below_with_its_text(self, world: World, tree):
        world.ask(tree[0], events.Stop(states.CANCELLED, 'enough'))
        assert states_of(world, *tree) == [states.CANCELLED] * 3
        assert [world.execution(id_).state_info for id_ in tree] == ['enough'] * 3
        task = world.task(tree[0], 'call')
        assert (task.state, task.state_info) == (states.CANCELLED, 'enough')

    def test_a_cancelled_parent_takes_attempts_with_it_that_count_no_more(self, world: World):
        world.define(
            LEAF
            + """
wf: {tasks: {t: {workflow: leaf, timeout: 1, retry: {count: 1, delay: 5}}}}
"""
        )
        id_ = world.run_workflow('wf')
        world.pass_time(1)
        world.ask(id_, events.Stop(states.CANCELLED))
        (first,) = world.subworkflows(id_)
        assert world.execution(first).state == states.CANCELLED

    def test_an_attempt_that_ends_too_late_does_not_count(self, world: World):
        world.define(
            LEAF
            + """
wf: {tasks: {t: {workflow: leaf, timeout: 1, retry: {count: 1, delay: 1}}}}
"""
        )
        id_ = world.run_workflow('wf')
        world.pass_time(2)
        first, second = world.subworkflows(id_)
        world.end(first, 'work', 'first')
        world.forget()
        world.end(second, 'work', 'second')
        assert world.result(id_, 't') == {'w': 'second'}
        assert world.execution(id_).state == states.SUCCESS


class TestPauseAndResume:
    @pytest.mark.parametrize('where', [0, 1, 2])
    def test_the_whole_tree_pauses_and_resumes_wherever_it_begins(self, world: World, tree, where):
        world.ask(tree[where], events.Pause())
        assert states_of(world, *tree) == [states.PAUSED] * 3
        assert [world.task(id_, 'call').state for id_ in tree[:2]] == [states.PAUSED] * 2
        world.ask(tree[where], events.Resume())
        assert states_of(world, *tree) == [states.RUNNING] * 3
        world.end(tree[2], 'work')
        assert states_of(world, *tree) == [states.SUCCESS] * 3

    def test_a_parent_resumes_with_the_last_of_its_subworkflows(self, world: World):
        world.define(
            LEAF
            + """
wf: {tasks: {a: {workflow: leaf}, b: {with-items: "i in <% [1, 2] %>", workflow: leaf}}}
"""
        )
        id_ = world.run_workflow('wf')
        subs = world.subworkflows(id_)
        world.ask(subs[1], events.Pause())
        assert states_of(world, *subs) == [states.PAUSED] * 3
        for resumed in subs[:2]:
            world.ask(resumed, events.Resume())
            assert world.execution(id_).state == states.PAUSED
        assert world.task(id_, 'b').state == states.PAUSED
        world.ask(subs[2], events.Resume())
        assert world.execution(id_).state == states.RUNNING
        assert world.task(id_, 'b').state == states.RUNNING

    def test_a_resume_overtakes_a_pause_that_is_still_on_its_way(self, world: World, tree):
        world.apply(tree[0], events.Pause())
        world.apply(tree[0], events.Resume())
        world.run()
        assert states_of(world, *tree) == [states.RUNNING] * 3

    def test_an_attempt_that_counts_no_more_holds_nobody_up(self, world: World):
        world.define(
            LEAF
            + """
wf: {tasks: {t: {workflow: leaf, timeout: 1, retry: {count: 1, delay: 1}}}}
"""
        )
        id_ = world.run_workflow('wf')
        (first,) = world.subworkflows(id_)
        world.ask(first, events.Pause())
        world.ask(id_, events.Resume())
        world.ask(first, events.Pause())
        world.pass_time(2)
        world.ask(id_, events.Resume())
        second = world.subworkflows(id_)[1]
        world.ask(first, events.Pause())
        world.ask(second, events.Pause())
        world.ask(second, events.Resume())
        assert world.execution(id_).state == states.RUNNING

    def test_a_subworkflow_that_was_paused_before_it_began_begins_later(self, world: World):
        world.define(LEAF + MIDDLE)
        id_ = world.start('middle')
        (leaf,) = world.subworkflows(id_)
        world.apply(leaf, events.Pause())
        world.run()
        assert world.tasks(leaf) == []
        world.ask(id_, events.Resume())
        world.end(leaf, 'work')
        assert world.execution(id_).state == states.SUCCESS


class TestRerunBelow:
    @pytest.fixture
    def failed(self, world: World, tree) -> tuple[str, str, str]:
        world.end(tree[2], 'work', ActionResult(error='no'))
        return tree

    def test_everything_above_opens_and_gets_the_new_result(self, world: World, failed):
        root, middle, leaf = failed
        world.ask(leaf, events.Rerun(world.task(leaf, 'work').id))
        assert states_of(world, *failed) == [states.RUNNING] * 3
        task = world.task(root, 'call')
        assert (task.state, task.state_info, task.finished_at) == (states.RUNNING, None, None)
        world.end(leaf, 'work', 7)
        assert states_of(world, *failed) == [states.SUCCESS] * 3
        assert world.execution(root).output == {'r': 7}
        assert len(world.subworkflows(root)) == len(world.subworkflows(middle)) == 1

    def test_a_skip_opens_everything_too(self, world: World):
        world.define(
            """
leaf: {tasks: {work: {action: std.fail, publish-on-skip: {w: skipped}}}}
"""
            + MIDDLE
            + ROOT
        )
        root = world.run_workflow('root')
        (leaf,) = world.subworkflows(world.subworkflows(root)[0])
        world.ask(leaf, events.Skip(world.task(leaf, 'work').id))
        assert world.execution(root).output == {'r': 'skipped'}

    def test_a_rerun_that_ends_before_the_parent_hears_of_it_opens_it_all_the_same(
        self, world: World, failed
    ):
        """Its news may come in any order, or all at once after a crash."""
        _, middle, leaf = failed
        world.apply(leaf, events.Rerun(world.task(leaf, 'work').id))
        world.complete(world.child(leaf, 'work', -1).id, 7)
        while world.actions:
            world.finish(world.actions.pop())
        world.forget()
        opened, ended = [job for job in world.messages if job.execution_id == middle]
        assert isinstance(opened.event, SubworkflowUpdated)
        world.deliver(ended)
        world.deliver(opened)
        world.run()
        assert states_of(world, *failed) == [states.SUCCESS] * 3

    def test_it_takes_back_an_outcome_that_wait_after_holds(self, world: World):
        world.define(
            LEAF
            + """
wf: {tasks: {t: {workflow: leaf, wait-after: 5}}}
"""
        )
        id_ = world.run_workflow('wf')
        (leaf,) = world.subworkflows(id_)
        world.end(leaf, 'work', ActionResult(error='no'))
        assert world.task(id_, 't').state == states.DELAYED
        world.ask(leaf, events.Rerun(world.task(leaf, 'work').id))
        world.pass_time(5)
        assert world.task(id_, 't').state == states.RUNNING
        world.end(leaf, 'work')
        assert world.execution(id_).state == states.SUCCESS

    def test_a_skipped_task_does_not_open_again(self, world: World, failed):
        root, _, leaf = failed
        world.define('unused: {tasks: {t: {action: std.noop}}}')
        world.apply(root, events.Skip(world.task(root, 'call').id))
        world.ask(leaf, events.Stop(states.ERROR))
        assert world.task(root, 'call').state == states.SKIPPED

    def test_late_results_below_an_end_do_not_make_its_news_stale(self, world: World):
        world.define("""
leaf:
  tasks:
    bad: {action: std.async_noop, on-success: fail}
    slow: {action: std.async_noop}
wf: {tasks: {t: {workflow: leaf}}}
""")
        id_ = world.run_workflow('wf')
        (leaf,) = world.subworkflows(id_)
        world.complete(world.child(leaf, 'bad').id)
        world.complete(world.child(leaf, 'slow').id)
        world.forget()
        world.run()
        assert world.execution(id_).state == states.ERROR

    def test_old_news_changes_nothing(self, world: World, tree):
        root, middle, _ = tree
        world.ask(middle, events.Pause())
        world.ask(middle, events.Resume())
        world.apply(root, SubworkflowUpdated(middle, states.RUNNING, states.PAUSED, 1))
        assert world.execution(root).state == states.RUNNING

    def test_a_parent_knows_what_it_has_heard_and_no_more_after_a_crash_too(
        self, world: World, failed
    ):
        _, middle, leaf = failed

        def known() -> tuple[str, bool, int]:
            world.forget()
            child = world.child(middle, 'call')
            return child.state, child.accepted, child.reopened

        assert known() == (states.ERROR, True, 0)
        world.apply(leaf, events.Rerun(world.task(leaf, 'work').id))
        world.apply(leaf, events.Pause())
        assert known() == (states.ERROR, True, 0)
        opened, paused = [job for job in world.messages if job.execution_id == middle]
        world.deliver(opened)
        assert known() == (states.RUNNING, False, 1)
        world.apply(leaf, events.Resume())
        resumed = list(world.messages)[-1]
        world.deliver(resumed)
        # What is older than the last news is not waited for.
        assert known() == (states.RUNNING, False, 1)
        world.deliver(paused)
        assert known() == (states.RUNNING, False, 1)

    def test_rerun_of_the_calling_task_starts_another_subworkflow(self, world: World, failed):
        root, middle, _ = failed
        world.ask(root, events.Rerun(world.task(root, 'call').id))
        first, second = world.task(root, 'call').children
        assert (first.id, first.superseded, first.accepted) == (middle, True, False)
        world.end(world.subworkflows(second.id)[0], 'work', 8)
        assert world.execution(root).output == {'r': 8}
        assert world.execution(middle).state == states.ERROR


@pytest.mark.parametrize(
    ('result', 'reason'),
    [
        ('own', 'own'),
        ('{a: [1, null]}', "{'a': [1, None]}"),
        ('[x, true]', "['x', True]"),
        ("''", None),
    ],
)
def test_the_reason_of_a_failure_is_the_result_as_text(world: World, result, reason):
    world.define(f"""
sub:
  output-on-error: {{result: {result}}}
  tasks: {{t: {{action: std.fail}}}}
wf: {{tasks: {{t: {{workflow: sub}}}}}}
""")
    id_ = world.run_workflow('wf')
    assert world.task(id_, 't').state_info == reason
