"""The worked examples of the contract (engine-semantics.md, section 34), end to end in the core."""

from mistral import states
from mistral.tests.world import World
from mistral.workflow import events
from mistral.workflow.ports import ActionResult


def shown_context(task) -> dict:
    return {key: value for key, value in task.runtime_context.items() if key[0] != '_'}


def test_vars_defaults_guards_and_env(world: World) -> None:
    world.define("""
w1:
  input: [a, b: 5]
  vars: {v: "<% $.a + $.b %>"}
  output: {sum: <% $.p %>, v: <% $.v %>, e: <% env().k %>}
  tasks:
    t1:
      action: std.echo output=<% $.v %>
      publish: {p: <% task().result %>, q: "<% $.get(p) %>"}
      on-success: [t2: "<% $.p > 5 %>", t3: "<% $.p > 100 %>"]
    t2: {tags: [x], publish: {p: "<% $.p * 10 %>"}}
    t3: {action: std.noop}
""")
    id_ = world.start('w1', {'a': 1}, env={'k': '<% 2 + 3 %>'})
    world.run()
    execution = world.execution(id_)
    assert (execution.state, execution.state_info) == (states.SUCCESS, None)
    assert execution.input == {'a': 1, 'b': 5}
    assert execution.output == {'sum': 60, 'v': 6, 'e': 5}
    assert execution.params == {'env': {'k': 5}, 'namespace': ''}
    t1, t2 = world.tasks(id_)
    assert (t1.published, world.result(id_, 't1'), t1.runtime_context) == (
        {'p': 6, 'q': None},
        6,
        {},
    )
    assert t2.published == {'p': 60}
    assert t2.tags == ['x']
    assert t2.runtime_context == {'triggered_by': [{'task_id': t1.id, 'event': 'on-success'}]}
    assert t2.children[0].name == 'std.noop'


def test_unhandled_error_with_on_complete_and_output_on_error(world: World) -> None:
    world.define("""
w2:
  output-on-error: {seen: <% $.get(x) %>}
  tasks:
    ok: {action: std.noop, publish: {x: 1}}
    bad: {action: std.fail error_data="boom", on-complete: after}
    after: {action: std.noop}
""")
    id_ = world.start('w2')
    world.run()
    execution = world.execution(id_)
    bad = world.task(id_, 'bad')
    text = (
        f'Failure caused by error in tasks: bad\n\n  bad [task_ex_id={bad.id}] -> boom\n'
        f'    [action_ex_id={bad.children[0].id}, idx=0]: boom\n'
    )
    assert (execution.state, execution.state_info) == (states.ERROR, text)
    assert execution.output == {'result': text, 'seen': 1}
    assert (bad.state, bad.state_info, bad.published) == (states.ERROR, 'boom', {})
    assert world.task(id_, 'after').triggered_by == [{'task_id': bad.id, 'event': 'on-complete'}]


def test_guards_that_do_not_fire_leave_the_error_unhandled(world: World) -> None:
    world.define("""
w3:
  tasks:
    t1: {action: std.fail error_data="E1", publish-on-error: {why: <% task().result %>},
         on-error: [fix: "<% $.why = 'E1' %>", never: "<% false %>"]}
    fix: {action: std.echo output=<% $.why %>}
    never: {action: std.noop}
    t2: {action: std.fail error_data="E2", on-error: [never: "<% false %>"]}
""")
    id_ = world.start('w3')
    world.run()
    execution = world.execution(id_)
    assert execution.state == states.ERROR
    # Unlike the reference, the report names the task whose handlers did not fire.
    assert execution.state_info.startswith('Failure caused by error in tasks: t2\n')
    assert execution.output['why'] == 'E1'
    assert world.task(id_, 't1').published == {'why': 'E1'}
    assert world.result(id_, 'fix') == 'E1'
    assert world.tasks(id_, 'never') == []


JOIN = """
w4:
  tasks:
    a: {action: std.noop, publish: {a: 1}, on-success: j}
    b: {action: std.fail error_data="B", publish-on-error: {b: 2}, on-success: j, on-error: noop}
    c: {action: std.noop, on-success: c2}
    c2: {action: std.noop, publish: {c: 3}, on-success: j}
    j: {join: all, action: std.noop, publish-on-error: {j: "<% $.get(a) %>"}HANDLER}
    rescue: {action: std.noop}
"""


