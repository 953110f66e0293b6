import textwrap

import pytest

from mistral.tests.unit.lang.support import BAD_YAQL, PARSER, failure, reason

WORKFLOW = '{tasks: {t: {action: std.noop}}}'


def _workbook(body: str, version: str = "'2.0'") -> str:
    return f'version: {version}\nname: wb\n{textwrap.dedent(body)}'


def test_members_have_short_names():
    workbook = PARSER.parse_workbook(
        _workbook(
            f"""
            description: what it is
            tags: [a]
            workflows: {{version: 2.0, main: {WORKFLOW}}}
            actions: {{version: '2.0', act: {{base: std.noop}}}}
            """
        )
    )
    assert workbook.spec.name == 'wb'
    assert workbook.spec.description == 'what it is'
    assert workbook.spec.tags == ('a',)
    assert [definition.spec.name for definition in workbook.workflows] == ['main']
    assert [definition.spec.name for definition in workbook.actions] == ['act']
    assert workbook.spec.raw['version'] == '2.0'
    assert workbook.spec.raw['workflows'] == {'main': workbook.workflows[0].spec.raw}
    assert workbook.spec.raw['actions'] == {'act': workbook.actions[0].spec.raw}


@pytest.mark.parametrize('version', ["'2.0'", '2.0', '2', "'2'"])
def test_versions(version):
    text = _workbook('flows: {}', version)
    assert reason(text, 'workbook') == (
        "Invalid DSL: Additional properties are not allowed ('flows' was unexpected)"
    )
    assert PARSER.parse_workbook(_workbook('', version)).spec.raw['version'] == '2.0'


@pytest.mark.parametrize(
    ('version', 'shown'),
    [('3', '3'), ('abc', 'abc'), ('~', 'None'), ('true', 'True'), ('[2.0]', '[2.0]')],
)
def test_unsupported_versions(version, shown):
    text = _workbook('colour: red', version)
    assert str(failure(text, 'workbook')) == f'Unsupported DSL version: {shown}'


@pytest.mark.parametrize('body', ['', "workflows: {version: '2.0'}", 'actions: {version: 2.0}'])
def test_a_workbook_may_be_empty(body):
    workbook = PARSER.parse_workbook(_workbook(body))
    assert (workbook.workflows, workbook.actions) == ((), ())


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('', "'name' is a required property"),
        ('flows: {}', "Additional properties are not allowed ('flows' was unexpected)"),
        ('name: wb', "'version' is a required property"),
        ("version: '2.0'", "'name' is a required property"),
        ('- a', "['a'] is not of type 'object'"),
        ("version: '2.0'\nname: 5", "5 is not of type 'string'"),
        (_workbook("tags: 'a,b'"), "'a,b' is not of type 'array'"),
        (_workbook('description: 5'), "5 is not of type 'string'"),
        (_workbook('workflows: x'), "'x' is not of type 'object'"),
        (_workbook('workflows: {}'), '{} should be non-empty'),
        (_workbook('actions: {}'), '{} should be non-empty'),
        (_workbook('workflows: {w: }'), 'None is not valid under any of the given schemas'),
        (_workbook('workflows: {version: x}'), "'x' is not one of ['2.0', 2.0]"),
        (_workbook('workflows: {1: {}}'), "1 is not of type 'string'"),
        (
            _workbook(f'workflows: {{a.b: {WORKFLOW}}}'),
            "'a.b' does not match any of the regexes: '^(?!version$)[\\\\w-]+$', '^version$'",
        ),
        (
            _workbook('actions: {a.b: {base: x}, c d: {base: x}}'),
            "'a.b', 'c d' do not match any of the regexes: '^(?!version$)[\\\\w-]+$', '^version$'",
        ),
        (_workbook('actions: {a: x}'), "'x' is not of type 'object'"),
        (_workbook('actions: {a: {input: [x]}}'), "'base' is a required property"),
    ],
)
def test_wrong_shapes(text, expected):
    assert reason(text, 'workbook') == f'Invalid DSL: {expected}'


def test_a_workflow_is_a_mapping():
    assert str(failure(_workbook('workflows: {w: abc}'), 'workbook')) == (
        'A specification with polymorphic key must be backed by a dictionary'
        " [spec_cls=<class 'mistral.lang.v2.workflows.WorkflowSpec'>, data='abc']"
    )


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("version: '2.0'\nname: my wb", "Name 'my wb' must not contain spaces"),
        (
            _workbook(f'actions: {{? {"x" * 253} : {{base: a}}}}'),
            f"The length of a 'wb.{'x' * 253}' name must not exceed 255 symbols",
        ),
        (
            _workbook(f'workflows: {{609691c7-945c-400f-a1e2-5ca811be16f3: {WORKFLOW}}}'),
            'Workflow name cannot be in the format of UUID.',
        ),
    ],
)
def test_wrong_names(text, message):
    assert str(failure(text, 'workbook')) == message


def test_members_are_checked():
    error = failure(
        _workbook(
            """\
            workflows:
              w:
                tasks:
                  t: {on-success: ghost}
            actions:
              a: {base: x, output: <% * %>}
            """
        ),
        'workbook',
    )
    assert [(problem.message, problem.path, problem.line) for problem in error.problems] == [
        ("Task 'ghost' not found.", 'workflows.w.tasks.t.on-success', 6),
        (BAD_YAQL, 'actions.a.output', 8),
    ]
