"""Documents as a whole; the parts of a workflow have tests of their own in `v2`."""

import pytest

from mistral.exceptions import DSLParsingException, YaqlGrammarException
from mistral.lang.parser import action_from_raw, workflow_from_raw
from mistral.tests.unit.lang.support import (
    BAD_JINJA,
    BAD_YAQL,
    MIXED,
    PARSER,
    document,
    failure,
    reason,
    task_text,
)

WORKFLOW = 'wf: {tasks: {t: {action: std.noop}}}'
ACTION = 'act: {base: std.noop}'
LISTS = [('workflows', WORKFLOW), ('actions', ACTION)]


@pytest.mark.parametrize(('kind', 'entry'), LISTS)
@pytest.mark.parametrize('version', ["'2.0'", '2.0', '2', "'3.0'", 'abc', '0'])
def test_versions(kind, entry, version):
    [definition] = getattr(PARSER, f'parse_{kind}')(f'version: {version}\n{entry}')
    assert definition.spec.raw['version'] == '2.0'


@pytest.mark.parametrize(('kind', 'entry'), LISTS)
@pytest.mark.parametrize(
    ('version', 'expected'),
    [
        ('-1', '-1 is not valid under any of the given schemas'),
        ('~', 'None is not valid under any of the given schemas'),
        ('true', 'True is not valid under any of the given schemas'),
        ('[2]', '[2] is not valid under any of the given schemas'),
        ('{a: 1}', "{'a': 1} is not valid under any of the given schemas"),
        ("''", "'' should be non-empty"),
    ],
)
def test_refused_versions(kind, entry, version, expected):
    assert reason(f'version: {version}\n{entry}', kind) == f'Invalid DSL: {expected}'


@pytest.mark.parametrize('kind', ['workflows', 'actions'])
@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('', "Invalid DSL: 'version' is a required property"),
        ('~', "Invalid DSL: 'version' is a required property"),
        ('wf: {a: 1}', "Invalid DSL: 'version' is a required property"),
        ('just words', "Invalid DSL: 'just words' is not of type 'object'"),
        ('- a\n- b', "Invalid DSL: ['a', 'b'] is not of type 'object'"),
        ("version: '2.0'", "At least one item must be in the list [data={'version': '2.0'}]."),
        ("version: '2.0'\nx: abc", "Invalid DSL: 'abc' is not of type 'object'"),
        ("version: '2.0'\nx: ", "Invalid DSL: None is not of type 'object'"),
        ("version: '2.0'\nx: {}", 'Invalid DSL: {} should be non-empty'),
        ('a: [1', 'Definition could not be parsed: while parsing a flow sequence'),
        (
            'a: 1\n---\nb: 1',
            'Definition could not be parsed: expected a single document in the stream',
        ),
    ],
)
def test_wrong_documents(kind, text, expected):
    assert reason(text, kind) == expected


@pytest.mark.parametrize(
    ('value', 'message', 'error'),
    [
        ('<% * %>', BAD_YAQL, YaqlGrammarException),
        ('"{{ * }}"', BAD_JINJA, DSLParsingException),
        ('"<% $.a %> and {{ _.b }}"', MIXED, DSLParsingException),
    ],
)
def test_a_malformed_expression_is_the_whole_message(value, message, error):
    caught = failure(task_text(f'input: {{a: {value}}}'))
    assert isinstance(caught, error)
    assert str(caught) == message


def test_problems_of_several_workflows_are_told_together():
    error = failure(
        document('a: {tasks: {t: {on-error: x}}}\nb: {tasks: {t: {on-error: y}}}\nc: {tasks: 5}')
    )
    assert [problem.path for problem in error.problems] == [
        'a.tasks.t.on-error',
        'b.tasks.t.on-error',
        'c.tasks',
    ]


def test_keys_that_are_no_texts_are_fine_inside_of_data():
    [definition] = PARSER.parse_workflows(
        document('wf: {tasks: {t: {input: {a: {2: x, true: {~: y}}}}}}')
    )
    assert definition.spec.tasks['t'].input == {'a': {'2': 'x', 'true': {'null': 'y'}}}


@pytest.mark.parametrize(
    'body',
    [
        'wf: {colour: blue, tasks: {t: {on-success: ghost}}}',
        'wf: {tasks: {t: {action: a, zz: 1}}}',
        'wf: {output: {a: <% * %>}, tasks: {t: {timeout: "5"}}}',
        'wf: {tasks: {j: {join: all}}}',
    ],
)
def test_without_validation_all_that_can_be_built_passes(body):
    failure(document(body))
    [definition] = PARSER.parse_workflows(document(body), validate=False)
    assert definition.spec.name == 'wf'


@pytest.mark.parametrize(
    ('kind', 'text'),
    [
        ('workflows', ''),
        ('workflows', '- a'),
        ('workflows', document('wf: abc')),
        ('workflows', document('wf: {tasks: 5}')),
        ('workflows', document('wf: {tasks: {t: 5}}')),
        ('workflows', document('wf: {tasks: {t: {on-success: 5}}}')),
        ('workflows', document('wf: {tasks: {t: {on-success: {a: 1, b: 2}}}}')),
        ('workflows', document('wf: {tasks: {t: {timeout: .inf}}}')),
        ('workflows', document('wf: {tasks: {t: {action: " a b"}}}')),
        ('actions', document('act: {input: [a]}')),
        ('workbook', document('workflows: {}')),
        ('workbook', document('name: wb\nworkflows: {w: abc}')),
    ],
)
def test_without_validation_what_is_beyond_use_is_still_refused(kind, text):
    with pytest.raises(DSLParsingException) as caught:
        getattr(PARSER, f'parse_{kind}')(text, validate=False)
    assert str(caught.value) == str(failure(text, kind))


def test_specifications_are_built_from_rows_of_the_reference():
    spec = workflow_from_raw(
        {
            'name': 'wf',
            'version': '2.0',
            'tasks': {
                'version': '2.0',
                't': {
                    'name': 't',
                    'version': '2.0',
                    'type': 'direct',
                    'action': 'std.echo output=1',
                    'on-success': [{'u': '<% $.x %>'}],
                },
                'u': {'name': 'u', 'version': '2.0', 'type': 'direct'},
            },
        }
    )
    assert list(spec.tasks) == ['t', 'u']
    assert spec.tasks['t'].parameters == {'output': 1}
    action = action_from_raw({'name': 'act', 'version': '2.0', 'base': 'std.echo output=1'})
    assert (action.base, action.parameters) == ('std.echo', {'output': 1})
