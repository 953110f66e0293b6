import pytest

from mistral.lang.specs import (
    OnClauseSpec,
    PoliciesSpec,
    RetrySpec,
    TaskDefaultsSpec,
    TransitionSpec,
)
from mistral.tests.unit.lang.support import failure, parse_workflow, reason, workflow_text


def _workflow(defaults: str, workflow_type: str = 'direct') -> str:
    return workflow_text(
        f'type: {workflow_type}\ntask-defaults: {{{defaults}}}\ntasks: {{t: {{action: std.noop}}}}'
    )


def test_everything():
    spec = parse_workflow(
        _workflow(
            'retry: count=1 delay=2, wait-before: 1, wait-after: 2, timeout: 3, concurrency: 4,'
            ' pause-before: true, fail-on: <% $.f %>, safe-rerun: true, requires: [t],'
            ' on-error: fail, on-skip: [noop], description: d, tags: [a], name: n, version: v'
        )
    )
    assert spec.task_defaults == TaskDefaultsSpec(
        policies=PoliciesSpec(
            pause_before=True,
            wait_before=1,
            wait_after=2,
            fail_on='<% $.f %>',
            retry=RetrySpec(1, 2),
            timeout=3,
            concurrency=4,
        ),
        on_clauses={
            'on-error': OnClauseSpec((TransitionSpec('fail'),)),
            'on-skip': OnClauseSpec((TransitionSpec('noop'),)),
        },
        requires=('t',),
        safe_rerun=True,
    )


def test_without_task_defaults():
    assert parse_workflow(workflow_text('tasks: {t: {action: a}}')).task_defaults is None


@pytest.mark.parametrize(
    'key',
    [
        'action',
        'workflow',
        'input',
        'publish',
        'publish-on-error',
        'with-items',
        'join',
        'keep-result',
        'target',
    ],
)
def test_what_a_task_alone_can_say(key):
    assert reason(_workflow(f'{key}: all')) == (
        f"Invalid DSL: Additional properties are not allowed ('{key}' was unexpected)"
    )


@pytest.mark.parametrize(
    ('defaults', 'expected'),
    [
        ('', '{} should be non-empty'),
        ('timeout: soon', "'soon' is not valid under any of the given schemas"),
        ('on-error: []', '[] is not valid under any of the given schemas'),
        ('requires: 5', '5 is not valid under any of the given schemas'),
        ('on: x', "True is not of type 'string'"),
    ],
)
def test_wrong_shapes(defaults, expected):
    assert reason(_workflow(defaults)) == f'Invalid DSL: {expected}'


def test_task_defaults_are_a_mapping():
    text = workflow_text('task-defaults: all\ntasks: {t: {action: a}}')
    assert reason(text) == "Invalid DSL: 'all' is not of type 'object'"


@pytest.mark.parametrize(
    ('defaults', 'path'),
    [
        ('timeout: <% * %>', 'timeout'),
        ('safe-rerun: <% * %>', 'safe-rerun'),
        ('on-error: [{fail: <% * %>}]', 'on-error[0]'),
    ],
)
def test_expressions_are_checked(defaults, path):
    [problem] = failure(_workflow(defaults)).problems
    assert problem.path == f'wf.task-defaults.{path}'


@pytest.mark.parametrize(
    'defaults', ['retry: " count=1 delay=1"', 'on-error: [{" fail x": <% 1 %>}]']
)
def test_calls_must_begin_with_a_name(defaults):
    assert reason(_workflow(defaults)).startswith('Invalid action/workflow task property: ')


def test_each_type_ignores_what_belongs_to_the_other():
    parse_workflow(_workflow('requires: ghost'))
    parse_workflow(_workflow('on-success: ghost', 'reverse'))
