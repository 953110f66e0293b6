import pytest

from mistral.lang.specs import PoliciesSpec, RetrySpec
from mistral.tests.unit.lang.support import BAD_YAQL, failure, parse_task, reason, task_text


@pytest.mark.parametrize(
    ('body', 'policies'),
    [
        ('wait-before: 5', PoliciesSpec(wait_before=5)),
        ('wait-after: 0', PoliciesSpec(wait_after=0)),
        ('timeout: 1.0', PoliciesSpec(timeout=1)),
        ('concurrency: <% $.n %>', PoliciesSpec(concurrency='<% $.n %>')),
        ("timeout: '{{ _.n }}  '", PoliciesSpec(timeout='{{ _.n }}')),
        ('timeout: <% 1 %><% 2 %>', PoliciesSpec(timeout='<% 1 %><% 2 %>')),
        ('pause-before: yes', PoliciesSpec(pause_before=True)),
        ('pause-before: false', PoliciesSpec(pause_before=False)),
        ('fail-on: <% $.x > 1 %>', PoliciesSpec(fail_on='<% $.x > 1 %>')),
    ],
)
def test_policies(body, policies):
    assert parse_task(body).policies == policies


@pytest.mark.parametrize(
    ('text', 'retry'),
    [
        ('{count: 3, delay: 1}', RetrySpec(3, 1)),
        ('{count: <% $.n %>, delay: 0}', RetrySpec('<% $.n %>', 0)),
        (
            '{count: 3, delay: 1, break-on: <% $.b %>, continue-on: "{{ _.c }} "}',
            RetrySpec(3, 1, '<% $.b %>', '{{ _.c }}'),
        ),
        ('count=3 delay=1', RetrySpec(3, 1)),
        ('retry count=3 delay=<% $.d %>', RetrySpec(3, '<% $.d %>')),
        ('count=3 delay=1 break-on=<% $.b %>', RetrySpec(3, 1, '<% $.b %>')),
        ('count=3 delay=1.5', RetrySpec(3, 1)),
        (
            '{count: 3, delay: 1, backoff: 1.5, max-delay: <% $.m %>, jitter: 2}',
            RetrySpec(3, 1, backoff=1.5, max_delay='<% $.m %>', jitter=2),
        ),
        (
            'count=3 delay=1 backoff=1.5 max-delay=60 jitter=0.5',
            RetrySpec(3, 1, backoff=1.5, max_delay=60, jitter=0.5),
        ),
    ],
)
def test_retry(text, retry):
    assert parse_task(f'retry: {text}').policies.retry == retry


@pytest.mark.parametrize(
    ('body', 'value'),
    [
        ('wait-before: soon', "'soon'"),
        ("wait-before: '1'", "'1'"),
        ('wait-before: 1.5', '1.5'),
        ('wait-before: true', 'True'),
        ('wait-before: a <% 1 %>', "'a <% 1 %>'"),
        ("wait-before: ' <% 1 %>'", "' <% 1 %>'"),
        ('wait-after: -1', '-1'),
        ('timeout: [1]', '[1]'),
        ('timeout:', 'None'),
        ('concurrency: -2', '-2'),
        ('pause-before: maybe', "'maybe'"),
        ("pause-before: 'true'", "'true'"),
        ('pause-before: 1', '1'),
        ('fail-on: 1', '1'),
        ('retry: 5', '5'),
        ('retry: {}', '{}'),
        ('retry: count=3', '{}'),
        ('retry: {count: many, delay: 1}', "'many'"),
        ('retry: count="3" delay=1', "'3'"),
        ('retry: {count: 1, delay: 1, break-on: true}', 'True'),
        ('retry: count=1 delay=1 break-on=true', 'True'),
    ],
)
def test_values_that_fit_no_alternative(body, value):
    expected = f'Invalid DSL: {value} is not valid under any of the given schemas'
    assert reason(task_text(body)) == expected


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('{delay: 1}', "'count' is a required property"),
        ('{count: 1}', "'delay' is a required property"),
        (
            '{count: 1, delay: 1, until: 3}',
            "Additional properties are not allowed ('until' was unexpected)",
        ),
        (
            'count=1 delay=1 until=3',
            "Additional properties are not allowed ('until' was unexpected)",
        ),
        ("''", "'' should be non-empty"),
    ],
)
def test_wrong_retries(text, expected):
    assert reason(task_text(f'retry: {text}')) == f'Invalid DSL: {expected}'


def test_a_retry_line_must_begin_with_a_word():
    text = task_text("retry: ' count=1 delay=1'")
    assert reason(text) == 'Invalid action/workflow task property:  count=1 delay=1'


@pytest.mark.parametrize('text', ['{count: 1, delay: <% * %>}', 'count=1 delay=<% * %>'])
def test_expressions_of_retry_are_checked(text):
    assert str(failure(task_text(f'retry: {text}'))) == BAD_YAQL


def test_hints_say_how_to_mend():
    [problem] = failure(task_text('wait-before: soon')).problems
    assert problem.hint.startswith('Write a whole number')
    [problem] = failure(task_text('retry: {count: many, delay: 1}')).problems
    assert problem.hint.startswith('Write a whole number')
    [problem] = failure(task_text('retry: {count: 1, delay: 1, break-no: 1}')).problems
    assert problem.hint == "Did you mean 'break-on'?"