def test_failed_join_that_is_handled(world: World) -> None:
    world.define(JOIN.replace('HANDLER', ', on-error: rescue'))
    id_ = world.start('w4')
    world.run()
    execution = world.execution(id_)
    assert execution.state == states.SUCCESS
    assert execution.output == {'a': 1, 'c': 3, 'j': 1, 'b': 2}
    b, j = world.task(id_, 'b'), world.task(id_, 'j')
    assert (b.state_info, b.published) == ('B', {'b': 2})
    assert (j.state, j.state_info) == (states.ERROR, "Failed by tasks: ['b']")
    assert (j.published, world.result(id_, 'j'), j.started_at) == ({'j': 1}, [], None)
    assert shown_context(j) == {'triggered_by': [{'task_id': b.id, 'event': 'not triggered'}]}
    assert world.task(id_, 'rescue').triggered_by == [{'task_id': j.id, 'event': 'on-error'}]


def test_failed_join_that_nothing_handles(world: World) -> None:
    world.define(JOIN.replace('HANDLER', '').replace('    rescue: {action: std.noop}\n', ''))
    id_ = world.start('w4')
    world.run()
    j = world.task(id_, 'j')
    assert world.execution(id_).state_info == (
        f'Failure caused by error in tasks: j\n\n'
        f"  j [task_ex_id={j.id}] -> Failed by tasks: ['b']\n"
    )


def test_join_one_ignores_the_late_branch(world: World) -> None:
    world.define("""
w5:
  tasks:
    fast: {action: std.noop, publish: {who: fast}, on-success: j}
    slow: {action: std.async_noop, publish: {who: slow, s: 1}, on-success: j}
    j: {join: one, action: std.echo output=<% $.who %>, publish: {got: "<% $.get(s, 0) %>"},
        on-success: k}
    k: {action: std.noop}
""")
    id_ = world.start('w5')
    world.run()
    world.complete(world.task(id_, 'slow').children[0].id)
    world.run()
    assert world.execution(id_).state == states.SUCCESS
    assert world.result(id_, 'j') == 'fast'
    assert len(world.tasks(id_, 'k')) == 1


def test_items_with_concurrency_and_partial_failure(world: World) -> None:
    world.define("""
w6:
  tasks:
    t: {with-items: "i in <% ['a', 'b', 'c'] %>", action: std.async_noop, concurrency: 2,
        publish: {r: <% task().result %>}, publish-on-error: {r: <% task().result %>}}
""")
    id_ = world.start('w6')
    world.run()
    t = world.task(id_, 't')
    assert t.children[0].state == t.children[1].state == states.RUNNING
    assert shown_context(t) == {'concurrency': 2, 'with_items': {'capacity': 0, 'count': 3}}
    assert world.result(id_, 't') == []
    world.complete(t.children[1].id, {'n': 0})
    t = world.task(id_, 't')
    assert (len(t.children), world.result(id_, 't')) == (3, [{'n': 0}])
    world.complete(t.children[0].id, ActionResult(error={'n': 1}))
    world.complete(t.children[2].id, {'n': 2})
    t = world.task(id_, 't')
    assert (t.state, t.state_info) == (states.ERROR, 'One or more actions had failed.')
    assert t.published == {'r': [{'n': 1}, {'n': 0}, {'n': 2}]}
    assert shown_context(t) == {'concurrency': 2, 'with_items': {'capacity': 2, 'count': 3}}
    execution = world.execution(id_)
    assert execution.output['r'] == [{'n': 1}, {'n': 0}, {'n': 2}]
    assert f"    [action_ex_id={t.children[0].id}, idx=0]: {{'n': 1}}\n" in execution.state_info


