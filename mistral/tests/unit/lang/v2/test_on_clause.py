import pytest

from mistral.lang.specs import CLAUSES, OnClauseSpec, PublishSpec, TransitionSpec
from mistral.tests.unit.lang.support import BAD_YAQL, failure, parse_task, reason, task_text

OTHER = TransitionSpec('other')
GUARDED = TransitionSpec('other', '<% $.c %>')


@pytest.mark.parametrize(
    ('text', 'transitions'),
    [
        ('other', (OTHER,)),
        ('[other]', (OTHER,)),
        ('[other, noop]', (OTHER, TransitionSpec('noop'))),
        ('[other: <% $.c %>]', (GUARDED,)),
        ('{other: <% $.c %>}', (GUARDED,)),
        ('{next: {other: <% $.c %>}}', (GUARDED,)),
        ('{next: other}', (OTHER,)),
        ('{next: [other, {other: <% $.c %>}]}', (OTHER, GUARDED)),
        ('[other: <% $.a %>, other: <% $.c %>]', (TransitionSpec('other', '<% $.a %>'), GUARDED)),
        ("[other: '<% $.c %>  ']", (GUARDED,)),
        ('[other: <% 1 %><% 2 %>]', (TransitionSpec('other', '<% 1 %><% 2 %>'),)),
        ('fail msg="x y"', (TransitionSpec('fail', None, {'msg': 'x y'}),)),
        ('fail(msg="x y")', (TransitionSpec('fail', None, {'msg': 'x y'}),)),
        ('fail(msg="x")', (TransitionSpec('fail', None, {'msg': 'x'}),)),
        ('fail(msg=a)', (TransitionSpec('fail'),)),
        ('other x=1', (TransitionSpec('other', None, {'x': 1}),)),
        (
            "['succeed msg=<% $.m %>': <% $.c %>]",
            (TransitionSpec('succeed', '<% $.c %>', {'msg': '<% $.m %>'}),),
        ),
        ('[{"fail  msg=\'x\'": anything}]', (TransitionSpec('fail', 'anything', {'msg': 'x'}),)),
    ],
)
def test_transitions(text, transitions):
    clauses = parse_task(f'on-success: {text}').on_clauses
    assert clauses == {'on-success': OnClauseSpec(transitions)}


@pytest.mark.parametrize(
    ('text', 'publish'),
    [
        ('{branch: {a: 1}}', PublishSpec(branch={'a': 1})),
        ('{global: {a: 1}}', PublishSpec(global_={'a': 1})),
        ('{branch: {a: 1}, global: {b: 2}}', PublishSpec({'a': 1}, {'b': 2})),
        ('{atomic: {a: 1}}', PublishSpec()),
    ],
)
@pytest.mark.parametrize(('target', 'transitions'), [('', ()), (', next: other', (OTHER,))])
def test_publish(text, publish, target, transitions):
    clauses = parse_task(f'on-error: {{publish: {text}{target}}}').on_clauses
    assert clauses == {'on-error': OnClauseSpec(transitions, publish)}


def test_each_clause_is_read():
    task = parse_task('\n'.join(f'{clause}: noop' for clause in CLAUSES))
    assert tuple(task.on_clauses) == CLAUSES


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ("''", "''"),
        ('5', '5'),
        ('', 'None'),
        ('{}', '{}'),
        ('two words', "'two words'"),
        ('[5]', '5'),
        ('[{other: abc}]', "'abc'"),
        ('[{other: true}]', 'True'),
        ('{other: abc}', "'abc'"),
        ('[{other: <% 1 %>, t: <% 2 %>}]', "{'other': '<% 1 %>', 't': '<% 2 %>'}"),
        ('[{other: <% 1 %>, t: 2}]', '2'),
        ('{next: other, to: <% 1 %>}', "'other'"),
        ('{publish: {branch: {a: 1}}, foo: 1}', '1'),
        ('{next: 5}', "{'next': 5}"),
        ('{next: []}', "{'next': []}"),
        ('{next: [{other: abc}]}', "{'next': [{'other': 'abc'}]}"),
        ('[]', '[]'),
        ('[other, other]', "['other', 'other']"),
        ('{publish: {a: 1}}', "{'a': 1}"),
        ('{publish: {galaxy: {a: 1}}}', "{'galaxy': {'a': 1}}"),
        ('{publish: 5}', '5'),
        ('{publish: <% 1 %>}', "'<% 1 %>'"),
    ],
)
def test_wrong_shapes(text, value):
    expected = f'Invalid DSL: {value} is not valid under any of the given schemas'
    assert reason(task_text(f'on-success: {text}')) == expected


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('{publish: {branch: 5}}', "5 is not of type 'object'"),
        ('{publish: {branch: {}}}', '{} should be non-empty'),
        ('[{1: <% 1 %>}]', "1 is not of type 'string'"),
    ],
)
def test_other_wrong_shapes(text, expected):
    assert reason(task_text(f'on-success: {text}')) == f'Invalid DSL: {expected}'


def test_the_place_of_a_wrong_next_is_exact():
    [problem] = failure(task_text('on-success: {next: [noop, {other: abc}]}')).problems
    assert problem.path == 'wf.tasks.t.on-success.next[1].other'


def test_publish_needs_a_scope():
    error = failure(task_text('on-success: {publish: {}}'))
    assert str(error) == "Either 'branch', 'global' or 'atomic' must be specified: "


def test_a_target_is_never_computed():
    assert reason(task_text('on-success: {next: <% $.x %>}')) == "Task '<% $.x %>' not found."


def test_a_transition_must_begin_with_a_name():
    text = task_text('on-success: [{" other x": <% 1 %>}]')
    assert reason(text) == 'Invalid action/workflow task property:  other x'


@pytest.mark.parametrize(
    ('text', 'path'),
    [
        ('[noop, {other: <% * %>}]', '[1]'),
        ('{next: [{other: <% * %>}]}', '.next[0]'),
        ('{next: {other: <% * %>}}', '.next'),
        ('fail msg="<% * %>"', '.msg'),
        ('{publish: {branch: {a: [<% * %>]}}}', '.publish.branch.a[0]'),
        ('{publish: {global: {a: <% * %>}}}', '.publish.global.a'),
    ],
)
def test_expressions_are_checked(text, path):
    [problem] = failure(task_text(f'on-success: {text}')).problems
    assert problem.message == BAD_YAQL
    assert problem.path == f'wf.tasks.t.on-success{path}'


@pytest.mark.parametrize(
    ('text', 'path'),
    [
        ('ghost', ''),
        ('[other, ghost]', '[1]'),
        ('{ghost: <% 1 %>}', ''),
        ('{next: ghost}', '.next'),
        ('{next: [other, {ghost: <% 1 %>}]}', '.next[1]'),
    ],
)
def test_unknown_targets_have_a_place(text, path):
    [problem] = failure(task_text(f'on-success: {text}')).problems
    assert problem.message == "Task 'ghost' not found."
    assert problem.path == f'wf.tasks.t.on-success{path}'


@pytest.mark.parametrize('key', ['next', 'publish'])
def test_conditions_below_next_are_those_of_entries(key):
    text = task_text(f'on-success: {{next: {{{key}: <% 1 %>}}}}')
    assert reason(text) == f"Task '{key}' not found."
