import pytest

from mistral.lang.specs import REQUIRED, ActionSpec
from mistral.tests.unit.lang.support import BAD_YAQL, PARSER, document, failure, reason


def _parse(body: str) -> ActionSpec:
    [definition] = PARSER.parse_actions(document(f'act: {{{body}}}'))
    return definition.spec


def test_defaults():
    raw = {'base': 'std.echo', 'name': 'act', 'version': '2.0'}
    assert _parse('base: std.echo') == ActionSpec(name='act', base='std.echo', raw=raw)


def test_everything():
    spec = _parse(
        "base: std.http url='http://example.org' timeout=5, base-input: {headers: {a: <% $.x %>}},"
        ' input: [x, y: 2], output: [<% $.body %>], description: what it does, tags: [a]'
    )
    assert spec.base == 'std.http'
    assert spec.parameters == {'url': 'http://example.org', 'timeout': 5}
    assert spec.base_input == {'headers': {'a': '<% $.x %>'}}
    assert spec.input == {'x': REQUIRED, 'y': 2}
    assert spec.output == ['<% $.body %>']
    assert spec.description == 'what it does'
    assert spec.tags == ('a',)


@pytest.mark.parametrize(('text', 'output'), [('~', None), ('5', 5), ('{a: 1}', {'a': 1})])
def test_output_may_be_anything(text, output):
    assert _parse(f'base: std.noop, output: {text}').output == output


@pytest.mark.parametrize(
    ('body', 'expected'),
    [
        ('input: [x]', "'base' is a required property"),
        ('base: 5', "5 is not of type 'string'"),
        ("base: ''", "'' should be non-empty"),
        ('base: a, colour: red', "Additional properties are not allowed ('colour' was unexpected)"),
        ('base: a, base-input: x', "'x' is not of type 'object'"),
        ('base: a, base-input: {on: 1}', "True is not of type 'string'"),
        ('base: a, input: x', "'x' is not of type 'array'"),
        ('base: a, description: 5', "5 is not of type 'string'"),
        ('base: a, tags: x', "'x' is not of type 'array'"),
    ],
)
def test_wrong_shapes(body, expected):
    assert reason(document(f'act: {{{body}}}'), 'actions') == f'Invalid DSL: {expected}'


@pytest.mark.parametrize(
    ('body', 'path'),
    [
        ('base: \'std.echo output="<% * %>"\'', 'base.output'),
        ('base: a, base-input: {x: [<% * %>]}', 'base-input.x[0]'),
        ('base: a, output: <% * %>', 'output'),
        ('base: a, output: {x: [<% * %>]}', 'output.x[0]'),
    ],
)
def test_expressions_are_checked(body, path):
    [problem] = failure(document(f'act: {{{body}}}'), 'actions').problems
    assert (problem.message, problem.path) == (BAD_YAQL, f'act.{path}')


def test_defaults_of_parameters_are_never_evaluated():
    assert _parse('base: a, input: [{x: <% * %>}]').input == {'x': '<% * %>'}


def test_a_base_must_begin_with_a_name():
    text = document("act: {base: ' std.echo x=1'}")
    assert reason(text, 'actions') == 'Invalid action/workflow task property:  std.echo x=1'