def test_retry_break_on_continue_on_fail_on_timeout_and_wait_after(world: World) -> None:
    world.define("""
w7:
  tasks:
    a: {action: std.fail error_data="E", retry: {count: 2, delay: 1}, on-error: noop}
    b: {action: std.fail error_data="E", retry: {count: 2, delay: 1,
        break-on: "<% task().result = 'E' %>"}, on-error: noop}
    c: {action: std.echo output=1, retry: {count: 2, delay: 1,
        continue-on: "<% task().result = 1 %>"}}
    d: {action: std.echo output=1, fail-on: "<% task().result = 1 %>", publish: {d: ok},
        publish-on-error: {d: err}, on-error: noop}
    f: {action: std.async_noop, timeout: 2, wait-after: 1, on-error: noop}
""")
    id_ = world.start('w7')
    world.pass_time(2.5)
    f = world.task(id_, 'f')
    assert (f.state, f.state_info) == (states.DELAYED, "Delayed by 'wait-after' policy [delay=1]")
    world.pass_time(10)
    execution = world.execution(id_)
    assert (execution.state, execution.output) == (states.SUCCESS, {'d': 'ok'})
    a, b, c, d, f = (world.task(id_, name) for name in 'abcdf')
    assert (a.state, a.state_info) == (states.ERROR, 'E')
    assert shown_context(a) == {'retry_task_policy': {'retry_no': 2}}
    assert [child.accepted for child in a.children] == [False, False, True]
    assert (len(b.children), shown_context(b)) == (1, {'retry_task_policy': {}})
    assert (c.state, world.result(id_, 'c'), len(c.children)) == (states.SUCCESS, 1, 3)
    assert [child.accepted for child in c.children] == [False, False, True]
    assert (d.state, d.state_info) == (states.ERROR, "Failed by 'fail-on' policy")
    assert (d.published, world.result(id_, 'd')) == ({'d': 'ok'}, 1)
    assert (f.state, f.state_info) == (states.ERROR, 'Task timed out [timeout(s)=2].')
    assert shown_context(f) == {'wait_after_policy': {'skip': True}}
    assert (world.result(id_, 'f'), f.children[0].state) == ([], states.RUNNING)


def test_pause_command_backlog_and_resume(world: World) -> None:
    world.define("""
w8:
  tasks:
    t1: {action: std.noop, publish: {x: 1}, on-success: [t2, 'pause msg="hold"', t3]}
    t2: {action: std.noop, on-success: t4}
    t3: {action: std.echo output=<% $.x %>}
    t4: {action: std.noop}
""")
    id_ = world.start('w8')
    world.run()
    execution = world.execution(id_)
    assert (execution.state, execution.state_info) == (states.PAUSED, 'hold')
    assert execution.output == {}
    t1, t2 = world.tasks(id_)
    assert (t1.processed, t2.state, t2.processed) == (True, states.SUCCESS, False)
    world.apply(id_, events.Resume())
    world.run()
    execution = world.execution(id_)
    assert (execution.state, execution.state_info) == (states.SUCCESS, None)
    assert execution.output == {'x': 1}
    assert world.result(id_, 't3') == 1
    assert world.task(id_, 't3').triggered_by == [{'task_id': t1.id, 'event': 'on-success'}]
    assert world.task(id_, 't4').triggered_by == [{'task_id': t2.id, 'event': 'on-success'}]
    assert world.task(id_, 't2').processed


def test_publish_precedence(world: World) -> None:
    """Plain under on-complete under on-success, and no scope is lost (unlike the reference)."""
    world.define("""
w9:
  tasks:
    t1:
      action: std.echo output="r"
      publish: {a: simple, b: simple}
      on-complete:
        publish: {branch: {a: complete, c: complete}, global: {g: complete}}
        next: t2
      on-success:
        publish: {branch: {b: success, c: success, d: success}, global: {h: "<% $.get(a) %>"}}
    t2: {action: std.echo, input: {output: "<% [$.a, $.b, $.c, $.d, $.get(g), $.h] %>"}}
""")
    id_ = world.start('w9')
    world.run()
    t1 = world.task(id_, 't1')
    assert t1.published == {'a': 'complete', 'b': 'success', 'c': 'success', 'd': 'success'}
    assert t1.published_global == {'g': 'complete', 'h': None}
    assert world.result(id_, 't2') == [
        'complete',
        'success',
        'success',
        'success',
        'complete',
        None,
    ]


