"""What Jinja expressions yield, mostly as observed on the reference (appendix A.3)."""

from collections.abc import Mapping
from typing import Any

import pytest

from mistral.exceptions import JinjaEvaluationException, JinjaGrammarException
from mistral.expressions import Expressions
from mistral.expressions.jinja_expression import InlineJinjaEvaluator
from mistral.tests.unit.expressions.conftest import FakeScope

INLINE_IF = 'the inline if-expression on line 1 evaluated to false and no else section was defined.'
CONTEXT_VIEW = "'mistral.workflow.data_flow.ContextView object'"


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('{{ _.x }}', 5),
        ('{{_.x}}', 5),
        ('{{ _.x }} ', '5 '),
        ('{{ _.x }}\n', '5'),
        ('x{{ _.x }}\n', 'x5'),
        ('{{ _.x }}{{ _.s }}', '5str'),
        ("{{ {'a': 1} }}", {'a': 1}),
        ("{{ {'a': {'b': 1}} }}", "{'a': {'b': 1}}"),
        ("{{ {'a': {'b': 1} } }}", {'a': {'b': 1}}),
        ('{% if _.t %}yes{% endif %}', 'yes'),
        ('{% if _.t %}{{ _.x }}{% endif %}', '5'),
        ('{% for i in _.l %}{{ i }},{% endfor %}', '1,2,3,'),
        ('{% for i in _.l %}{{ loop.index }}/{{ loop.length }} {% endfor %}', '1/3 2/3 3/3 '),
        ('{% for i in _.l if i > 1 %}{{ i }}{% else %}-{% endfor %}', '23'),
        ('{% for i in [] %}{{ i }}{% else %}-{% endfor %}', '-'),
        (
            '{% for i in [1, [2]] recursive %}{{ loop(i) if i is iterable else i }}{% endfor %}',
            '12',
        ),
        ('a {# c #} {{ _.x }}', 'a  5'),
        ("{{ '{{ x }}' }}", '{{ x }}'),
        ('{% raw %}{{ _.x }}{% endraw %}{{ 1 }}', '{{ _.x }}1'),
        ('{{ _.x }}\n{{ _.\nx }}', '5\n5'),
        ('n={{ _.n }} l={{ _.l }} d={{ _.d.b }}', "n=None l=[1, 2, 3] d={'c': [1, 2]}"),
        ('all: {{ _.l | map("string") }}', "all: ['1', '2', '3']"),
        ('{{ "yes" if false }}.', '.'),
        ('<% $.x %> {{ _.x }}', '<% $.x %> 5'),
    ],
)
def test_bare_expressions_keep_their_type_and_others_are_rendered(
    text: str, value: Any, expressions: Expressions, context: dict[str, Any]
) -> None:
    assert expressions.evaluate(text, context) == value


@pytest.mark.parametrize('text', ['{# c #}', '{{ _.x', '{{ _.\nx }}', '}} {{', '{% if\n _.t %}'])
def test_text_without_an_expression_on_one_line_stays(
    text: str, expressions: Expressions, context: dict[str, Any]
) -> None:
    assert not expressions.is_expression(text)
    assert expressions.evaluate(text, context) == text


@pytest.mark.parametrize(
    ('expression', 'value'),
    [
        ('_.missing | default("dd")', 'dd'),
        ('_.missing is defined', False),
        ('_.get("missing")', None),
        ('none', None),
        ('7/2', 3.5),
        ('7//2', 3),
        ('2 ** 10 * 3 % 1000', 72),
        ('"%s-%03d" % ("a", 7)', 'a-007'),
        ('"{}-{:03d}".format("a", 7)', 'a-007'),
        ('"a" ~ 1 ~ _.l', 'a1[1, 2, 3]'),
        ('"=" * 3 + "|" | center(5)', '===  |  '),
        ('_.l + [4]', [1, 2, 3, 4]),
        ('_.d.items()', [['a', 1], ['b', {'c': [1, 2]}]]),
        ('range(3)', [0, 1, 2]),
        ('_.l | map("string")', ['1', '2', '3']),
        ('(1,2)', [1, 2]),
        ('{2: none, true: 1}', {'2': None, 'true': 1}),
        ('_.s | escape', 'str'),
        ('_.lst | map(attribute="name") | join("-")', 'a-b'),
        ('"aXbX" | replace("X", "y", 1)', 'aybX'),
        (r'"a\nb" | indent(2)', 'a\n  b'),
        ('_.l | batch(2, 0)', [[1, 2], [3, 0]]),
        ('_.l | slice(2)', [[1, 2], [3]]),
        ('_.d | tojson', '{"a": 1, "b": {"c": [1, 2]}}'),
        ('__env', {'e1': 'v1'}),
        ('_.__env.e1', 'v1'),
        ('env().e1', 'v1'),
        ('__execution.id', 'wf-1'),
        ('__task_execution.name', 'a'),
        ('"x" in _', True),
        ('_ | length', 13),
        ('_.keys() | list | first', 'x'),
        ('_["l"][-1]', 3),
    ],
)
def test_value(
    expression: str, value: Any, expressions: Expressions, context: dict[str, Any]
) -> None:
    assert expressions.evaluate(f'{{{{ {expression} }}}}', context) == value


