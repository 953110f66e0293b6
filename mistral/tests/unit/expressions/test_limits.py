"""Expressions that would run away end as evaluation errors."""

import pytest

from mistral.exceptions import EvaluationException
from mistral.expressions import ExpressionOptions, Expressions
from mistral.tests.unit.expressions.conftest import build_expressions

TOO_MANY = 'Collection length exceeds 1000 elements'
TOO_LONG = 'the evaluation took more than 0.1 seconds of processor time'
TOO_LARGE = 'Expression consumed too much memory'
TOO_MANY_BITS = 'the result is an integer of more than 1000000 bits'


@pytest.fixture(scope='module')
def hurried() -> Expressions:
    return build_expressions(ExpressionOptions(time_limit=0.1))


@pytest.fixture(scope='module')
def narrow() -> Expressions:
    return build_expressions(ExpressionOptions(limit_iterators=1000, memory_quota=200_000))


@pytest.mark.parametrize(
    ('expression', 'cause'),
    [
        ('sequence()', TOO_MANY),
        ('sequence().len()', TOO_MANY),
        ('len(sequence())', TOO_MANY),
        ('sequence().where(false)', TOO_MANY),
        ('[1].cycle()', TOO_MANY),
        ('1.repeat()', TOO_MANY),
        ('range(1000000000)', TOO_MANY),
        ('generate(1, true, $ + 1)', TOO_MANY),
        ('set(sequence())', TOO_MANY),
        ('x in 1.repeat()', TOO_MANY),
        ("'a' * 1000000000", TOO_LARGE),
        ('[1] * 1000000000', TOO_LARGE),
        ('1000000000 * [1]', TOO_LARGE),
        ("range(100).aggregate($1 + $1, 'aaaaaaaaaa')", TOO_LARGE),
        ('range(60).aggregate($1.replace(a, aaaa), a)', TOO_LARGE),
        ('range(60).aggregate($1.replace({a => aaaa}), a)', TOO_LARGE),
        ('range(60).aggregate($1.replace(regex(a), aaaa), a)', TOO_LARGE),
        (r"range(60).aggregate(regex('(a)').replace($1, '\\1\\1\\1'), a)", TOO_LARGE),
        ("range(1000).join('a' * 10000)", TOO_LARGE),
        ("('a' * 10000).join(range(1000))", TOO_LARGE),
        ('pow(10, 1000000000)', TOO_MANY_BITS),
        ('shiftBitsLeft(1, 1000000000)', TOO_MANY_BITS),
        ('range(60).aggregate($1 * $1, 10)', TOO_MANY_BITS),
    ],
)
def test_yaql_that_would_grow(expression: str, cause: str, narrow: Expressions) -> None:
    with pytest.raises(EvaluationException) as error:
        narrow.evaluate(f'<% {expression} %>', {})
    assert str(error.value).endswith(f', error={cause}]')


#: A list of two lists, which are the same list of two lists, and so on.
NESTED = 'let(l => range(60).aggregate([$1, $1], [])) -> '


@pytest.mark.parametrize(
    'expression',
    [
        'range(9000).select(range(9000).len())',
        'range(9000).where(range(9000).any($ < 0))',
        'sequence().where(range(90).any($ < 0))',
        f'{NESTED}$l',
        f'{NESTED}$l.flatten().len()',
        f'{NESTED}json_dump($l)',
        f'{NESTED}str($l).len()',
    ],
)
def test_yaql_that_would_take_forever(expression: str, hurried: Expressions) -> None:
    with pytest.raises(EvaluationException) as error:
        hurried.evaluate(f'<% {expression} %>', {})
    assert str(error.value).endswith(f', error={TOO_LONG}]')


