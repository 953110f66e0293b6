"""What YAQL expressions yield, mostly as observed on the reference (appendix A.3)."""

from typing import Any

import pytest

from mistral.exceptions import YaqlEvaluationException, YaqlGrammarException
from mistral.expressions import ExpressionOptions, Expressions
from mistral.tests.unit.expressions.conftest import FakeScope, build_expressions

NAMES_AND_VALUES = [{'name': 'a', 'v': 1}, {'name': 'b', 'v': 2}]


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('<% $.x %>', 5),
        ('<%$.x%>', 5),
        ('<%% $.x %%>', 5),
        ('<% $.x %> ', '5 '),
        (' <% $.x %>', ' 5'),
        ('<% $.x %>\n', '5\n'),
        ('<% $.x %><% $.s %>', '5str'),
        (
            'a <% $.n %> <% $.t %> <% $.l %> <% $.d %> <% $.f %>',
            "a None True [1, 2, 3] {'a': 1, 'b': {'c': [1, 2]}} 1.5",
        ),
        (r'\<% 1 %>', r'\1'),
        ('<% "<" + "%" %>', '<%'),
        ('<% $.a %>/<% $.x %>', '<% $.x %>/5'),
        ('on <% datetime(2020, 1, 1) %>', 'on 2020-01-01 00:00:00+00:00'),
        ('{<% {2 => 3} %>}', '{{2: 3}}'),
        ('<% set(b, a) %>!', "{'b', 'a'}!"),
        ('<% $.d.items() %>!', "[['a', 1], ['b', {'c': [1, 2]}]]!"),
    ],
)
def test_bare_expressions_keep_their_type_and_others_become_text(
    text: str, value: Any, expressions: Expressions, context: dict[str, Any]
) -> None:
    assert expressions.evaluate(text, context) == value


@pytest.mark.parametrize('text', ['<% $.x\n + 1 %>', '<% $.x', '$.x', '%> <%', ''])
def test_text_without_an_expression_on_one_line_stays(
    text: str, expressions: Expressions, context: dict[str, Any]
) -> None:
    assert not expressions.is_expression(text)
    assert expressions.evaluate(text, context) == text


def test_only_the_parts_on_one_line_are_evaluated(
    expressions: Expressions, context: dict[str, Any]
) -> None:
    text = '<% $.x\n + 1 %> <% $.x %>'
    assert expressions.evaluate(text, context) == '<% $.x\n + 1 %> 5'


@pytest.mark.parametrize(
    ('expression', 'value'),
    [
        ('$.get(missing)', None),
        ('$.n?.a', None),
        ('$.lst.name', ['a', 'b']),
        ('$.lst.where($.v > 1).name', ['b']),
        ('x', 'x'),
        ('True', 'True'),
        ('None', 'None'),
        ('$.x = 5', True),
        ('not $.x = 5', False),
        ('1 = 1.0', True),
        ('"1" = 1', False),
        ('7/2', 3),
        ('-7/2', -4),
        ('7.0/2', 3.5),
        ('round(2.5)', 2.0),
        ('null < 1', True),
        ('$.l[-1]', 3),
        ('$.d[a]', 1),
        ('$["x"]', 5),
        ('$.d.get(zz, 5)', 5),
        ('$.d[zz, 5]', 5),
        ('2 in $.l', True),
        ('"t" in $.s', True),
        ('2 * "ab"', 'abab'),
        ('{a=>1}+{a=>2}', {'a': 2}),
        ('$.l + $.l', [1, 2, 3, 1, 2, 3]),
        ('($.l + $.l)[-1]', 3),
        ('set(3, 1, 2, 1)', [3, 1, 2]),
        ('set(3, 1).union(set(2, 1))', [3, 1, 2]),
        ('set(3, 1, 2).add(0, 3)', [3, 1, 2, 0]),
        ('set(3, 1, 2) - set(1)', [3, 2]),
        ('set(3, 1, 2).intersect(set(1, 2, 9))', [1, 2]),
        ('set(3, 1).symmetricDifference(set(1, 2))', [3, 2]),
        ('set(1, 2) = set(2, 1)', True),
        ('range(3)', [0, 1, 2]),
        ('$.d.keys()', ['a', 'b']),
        ('$.d.values()', [1, {'c': [1, 2]}]),
        ('$.d.items()', [['a', 1], ['b', {'c': [1, 2]}]]),
        ('$.lst.groupBy($.name)', [['a', [NAMES_AND_VALUES[0]]], ['b', [NAMES_AND_VALUES[1]]]]),
        ('$.lst.toDict($.name, $.v)', {'a': 1, 'b': 2}),
        ('dict($.lst.select([$.name, $.v]))', {'a': 1, 'b': 2}),
        ('[].first(null)', None),
        ('switch($.x = 6 => yes)', None),
        ('coalesce($.n, 1)', 1),
        ('$.es or dflt', 'dflt'),
        ('$.n or $.x', 5),
        ('str($.n) + str($.t)', 'nulltrue'),
        ('str($.l)', '(1, 2, 3)'),
        ('datetime(2020,1,2).format("%Y-%m-%d")', '2020-01-02'),
        ('datetime(2020, 1, 2, 3, 4, 5, 678)', '2020-01-02T03:04:05.000678'),
        ('timespan(hours => 1)', 3600.0),
        ('{2 => 3, true => [null]}', {'2': 3, 'true': [None]}),
        ('$__env', {'e1': 'v1'}),
        ('$__env.e1', 'v1'),
        ('$__execution.id', 'wf-1'),
        ('$__task_execution.name', 'a'),
        ('$.get("__execution").id', 'wf-1'),
        ('$unknown', None),
        ('let(a => 1) -> $a + 1', 2),
        ('$.l.join("-")', '1-2-3'),
        ('"-".join($.l)', '1-2-3'),
        ('"abab".replace(ab, c, 1)', 'cab'),
        ('"abc".replace({a => x, b => y})', 'xyc'),
        ('"abcadc".replace(regex("a(.)"), "<\\\\1>", count => 1)', '<b>cadc'),
        ('regex("a.").replace("abcadc", xx)', 'xxcxxc'),
        ('[1, [2, [3]]].flatten()', [1, 2, 3]),
        ('$.lst.select($.v).len()', 2),
        ('pow(3, 2) + pow(3, 2, 5)', 13),
        ('shiftBitsLeft(1, 4)', 16),
    ],
)
def test_value(
    expression: str, value: Any, expressions: Expressions, context: dict[str, Any]
) -> None:
    assert expressions.evaluate(f'<% {expression} %>', context) == value


