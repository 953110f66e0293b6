import pytest

from mistral.lang.specs import NO_POLICIES, TaskSpec
from mistral.tests.unit.lang.support import (
    BAD_JINJA,
    BAD_YAQL,
    failure,
    parse_task,
    parse_workflow,
    reason,
    task_text,
    workflow_text,
)


def test_defaults():
    task = parse_task('action: std.noop')
    raw = {'action': 'std.noop', 'name': 't', 'version': '2.0', 'type': 'direct'}
    assert task == TaskSpec(name='t', raw=raw, action='std.noop')
    assert task.keep_result is True
    assert task.safe_rerun is None
    assert task.policies is NO_POLICIES


def test_everything():
    task = parse_task(
        """
        description: what it does
        tags: [a, b]
        workflow: sub x=1
        input: {y: <% $.y %>}
        publish: {p: 1}
        publish-on-error: {e: 1}
        publish-on-skip: {s: 1}
        keep-result: <% $.keep %>
        safe-rerun: true
        target: <% $.host %>
        """
    )
    assert task.description == 'what it does'
    assert task.tags == ('a', 'b')
    assert (task.action, task.workflow) == (None, 'sub')
    assert task.parameters == {'x': 1}
    assert task.input == {'y': '<% $.y %>'}
    assert task.publish == {'p': 1}
    assert task.publish_on_error == {'e': 1}
    assert task.publish_on_skip == {'s': 1}
    assert task.keep_result == '<% $.keep %>'
    assert task.safe_rerun is True
    assert task.target == '<% $.host %>'


def test_an_expression_may_give_the_whole_input():
    task = parse_task('action: std.echo output=1\ninput: <% $.all %>')
    assert task.input == '<% $.all %>'
    assert task.parameters == {'output': 1}


def test_hand_written_name_version_and_type_are_replaced():
    task = parse_task('action: std.noop\nname: zz\nversion: 7\ntype: reverse')
    assert task.raw == {'action': 'std.noop', 'name': 't', 'version': '2.0', 'type': 'direct'}


@pytest.mark.parametrize(
    ('text', 'join'), [('all', 'all'), ('one', 1), ('1', 1), ('1.0', 1), ('0', None)]
)
def test_join(text, join):
    spec = parse_workflow(workflow_text(f'tasks:\n  a: {{on-success: t}}\n  t: {{join: {text}}}'))
    assert spec.tasks['t'].join == join


def test_requires_belongs_to_reverse_workflows():
    assert parse_task('requires: other', 'reverse').requires == ('other',)
    assert parse_task('requires: [other, t]', 'reverse').requires == ('other', 't')
    error = failure(task_text('requires: other'))
    assert str(error).startswith(
        "Invalid DSL: Additional properties are not allowed ('requires' was unexpected)"
    )


@pytest.mark.parametrize('key', ['join', 'on-success', 'on-error', 'on-complete', 'on-skip'])
def test_joins_and_on_clauses_belong_to_direct_workflows(key):
    assert reason(task_text(f'{key}: all', 'reverse')) == (
        f"Invalid DSL: Additional properties are not allowed ('{key}' was unexpected)"
    )


@pytest.mark.parametrize(
    ('body', 'expected'),
    [
        ('description: 5', "5 is not of type 'string'"),
        ("description: ''", "'' should be non-empty"),
        ('tags: a', "'a' is not of type 'array'"),
        ('tags: [a, a]', "['a', 'a'] has non-unique elements"),
        ('action: 5', "5 is not of type 'string'"),
        ('action:', "None is not of type 'string'"),
        ('input: 5', '5 is not valid under any of the given schemas'),
        ('input: {}', '{} should be non-empty'),
        ('publish: everything', "'everything' is not of type 'object'"),
        ('publish: {}', '{} should be non-empty'),
        ('publish: {1: x}', "1 is not of type 'string'"),
        ('publish-on-error: 5', "5 is not of type 'object'"),
        ('publish-on-skip: []', "[] is not of type 'object'"),
        ('keep-result: perhaps', "'perhaps' is not valid under any of the given schemas"),
        ('safe-rerun: 1', '1 is not valid under any of the given schemas'),
        ('target: 5', "5 is not of type 'string'"),
        ('join: some', "'some' is not valid under any of the given schemas"),
        ('join: -1', '-1 is less than the minimum of 0'),
        ("join: '1'", "'1' is not valid under any of the given schemas"),
        ('join: true', 'True is not valid under any of the given schemas'),
        ('join: <% 1 %>', "'<% 1 %>' is not valid under any of the given schemas"),
        ('a: 1\nb: 2', "Additional properties are not allowed ('a', 'b' were unexpected)"),
        (
            'action: a\nworkflow: b\nc: 1',
            "Additional properties are not allowed ('c' was unexpected)",
        ),
        ('on: other', "True is not of type 'string'"),
        (
            'action: a\nworkflow: b',
            (
                "{'action': 'a', 'workflow': 'b'} is valid under each of"
                " {'type': 'object', 'required': ['workflow']},"
                " {'type': 'object', 'required': ['action']}"
            ),
        ),
    ],
)
def test_wrong_shapes(body, expected):
    assert reason(task_text(body)).startswith('Invalid DSL: ')
    assert reason(task_text(body)) == f'Invalid DSL: {expected}'


def test_a_misspelt_key_is_pointed_at():
    [problem] = failure(task_text('action: std.noop\non-sucess: other')).problems
    assert problem.path == 'wf.tasks.t.on-sucess'
    assert (problem.line, problem.column) == (7, 7)
    assert problem.hint == "Did you mean 'on-success'?"


@pytest.mark.parametrize('key', ['action', 'workflow'])
def test_a_call_must_begin_with_a_name(key):
    text = task_text(f"{key}: ' std.echo x=1'")
    assert reason(text) == 'Invalid action/workflow task property:  std.echo x=1'


@pytest.mark.parametrize(
    ('body', 'path'),
    [
        ('action: std.<% * %> x=1', 'action'),
        ('action: std.echo output="<% * %>"', 'action.output'),
        ('workflow: <% * %>', 'workflow'),
        ('input: <% * %>', 'input'),
        ('input: {a: [{b: <% * %>}]}', 'input.a[0].b'),
        ('publish: {a: <% * %>}', 'publish.a'),
        ('publish-on-error: {a: <% * %>}', 'publish-on-error.a'),
        ('publish-on-skip: {a: <% * %>}', 'publish-on-skip.a'),
        ('keep-result: <% * %>', 'keep-result'),
        ('safe-rerun: <% * %>', 'safe-rerun'),
        ('target: <% * %>', 'target'),
        ('with-items: i in <% * %>', 'with-items'),
        ('timeout: <% * %>', 'timeout'),
        ('retry: {count: <% * %>, delay: 1}', 'retry.count'),
        ('on-success: [other: <% * %>]', 'on-success[0]'),
    ],
)
def test_expressions_are_checked(body, path):
    [problem] = failure(task_text(body)).problems
    assert problem.message == BAD_YAQL
    assert problem.path == f'wf.tasks.t.{path}'


def test_all_problems_of_a_task_are_told():
    error = failure(task_text('input: <% * %>\npublish: {a: "{{ * }}"}\nwith-items: nothing'))
    assert [problem.message.split('.')[0] for problem in error.problems] == [
        BAD_YAQL,
        BAD_JINJA.split('.')[0],
        "Wrong format of 'with-items' property",
    ]
