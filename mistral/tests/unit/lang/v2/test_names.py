import pytest

from mistral.tests.unit.lang.support import PARSER, document, reason, workflow_text


def _named(name: str) -> str:
    return document(f'? {name}\n: {{tasks: {{t: {{action: std.noop}}}}}}')


@pytest.mark.parametrize('name', ['a.b', 'a-b', 'a/b', '1a', 'é', "'123'", 'x' * 255])
def test_workflow_names(name):
    [definition] = PARSER.parse_workflows(_named(name))
    assert definition.spec.name == name.strip("'")


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('my wf', "Name 'my wf' must not contain spaces"),
        ('123', "Invalid DSL: 123 is not of type 'string'"),
        ('true', "Invalid DSL: True is not of type 'string'"),
        ('1.5', "Invalid DSL: 1.5 is not of type 'string'"),
        ('~', "Invalid DSL: None is not of type 'string'"),
        ("''", "Invalid DSL: '' should be non-empty"),
        ('"a\\0"', "Name 'a\\x00' must not contain the character NUL"),
        ('x' * 256, f"The length of a '{'x' * 256}' name must not exceed 255 symbols"),
        ('609691c7-945c-400f-a1e2-5ca811be16f3', 'Workflow name cannot be in the format of UUID.'),
        ('609691C7945c400fa1e25ca811be16f3', 'Workflow name cannot be in the format of UUID.'),
    ],
)
def test_wrong_workflow_names(name, message):
    assert reason(_named(name)) == message


def test_of_equal_names_the_last_one_wins():
    text = document('wf: {tasks: {a: {action: x}}}\nwf: {tasks: {b: {action: x}}}')
    [definition] = PARSER.parse_workflows(text)
    assert list(definition.spec.tasks) == ['b']


@pytest.mark.parametrize(
    ('name', 'body', 'message'),
    [
        ('x' * 256, '', f"The length of a '{'x' * 256}' task name must not exceed 255 symbols"),
        (
            'x' * 209,
            ', join: 1',
            f"The length of a '{'x' * 209}' join task name must not exceed 208 symbols",
        ),
    ],
)
def test_long_task_names(name, body, message):
    tasks = f'{{a: {{on-success: {name}}}, ? {name} : {{action: std.noop{body}}}}}'
    assert reason(workflow_text(f'tasks: {tasks}')) == message


@pytest.mark.parametrize(
    ('name', 'body'), [('x' * 255, ''), ('x' * 255, ', join: 0'), ('x' * 208, ', join: 1')]
)
def test_task_names_of_allowed_length(name, body):
    tasks = f'{{a: {{on-success: {name}}}, ? {name} : {{action: std.noop{body}}}}}'
    PARSER.parse_workflows(workflow_text(f'tasks: {tasks}'))


def test_a_task_name_may_have_blanks():
    PARSER.parse_workflows(workflow_text('tasks: {my task: {action: std.noop}}'))