@pytest.mark.parametrize(
    ('expression', 'cause'),
    [
        ('$.missing', "'missing'"),
        ('$.d.missing', "'missing'"),
        ('$.n.a', 'Unknown function "#property#a"'),
        ('$.x.y', 'Unknown function "#property#y"'),
        ('$.x > $.s', 'No function "#operator_>" matches supplied arguments'),
        ('$.l[10]', 'tuple index out of range'),
        ('$.s[0]', 'No function "#indexer" matches supplied arguments'),
        ('a in $.d', 'No function "#operator_in" matches supplied arguments'),
        ("'a' + 1", 'No function "#operator_+" matches supplied arguments'),
        ('$.t + 1', 'No function "#operator_+" matches supplied arguments'),
        ('$.n + 1', 'No function "#operator_+" matches supplied arguments'),
        ('1 / 0', 'integer division or modulo by zero'),
        ('int(zz)', "invalid literal for int() with base 10: 'zz'"),
        ('[].first()', ''),
        ('set(json_parse("[[1]]")[0])', "unhashable type: 'list'"),
        ('json_pp($.d)', 'Unknown function "json_pp"'),
        ('$.n.len()', 'No method "len" for receiver None matches supplied arguments'),
        ('$.n.foo()', 'Unknown method "foo" for receiver None'),
        ('$.x == 5', "Parse error: unexpected '=' at position 5 of expression '$.x == 5'"),
        ('5 +', 'Parse error: unexpected end of statement'),
        ('let(a => 1)', 'a value of type ScratchContext cannot be stored as JSON'),
        ('regex(a)', 'a value of type regex cannot be stored as JSON'),
        ('{[1] => 2}', 'a map with a key of type list cannot be stored as JSON'),
        ('float(nan)', 'the number nan cannot be stored as JSON'),
        (r'"\ud800"', 'text with half of a surrogate pair cannot be stored as JSON'),
    ],
)
def test_error(
    expression: str, cause: str, expressions: Expressions, context: dict[str, Any]
) -> None:
    with pytest.raises(YaqlEvaluationException) as error:
        expressions.evaluate(f'<% {expression} %>', context)
    assert str(error.value) == (
        f'Can not evaluate YAQL expression [expression={expression}, error={cause}]'
    )


