import pytest

from mistral.lang.specs import REQUIRED
from mistral.tests.unit.lang.support import BAD_YAQL, failure, parse_workflow, reason, workflow_text

TASKS = '\ntasks: {t: {action: std.noop}}'


def test_defaults():
    spec = parse_workflow(workflow_text(TASKS))
    assert (spec.name, spec.type, spec.description) == ('wf', 'direct', None)
    assert (spec.tags, spec.input, spec.vars) == ((), {}, {})
    assert (spec.output, spec.output_on_error, spec.task_defaults) == (None, None, None)
    assert list(spec.tasks) == ['t']


def test_everything():
    spec = parse_workflow(
        workflow_text(
            """
            type: reverse
            description: what it does
            tags: [a, b]
            input: [x, y: 1, z: null]
            vars: {v: <% $.x %>}
            output: {o: [<% $.v %>]}
            output-on-error: {e: 1}
            """
            'tasks: {t: {requires: [u]}, u: {action: a}}'
        )
    )
    assert spec.type == 'reverse'
    assert spec.description == 'what it does'
    assert spec.tags == ('a', 'b')
    assert spec.input == {'x': REQUIRED, 'y': 1, 'z': None}
    assert spec.vars == {'v': '<% $.x %>'}
    assert spec.output == {'o': ['<% $.v %>']}
    assert spec.output_on_error == {'e': 1}
    assert list(spec.tasks) == ['t', 'u']
    assert spec.spec_class_name == 'ReverseWorkflowSpec'


@pytest.mark.parametrize(
    ('text', 'parameters'),
    [
        ('[a, b: 1]', {'a': REQUIRED, 'b': 1}),
        ('[{a: 1}, {a: 2}]', {'a': 2}),
        ('[a, {a: 2}]', {'a': 2}),
        ("['a b', a=1]", {'a b': REQUIRED, 'a=1': REQUIRED}),
        ('[{a: <% * %>}]', {'a': '<% * %>'}),
    ],
)
def test_input(text, parameters):
    assert parse_workflow(workflow_text(f'input: {text}{TASKS}')).input == parameters


def test_stored_form_says_names_versions_and_types():
    spec = parse_workflow(workflow_text(f'colour: blue{TASKS}'))
    assert spec.raw == {
        'colour': 'blue',
        'tasks': {
            't': {'action': 'std.noop', 'name': 't', 'version': '2.0', 'type': 'direct'},
        },
        'name': 'wf',
        'version': '2.0',
    }
    assert spec.raw['tasks']['t'] is spec.tasks['t'].raw


@pytest.mark.parametrize('text', ['outptu: {a: 1}', 'description: 5', 'name: x', 'version: 7'])
def test_what_was_never_looked_at_is_accepted(text):
    assert parse_workflow(workflow_text(text + TASKS)).name == 'wf'


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('tags: a', "'a' is not of type 'array'"),
        ('input: [a, a]', "['a', 'a'] has non-unique elements"),
        ('input: [{a: 1, b: 2}]', "{'a': 1, 'b': 2} has too many properties"),
        ('input: [{}]', '{} should be non-empty'),
        ('input: [5]', '5 is not valid under any of the given schemas'),
        ('input: {a: 1}', "{'a': 1} is not of type 'array'"),
        ('input: []', '[] should be non-empty'),
        ('vars: 5', "5 is not of type 'object'"),
        ('output: {}', '{} should be non-empty'),
        ('output-on-error: x', "'x' is not of type 'object'"),
        ('output: {1: x}', "1 is not of type 'string'"),
        ('on: 5', "True is not of type 'string'"),
    ],
)
def test_wrong_shapes(text, expected):
    assert reason(workflow_text(text + TASKS)) == f'Invalid DSL: {expected}'


@pytest.mark.parametrize(
    ('tasks', 'expected'),
    [
        ('', "None is not of type 'object'"),
        ('5', "5 is not of type 'object'"),
        ('{}', '{} should be non-empty'),
        ('{t: abc}', "'abc' is not of type 'object'"),
        ('{t: }', "None is not of type 'object'"),
        ('{t: {}}', '{} should be non-empty'),
        ('{my-t: abc}', "'abc' is not of type 'object'"),
        ('{my-t: }', "None is not of type 'object'"),
        ('{123: {action: a}}', "123 is not of type 'string'"),
        ('{true: {action: a}}', "True is not of type 'string'"),
        ('{~: {action: a}}', "None is not of type 'string'"),
        ('{1.5: {action: a}}', "1.5 is not of type 'string'"),
        ("{'': {action: a}}", "'' should be non-empty"),
    ],
)
def test_wrong_tasks(tasks, expected):
    assert reason(workflow_text(f'tasks: {tasks}')) == f'Invalid DSL: {expected}'


def test_tasks_are_required():
    assert reason(workflow_text('description: x')) == "Invalid DSL: 'tasks' is a required property"


def test_an_empty_task_with_a_name_of_more_than_letters_does_nothing():
    spec = parse_workflow(workflow_text('tasks: {my-t: {}}'))
    assert spec.tasks['my-t'].action is None


def test_a_task_must_not_vanish():
    text = workflow_text('tasks: {version: {action: a}, t: {action: b}}')
    assert reason(text) == "A task cannot be named 'version'"


@pytest.mark.parametrize('text', ['foo', '', '[direct]', 'Direct'])
def test_unknown_types(text):
    assert reason(workflow_text(f'type: {text}{TASKS}')).startswith(
        'Failed to find a specification class to instantiate'
        " [spec_cls=<class 'mistral.lang.v2.workflows.WorkflowSpec'>, data={'type': "
    )


@pytest.mark.parametrize('key', ['output', 'output-on-error', 'vars'])
def test_expressions_are_checked_at_any_depth(key):
    [problem] = failure(workflow_text(f'{key}: {{a: [{{b: <% * %>}}]}}{TASKS}')).problems
    assert (problem.message, problem.path) == (BAD_YAQL, f'wf.{key}.a[0].b')


def test_problems_everywhere_are_told_together():
    error = failure(
        workflow_text(
            """\
            output: {a: <% * %>}
            tasks:
              t:
                action: std.noop
                timeout: soon
                retries: 1
              u:
                on-success: ghost
            """
        )
    )
    assert str(error) == (
        f'{BAD_YAQL}\n'
        '\n'
        'At line 3, column 12 (wf.output.a).\n'
        '\n'
        'Other problems:\n'
        'line 8, column 7 (wf.tasks.t.retries): Invalid DSL: Additional properties are not allowed'
        " ('retries' was unexpected). Did you mean 'retry'?\n"
        "line 7, column 7 (wf.tasks.t.timeout): Invalid DSL: 'soon' is not valid under any of the"
        ' given schemas. Write a whole number of at least 0, or an expression such as'
        ' <% $.number %>.\n'
        "line 10, column 7 (wf.tasks.u.on-success): Task 'ghost' not found."
    )