def test_conflicting_branches_at_a_join(world: World) -> None:
    world.define("""
w10:
  output: {x: <% $.x %>, m: <% $.m %>}
  tasks:
    s: {action: std.noop, publish: {x: 0, m: {k: 0, s: 0}}, on-success: [a, b]}
    a: {action: std.noop, publish: {x: a1, m: {k: a1, a: 1}}, on-success: a2}
    a2: {action: std.noop, publish: {x: a2, m: {k: a2}}, on-success: j}
    b: {action: std.async_noop, publish: {x: b1, m: {k: b1, b: 1}}, on-success: j}
    j: {join: all, action: std.noop}
""")
    id_ = world.start('w10')
    world.run()
    world.complete(world.task(id_, 'b').children[0].id)
    world.run()
    assert world.execution(id_).output == {'x': 'a2', 'm': {'k': 'a2', 'b': 1}}


def test_failing_subworkflow_with_an_undeclared_input(world: World) -> None:
    world.define("""
w11s:
  input: [p, q: 2]
  output: {so: <% $.p %>}
  output-on-error: {oe: <% $.p %>}
  tasks:
    st: {action: std.fail error_data="deep"}
w11:
  tasks:
    s: {workflow: w11s, input: {p: 7, extra: 5}, publish-on-error: {r: <% task().result %>}}
""")
    id_ = world.start('w11')
    world.run()
    (sub_id,) = world.subworkflows(id_)
    sub, s, st = world.execution(sub_id), world.task(id_, 's'), world.task(sub_id, 'st')
    reason = (
        f'Failure caused by error in tasks: st\n\n  st [task_ex_id={st.id}] -> deep\n'
        f'    [action_ex_id={st.children[0].id}, idx=0]: deep\n'
    )
    assert (sub.state, sub.state_info, sub.input) == (states.ERROR, reason, {'p': 7, 'q': 2})
    assert sub.output == {'result': reason, 'oe': 7}
    assert sub.description == 'sub-workflow execution'
    assert sub.params == {
        'root_execution_id': id_, 'task_execution_id': s.id, 'index': 0, 'namespace': '',
        'extra': 5, 'env': {},
    }  # fmt: skip
    assert (s.type, s.state, s.state_info) == ('WORKFLOW', states.ERROR, reason)
    assert s.published == {'r': {'result': reason, 'oe': 7}}
    text = (
        f'Failure caused by error in tasks: s\n\n  s [task_ex_id={s.id}] -> {reason}\n'
        f'    [wf_ex_id={sub_id}, idx=0]: {reason}\n'
    )
    execution = world.execution(id_)
    assert execution.state_info == text
    assert execution.output == {'result': text, 'r': {'result': reason, 'oe': 7}}


def test_reverse_with_a_failed_and_then_skipped_requirement(world: World) -> None:
    world.define("""
w12:
  type: reverse
  output: {o: <% $.c %>}
  tasks:
    a: {action: std.echo output="A", publish: {a: <% task().result %>}}
    b: {action: std.fail error_data="B", publish: {b: 1}, publish-on-skip: {b: skipped},
        requires: a}
    c: {action: std.echo, input: {output: "<% $.a %>"}, publish: {c: <% task().result %>},
        requires: [a, b]}
    d: {action: std.noop}
""")
    id_ = world.start('w12', task_name='c')
    world.run()
    execution = world.execution(id_)
    assert execution.params == {'task_name': 'c', 'namespace': '', 'env': {}}
    b = world.task(id_, 'b')
    assert (execution.state, b.state) == (states.ERROR, states.ERROR)
    assert execution.state_info.startswith('Failure caused by error in tasks: b\n')
    assert {task.name for task in world.tasks(id_)} == {'a', 'b'}
    world.apply(id_, events.Skip(b.id))
    world.run()
    b, execution = world.task(id_, 'b'), world.execution(id_)
    assert (b.state, b.state_info) == (states.SKIPPED, 'Task was skipped.')
    assert b.published == {'b': 'skipped'}
    assert world.tasks(id_, 'c') == []
    assert execution.state == states.ERROR
    assert execution.state_info.startswith('Failed to check and complete [wf_ex_id=')