@pytest.mark.parametrize(
    ('expression', 'cause'),
    [
        ('_.missing', f"{CONTEXT_VIEW} has no attribute 'missing'"),
        ('_.__versions', f"{CONTEXT_VIEW} has no attribute '__versions'"),
        ('[_.missing]', f"{CONTEXT_VIEW} has no attribute 'missing'"),
        ('_.d.missing.more | default("dd")', "'dict object' has no attribute 'missing'"),
        ('_.n.a', "'None' has no attribute 'a'"),
        ('null', "'null' is undefined"),
        ('_.l[10]', 'list object has no element 10'),
        ('1 / 0', 'division by zero'),
        ('_.x + _.s', "unsupported operand type(s) for +: 'int' and 'str'"),
        ('_.s | foo', "No filter named 'foo'."),
        ('_.__class__', "access to attribute '__class__' of 'ContextView' object is unsafe."),
        ('"".__class__', "access to attribute '__class__' of 'str' object is unsafe."),
        ('_.l.append(5)', "access to attribute 'append' of 'list' object is unsafe."),
        ('_.d.update({})', "access to attribute 'update' of 'dict' object is unsafe."),
        ('_.update({})', 'Context view is immutable.'),
        (
            'range(100001)',
            'Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).',
        ),
        (
            '"yes" if false',
            INLINE_IF,
        ),
        ('_.items', 'a value of type method cannot be stored as JSON'),
        ('lipsum', 'a value of type function cannot be stored as JSON'),
        ('self', 'a value of type TemplateReference cannot be stored as JSON'),
        ('1 +', "unexpected 'end of template'"),
        ('1 2', 'chunk after expression'),
    ],
)
def test_error(
    expression: str, cause: str, expressions: Expressions, context: dict[str, Any]
) -> None:
    text = f'{{{{ {expression} }}}}'
    with pytest.raises(JinjaEvaluationException) as error:
        expressions.evaluate(text, context)
    assert str(error.value) == (
        f'Can not evaluate Jinja expression [expression={text}, error={cause}]'
    )
    assert context['l'] == [1, 2, 3]


@pytest.mark.parametrize('name', ['_.items', 'self', 'lipsum', 'namespace()', '_.s.upper'])
def test_objects_of_the_template_language_do_not_become_text(
    name: str, expressions: Expressions, context: dict[str, Any]
) -> None:
    with pytest.raises(JinjaEvaluationException, match=r'of type \w+ cannot become text\]$'):
        expressions.evaluate(f'x {{{{ {name} }}}}', context)


def test_templates_cannot_load_others(expressions: Expressions, context: dict[str, Any]) -> None:
    with pytest.raises(JinjaEvaluationException, match='no loader for this environment'):
        expressions.evaluate('{% include "x" %}', context)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{{ 1 * * 2 }}', "Syntax error 'unexpected '*''."),
        ('{{ }}', "Syntax error 'Expected an expression, got 'end of print statement''."),
        ('{% do x %}', "Syntax error 'Encountered unknown tag 'do'.'."),
    ],
)
def test_validate_reports_syntax_errors(text: str, message: str, expressions: Expressions) -> None:
    with pytest.raises(JinjaGrammarException) as error:
        expressions.validate(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    'text', ['{{ _.x }}', '{{ x | foo }}', '{% if a %}{{ nope() }}{% endif %}']
)
def test_validate_looks_at_nothing_but_syntax(text: str, expressions: Expressions) -> None:
    expressions.validate(text)


def test_whole_context_is_data_without_bookkeeping(
    expressions: Expressions, context: dict[str, Any]
) -> None:
    visible = {key: value for key, value in context.items() if key != '__versions'}
    assert expressions.evaluate('{{ _ }}', context) == visible
    assert expressions.evaluate('all {{ _ }}', context) == f'all {visible}'


def test_names_are_null_when_absent(expressions: Expressions) -> None:
    data = {'e': '{{ __execution }}', 't': '{{ __task_execution }}', 'env': '{{ __env }}'}
    assert expressions.evaluate(data, {}) == {'e': None, 't': None, 'env': {}}


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('{{ _ | env }}', {'e1': 'v1'}),
        ('{{ _ | json_dump(_.l[:1]) }}', '[\n    1\n]'),
        ('{{ _.l[:1] | json_dump }}', '[\n    1\n]'),
        ('{{ "[1]" | json_parse }}', [1]),
        ('{{ _ | task("b") }}', {'id': 't2', 'name': 'b', 'state': 'ERROR', 'result': None}),
        ('{{ (_ | task).name }}', 'a'),
        ('{{ ("b" | task).state }}', 'ERROR'),
        ('{{ (_ | json_dump | json_parse).x }}', 5),
    ],
)
def test_functions_as_filters(
    text: str, value: Any, context: dict[str, Any], scope: FakeScope, expressions: Expressions
) -> None:
    assert expressions.evaluate(text, context, scope) == value


def test_functions_of_plugins_get_the_context() -> None:
    def whereabouts(context: Mapping[str, Any], suffix: str = '') -> str:
        return f'{context["__execution"]["id"]}{context["__env"]}{context["$"]["x"]}{suffix}'

    evaluator = InlineJinjaEvaluator(functions={'whereabouts': whereabouts})
    context = {'x': 1, '__execution': {'id': 'e'}}
    assert evaluator.evaluate('{{ whereabouts() }}', context) == 'e{}1'
    assert evaluator.evaluate('{{ "!" | whereabouts }}', context) == 'e{}1!'