@pytest.mark.parametrize(
    ('expression', 'cause'),
    [
        ('$.typo()', 'Unknown method "typo" for receiver of type map'),
        ('$.secret.typo()', 'Unknown method "typo" for receiver of type string'),
        ('[$.secret].typo()', 'Unknown method "typo" for receiver of type list'),
        ('$.len(1)', 'No method "len" for receiver of type map matches supplied arguments'),
        ('[1].select($.typo())', 'Unknown method "typo" for receiver of type integer'),
    ],
)
def test_errors_do_not_show_values(expression: str, cause: str, expressions: Expressions) -> None:
    with pytest.raises(YaqlEvaluationException) as error:
        expressions.evaluate(f'<% {expression} %>', {'secret': 'S3CR3T'})
    assert f'error={cause}]' in str(error.value)
    assert 'S3CR3T' not in str(error.value)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('<% $.x == 5 %>', "Parse error: unexpected '=' at position 6 of expression ' $.x == 5 '"),
        ("<% '%>' %>", "Lexical error: illegal character ''' at position 1"),
        ('<% $.__env %>', "Lexical error: illegal character '_' at position 3"),
        ('<% 1e5 %>', "Lexical error: illegal character '1' at position 1"),
        ('<% 5. %>', 'Parse error: unexpected end of statement'),
        ('<% %>', 'Parse error: unexpected end of statement'),
        ('<% $.x %> <% * %>', "Parse error: unexpected '*' at position 1 of expression ' * '"),
    ],
)
def test_validate_reports_syntax_errors(text: str, message: str, expressions: Expressions) -> None:
    with pytest.raises(YaqlGrammarException) as error:
        expressions.validate(text)
    assert str(error.value) == message


@pytest.mark.parametrize('text', ['<% $.x %>', '<% f() %> and <% $.missing %>', '<% 1 + a %>'])
def test_validate_looks_at_nothing_but_syntax(text: str, expressions: Expressions) -> None:
    expressions.validate(text)


def test_whole_context_is_data_without_bookkeeping(
    expressions: Expressions, context: dict[str, Any]
) -> None:
    visible = {key: value for key, value in context.items() if key != '__versions'}
    assert expressions.evaluate('<% $ %>', context) == visible
    assert expressions.evaluate('<% $.keys() %>', context) == list(visible)
    assert expressions.evaluate('<% $.len() %>', context) == len(visible)
    assert expressions.evaluate('<% $.containsKey(x) and not $.containsKey(y) %>', context) is True
    assert expressions.evaluate('<% $.get("__versions") %>', context) is None
    merged = expressions.evaluate('<% $.mergeWith({d => {z => 1}}).d %>', context)
    assert merged == {**context['d'], 'z': 1}


def test_environment_is_empty_by_default(expressions: Expressions) -> None:
    assert expressions.evaluate(['<% env() %>', '<% $__env %>'], {}) == [{}, {}]
    assert expressions.evaluate('<% $__task_execution %>', {}) is None


def test_results_share_nothing_with_the_context(
    expressions: Expressions, context: dict[str, Any]
) -> None:
    result = expressions.evaluate('<% $.d %>', context)
    result['b']['c'].append(3)
    assert context['d'] == {'a': 1, 'b': {'c': [1, 2]}}


@pytest.mark.parametrize(
    ('options', 'text', 'value'),
    [
        (ExpressionOptions(convert_input_data=False), '<% str($.l) %>', '[1, 2, 3]'),
        (ExpressionOptions(convert_input_data=False), '<% $.d.b.c[0] + $.x %>', 6),
        (ExpressionOptions(convert_tuples_to_lists=False), '!<% $.l %>', '!(1, 2, 3)'),
        (ExpressionOptions(convert_sets_to_lists=True), '!<% set(1, 2) %>', '![1, 2]'),
        (ExpressionOptions(convert_output_data=False), '!<% $.l %>', '!(1, 2, 3)'),
        (ExpressionOptions(iterable_dicts=True), '<% $.d.select($) %>', ['a', 'b']),
        (ExpressionOptions(keyword_operator='->>'), '<% {a ->> 1} %>', {'a': 1}),
        (ExpressionOptions(allow_delegates=True), '<% lambda($ + 1)(2) %>', 3),
    ],
)
def test_options(
    options: ExpressionOptions, text: str, value: Any, context: dict[str, Any]
) -> None:
    assert build_expressions(options).evaluate(text, context) == value


@pytest.mark.parametrize(
    ('options', 'text', 'cause'),
    [
        (ExpressionOptions(limit_iterators=2), '<% $.l %>', 'Collection length exceeds 2 elements'),
        (
            ExpressionOptions(limit_iterators=2),
            '<% range(5).len() %>',
            'Collection length exceeds 2 elements',
        ),
        (
            ExpressionOptions(memory_quota=200),
            '<% "0123456789" * 100 %>',
            'Expression consumed too much memory',
        ),
        (ExpressionOptions(keyword_operator=''), '<% {a => 1} %>', 'Parse error'),
        (ExpressionOptions(), '<% lambda($ + 1)(2) %>', 'Parse error'),
    ],
)
def test_options_that_refuse(
    options: ExpressionOptions, text: str, cause: str, context: dict[str, Any]
) -> None:
    with pytest.raises(YaqlEvaluationException, match=cause):
        build_expressions(options).evaluate(text, context)


def test_function_results_can_be_read_on(
    expressions: Expressions, context: dict[str, Any], scope: FakeScope
) -> None:
    assert expressions.evaluate('<% task().result[1].k %>', context, scope) == 'v'
    assert expressions.evaluate('<% task(nope)?.result %>', context, scope) is None
