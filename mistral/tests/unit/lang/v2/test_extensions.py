"""What the language has more than that of Mistral 23."""

import pytest

from mistral.exceptions import InvalidModelException
from mistral.lang.parser import Parser
from mistral.tests.unit.lang.support import (
    FakeExpressions,
    document,
    failure,
    parse_workflow,
    reason,
    task_text,
    workflow_text,
)

STRICT = Parser(FakeExpressions(), strict=True)
TASKS = '\ntasks: {t: {action: std.noop}}'

RETRY = 'retry: {count: 1, delay: 1, backoff: 2, max-delay: 9, jitter: 0.5}'

DEFAULTS = f'task-defaults:\n  {RETRY}{TASKS}'


@pytest.mark.parametrize(
    ('text', 'timeout'),
    [('60', 60), ('60.0', 60), ('0', 0), ("'<% $.t %> '", '<% $.t %>')],
)
def test_the_timeout_of_a_workflow(text, timeout):
    assert parse_workflow(workflow_text(f'timeout: {text}{TASKS}')).timeout == timeout


@pytest.mark.parametrize('value', ["'soon'", '-1', '1.5', 'True', '[1]'])
def test_a_timeout_that_is_none(value):
    expected = f'Invalid DSL: {value} is not valid under any of the given schemas'
    assert reason(workflow_text(f'timeout: {value}{TASKS}')) == expected


def test_its_expression_is_checked():
    assert failure(workflow_text(f'timeout: <% * %>{TASKS}')).problems[0].path == 'wf.timeout'


@pytest.mark.parametrize('name', ['backoff', 'max-delay', 'jitter'])
@pytest.mark.parametrize('value', ["'much'", '-0.5', 'True'])
def test_retry_takes_numbers(name, value):
    expected = f'Invalid DSL: {value} is not valid under any of the given schemas'
    assert reason(task_text(f'retry: {{count: 1, delay: 1, {name}: {value}}}')) == expected


@pytest.mark.parametrize(
    ('text', 'paths'),
    [
        (workflow_text(f'timeout: 60{TASKS}'), ['wf.timeout']),
        (
            task_text(RETRY),
            [f'wf.tasks.t.retry.{name}' for name in ('backoff', 'max-delay', 'jitter')],
        ),
        (task_text('retry: count=1 delay=1 jitter=2'), ['wf.tasks.t.retry.jitter']),
        (
            workflow_text(DEFAULTS),
            [f'wf.task-defaults.retry.{name}' for name in ('backoff', 'max-delay', 'jitter')],
        ),
    ],
)
def test_strict_language_refuses_them(text, paths):
    with pytest.raises(InvalidModelException) as caught:
        STRICT.parse_workflows(text)
    problems = caught.value.problems
    assert [problem.path for problem in problems] == paths
    name = paths[0].rpartition('.')[2]
    assert problems[0].message.startswith(f"'{name}' is an extension of the workflow language")
    assert 'strict_language = False' in problems[0].hint


def test_strict_language_refuses_them_in_workbooks():
    text = document("""
        name: book
        workflows:
          wf:
            timeout: 60
            tasks: {t: {action: std.noop}}
        """)
    with pytest.raises(InvalidModelException, match='extension'):
        STRICT.parse_workbook(text)


def test_strict_language_takes_all_the_rest():
    text = 'timeout: 5\nretry: {count: 1, delay: 1, break-on: <% true %>}'
    assert STRICT.parse_workflows(task_text(text))
