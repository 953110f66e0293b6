import pytest

from mistral.tests.unit.lang.support import failure, parse_workflow, reason, workflow_text


def _direct(tasks: str, defaults: str = '') -> str:
    head = f'task-defaults: {{{defaults}}}\n' if defaults else ''
    return workflow_text(f'{head}tasks: {{{tasks}}}')


def _reverse(tasks: str, defaults: str = '') -> str:
    head = f'task-defaults: {{{defaults}}}\n' if defaults else ''
    return workflow_text(f'type: reverse\n{head}tasks: {{{tasks}}}')


@pytest.mark.parametrize(
    'text',
    [
        _direct('a: {on-success: a}'),
        _direct('a: {on-success: b}, b: {on-error: a}'),
        _direct('a: {action: x}, b: {action: y}', 'on-complete: [a, b]'),
        _direct('a: {on-success: [ghost, a]}'),
    ],
)
def test_a_direct_workflow_must_start_somewhere(text):
    assert reason(text) == (
        'Failed to find start tasks in direct workflow. There must be at least one task'
        ' without inbound transition.[workflow_name=wf]'
    )


@pytest.mark.parametrize(
    'text',
    [
        _direct('s: {action: x}, a: {on-success: b}, b: {on-success: a}'),
        _direct('a: {action: x}, b: {on-error: noop}', 'on-error: [b]'),
        _direct('a: {on-success: [fail, succeed, pause, noop]}'),
        _direct('a: {on-success: fail}, fail: {action: x}'),
        _direct(
            'a: {on-success: {publish: {branch: {a: 1}}}}, b: {join: 1}', 'on-success: b'
        ).replace('b: {join: 1}', 'b: {join: 1, on-success: noop}'),
        _reverse('a: {requires: a}'),
        _reverse('a: {action: x}, b: {action: x}', 'requires: [a]'),
    ],
)
def test_what_hangs_together(text):
    parse_workflow(text)


@pytest.mark.parametrize(
    ('text', 'path'),
    [
        (_direct('a: {on-success: ghost}'), 'tasks.a.on-success'),
        (_direct('a: {on-skip: [noop, ghost]}'), 'tasks.a.on-skip[1]'),
        (_direct('a: {action: x}', 'on-error: ghost'), 'task-defaults.on-error'),
        (
            _direct('a: {action: x}, b: {on-error: ghost}', 'on-error: ghost'),
            'task-defaults.on-error',
        ),
        (_reverse('a: {requires: ghost}'), 'tasks.a.requires'),
        (_reverse('a: {requires: [a, ghost]}'), 'tasks.a.requires'),
        (_reverse('a: {action: x}', 'requires: [ghost]'), 'task-defaults.requires'),
    ],
)
def test_unknown_names_are_told_once(text, path):
    error = failure(text)
    assert str(error) == "Task 'ghost' not found."
    assert [problem.path for problem in error.problems] == [f'wf.{path}']


def test_a_default_that_no_task_takes_may_name_anything():
    parse_workflow(_direct('a: {on-error: noop}', 'on-error: ghost'))


def test_engine_commands_are_no_requirements():
    assert reason(_reverse('a: {requires: [noop]}')) == "Task 'noop' not found."


def test_a_similar_name_is_proposed():
    [problem] = failure(_direct('task1: {on-success: task_2}, task2: {action: x}')).problems
    assert problem.hint == "Did you mean 'task2'?"


@pytest.mark.parametrize(
    ('tasks', 'message'),
    [
        ('j: {join: all}', "No inbound tasks for task with 'join: all' [task_name=j]"),
        (
            'j: {join: one}',
            "Not enough inbound tasks for task with 'join' [task_name=j, join=1, inbound_tasks=0]",
        ),
        (
            'a: {on-success: j}, b: {on-error: [j, j: <% 1 %>], on-complete: j}, j: {join: 3}',
            "Not enough inbound tasks for task with 'join' [task_name=j, join=3, inbound_tasks=2]",
        ),
        (
            'j: {join: all}, k: {join: 2}',
            (
                "No inbound tasks for task with 'join: all' [task_name=j]\n"
                "Not enough inbound tasks for task with 'join'"
                ' [task_name=k, join=2, inbound_tasks=0]'
            ),
        ),
    ],
)
def test_joins_that_can_never_be_complete(tasks, message):
    error = failure(_direct(tasks))
    assert str(error) == message
    assert error.problems[0].path == 'wf.tasks.j.join'


@pytest.mark.parametrize(
    'tasks', ['j: {join: 0}', 'a: {on-success: j}, j: {join: all}', 'a: {on-skip: j}, j: {join: 1}']
)
def test_joins_that_can_be_complete(tasks):
    parse_workflow(_direct(tasks))


def test_default_transitions_lead_to_joins():
    parse_workflow(_direct('a: {action: x}, b: {action: x}, j: {join: 2}', 'on-complete: j'))


def test_a_misspelt_target_does_not_count_as_a_missing_inbound_task():
    assert str(failure(_direct('a: {on-success: jj}, j: {join: all}'))) == "Task 'jj' not found."


@pytest.mark.parametrize(
    ('tasks', 'circle'),
    [
        ('a: {requires: b}, b: {requires: a}', 'a -> b -> a'),
        (
            'x: {requires: a}, a: {requires: b}, b: {requires: c}, c: {requires: [a]}',
            'a -> b -> c -> a',
        ),
        ('a: {requires: [x, b]}, x: {action: y}, b: {requires: [x, a]}', 'a -> b -> a'),
    ],
)
def test_requirements_must_not_form_a_circle(tasks, circle):
    assert str(failure(_reverse(tasks))) == f'Tasks require each other in a circle: {circle}'


def test_a_diamond_is_no_circle():
    parse_workflow(
        _reverse('d: {requires: [b, c]}, b: {requires: a}, c: {requires: [a, b]}, a: {action: x}')
    )


def test_very_long_chains_of_requirements():
    tasks = ', '.join(f't{i}: {{requires: t{i + 1}}}' for i in range(1500))
    parse_workflow(_reverse(f'{tasks}, t1500: {{action: x}}'))


def test_unknown_targets_are_told_beside_other_problems():
    error = failure(_direct('a: {on-success: ghost}, b: {timeout: soon}'))
    assert [problem.path for problem in error.problems] == [
        'wf.tasks.b.timeout',
        'wf.tasks.a.on-success',
    ]
