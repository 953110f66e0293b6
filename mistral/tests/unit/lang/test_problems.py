import pytest

from mistral.exceptions import (
    DSLParsingException,
    InvalidModelException,
    Problem,
    YaqlGrammarException,
)
from mistral.lang import shapes
from mistral.lang.problems import Place, Report, path_text, summary
from mistral.lang.yaml_loader import load
from mistral.tests.unit.lang.support import BAD_JINJA, BAD_YAQL, FakeExpressions


def _report(text: str) -> tuple[Report, Place]:
    report = Report(load(text), FakeExpressions())
    return report, Place(report)


def _raised(report: Report) -> DSLParsingException:
    with pytest.raises(DSLParsingException) as caught:
        report.raise_if_any()
    return caught.value


def test_nothing_is_raised_without_problems():
    report, _ = _report('a: 1')
    report.raise_if_any()


def test_a_problem_knows_its_place():
    report, place = _report('a:\n  - b: 1\n')
    place.at('a', 0, 'b').problem('Wrong', 'Mend it.')
    assert _raised(report).problems == (Problem('Wrong', 'a[0].b', 2, 5, 'Mend it.'),)


def test_a_single_problem_is_its_message():
    report, place = _report('a: 1')
    place.at('a').problem("Task 'x' not found.", "Did you mean 'y'?")
    error = _raised(report)
    assert type(error) is DSLParsingException
    assert str(error) == "Task 'x' not found."


def test_a_wrong_shape_is_told_with_its_place():
    report, place = _report('a:\n  b: x\n')
    assert not place.at('a', 'b').fits('x', shapes.natural)
    error = _raised(report)
    assert type(error) is InvalidModelException
    assert str(error) == "Invalid DSL: 'x' is not of type 'integer'\n\nAt line 2, column 3 (a.b)."


def test_the_first_of_several_problems_leads():
    report, place = _report('a: x\nb: y\n')
    place.at('b').mismatch('odd', 'Mend it.')
    place.at('a').problem('Wrong', 'Look again.')
    place.problem('All wrong')
    error = _raised(report)
    assert type(error) is DSLParsingException
    assert str(error) == (
        'Invalid DSL: odd\n'
        '\n'
        'At line 2, column 1 (b). Mend it.\n'
        '\n'
        'Other problems:\n'
        'line 1, column 1 (a): Wrong. Look again.\n'
        'All wrong'
    )


def test_expressions_are_checked_at_any_depth():
    report, place = _report('a: [{b: <% * %>}]')
    place.at('a').check_expressions([{'b': '<% * %>', 'c': 5, '<% * %>': '<% fine %>'}])
    error = _raised(report)
    assert type(error) is YaqlGrammarException
    assert str(error) == BAD_YAQL
    assert error.problems[0].path == 'a[0].b'


def test_problems_of_two_kinds_make_a_general_error():
    report, place = _report('a: 1')
    place.check_expressions(['<% * %>', '{{ * }}'])
    error = _raised(report)
    assert type(error) is DSLParsingException
    assert [problem.message for problem in error.problems] == [BAD_YAQL, BAD_JINJA]


def test_very_deep_values_are_checked():
    value: object = '<% * %>'
    for _ in range(2_000):
        value = [value]
    report, place = _report('a: 1')
    place.check_expressions(value)
    assert str(_raised(report)) == BAD_YAQL


@pytest.mark.parametrize(
    ('path', 'text'),
    [
        ((), ''),
        (('wf', 'tasks', 't1', 'on-success', 0), 'wf.tasks.t1.on-success[0]'),
        (('a.b', 'tasks', 'my task', True), "['a.b'].tasks['my task'][True]"),
    ],
)
def test_path_text(path, text):
    assert path_text(path) == text


def test_a_wrong_shape_without_a_place_is_its_message():
    assert summary([Problem('Invalid DSL: odd')]) == 'Invalid DSL: odd'


def test_a_message_does_not_list_very_many_problems():
    lines = summary([Problem(f'Problem {number}') for number in range(100)]).split('\n')
    assert lines[0] == 'Problem 0'
    assert lines[-2:] == ['Problem 20', '... and 79 more']