@pytest.mark.parametrize(
    'expression',
    [
        '"a" * 10**9',
        '[1] * 10**9',
        '10**9 * "a"',
        '"%1000000000d" % 1',
        '"%*d" % (10**9, 1)',
        '"%.*f" % (10**9, 1)',
        '"%1000000000d" | format(1)',
        '"{:>1000000000}".format(1)',
        '"{:>{}d}".format(1, 10**9)',
        '"{a:>1000000000}".format_map({"a": 1})',
        '"a" | center(10**9)',
        '"a".ljust(10**9)',
        '"1".zfill(10**9)',
        r'"\t".expandtabs(10**9)',
        r'"a\nb" | indent(10**9)',
        '("a" * 10**4) | replace("a", "b" * 10**4)',
        '("a" * 10**4).replace("a", "b" * 10**4)',
        '("a" * 10**4).translate({97: "b" * 10**4})',
        '("a" * 10**4) | wordwrap(1, wrapstring="b" * 10**4)',
        'range(10**4) | join("b" * 10**4)',
        '("b" * 10**4).join(["a"] * 10**4)',
    ],
)
def test_jinja_values_that_would_be_too_large(expression: str, narrow: Expressions) -> None:
    with pytest.raises(EvaluationException) as error:
        narrow.evaluate(f'{{{{ {expression} }}}}', {})
    assert str(error.value) == (
        f'Expression evaluation exceeded the available memory [expression={expression}]'
    )


@pytest.mark.parametrize('change', ['ns.x ~ ns.x', 'ns.x + ns.x', 'ns.x | replace("a", "aaa")'])
def test_jinja_text_that_grows_in_a_loop(change: str, narrow: Expressions) -> None:
    text = (
        '{% set ns = namespace(x="aaaa") %}'
        f'{{% for i in range(60) %}}{{% set ns.x = {change} %}}{{% endfor %}}{{{{ ns.x }}}}'
    )
    with pytest.raises(EvaluationException, match=r'^Expression evaluation exceeded the available'):
        narrow.evaluate(text, {})


@pytest.mark.parametrize(
    ('expression', 'cause'),
    [
        ('10 ** (10 ** 10)', TOO_MANY_BITS),
        ('range(100000)', TOO_MANY),
        ('[1] | batch(10**9, 0) | list', TOO_MANY),
        ('[1] | slice(10**9) | list', TOO_MANY),
        ('[1] | tojson(indent=10**9)', TOO_MANY),
        ('lipsum(n=10**9)', TOO_MANY),
    ],
)
def test_jinja_that_would_grow(expression: str, cause: str, narrow: Expressions) -> None:
    with pytest.raises(EvaluationException) as error:
        narrow.evaluate(f'{{{{ {expression} }}}}', {})
    assert str(error.value).endswith(f', error={cause}]')


LOOP_IN_LOOP = '{% for i in range(99999) %}{% for i in range(99999) %}{% endfor %}{% endfor %}'
CALLS = '{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}'
NESTING = '{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}'


@pytest.mark.parametrize(
    'text',
    [
        LOOP_IN_LOOP,
        '{% set r = range(9999) %}{% for i in r %}{% for j in r %}x{% endfor %}{% endfor %}',
        f'{CALLS}{{{{ f(60) }}}}',
        f'{{% set ns = namespace(l=[]) %}}{NESTING}{{{{ ns.l }}}}',
        f'{{% set ns = namespace(l=[]) %}}{NESTING}{{{{ "" ~ ns.l }}}}',
    ],
)
def test_jinja_that_would_take_forever(text: str, hurried: Expressions) -> None:
    with pytest.raises(EvaluationException) as error:
        hurried.evaluate(text, {})
    assert str(error.value).endswith(f', error={TOO_LONG}]')


@pytest.mark.parametrize(
    'text',
    [
        '<% range(9000).select($ * 2).len() %>',
        '<% ("ab" * 1000).replace(a, ccc).len() %>',
        '<% pow(2, 1000) > 0 %>',
        '{% for i in range(5000) %}{{ i }}{% endfor %}',
        '{{ "%5d|%-10s|%.2f" % (1, "a", 1.5) ~ "{:>9,.2f}".format(1234.5) }}',
    ],
)
def test_what_workflows_do_is_far_from_the_limits(text: str, expressions: Expressions) -> None:
    assert expressions.evaluate(text, {})
