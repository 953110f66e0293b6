"""The functions of both languages."""

from typing import Any
from uuid import UUID

import pytest

from mistral.exceptions import EvaluationException
from mistral.expressions import Expressions
from mistral.tests.unit.expressions.conftest import FakeScope


@pytest.mark.parametrize(
    ('yaql', 'jinja', 'value'),
    [
        ('env().e1', 'env().e1', 'v1'),
        ('execution().id', 'execution().id', 'wf-1'),
        ('execution().input.b', 'execution().input.b', 'two'),
        ('task().name', 'task().name', 'a'),
        ('task(b).state', 'task("b").state', 'ERROR'),
        ('task(taskName => b).id', 'task(task_name="b").id', 't2'),
        ('task(task_name => b).id', 'task("b").id', 't2'),
        ('task(nope)', 'task("nope")', None),
        ('task(a).result[1].k', 'task("a").result[1].k', 'v'),
        ('tasks(execution().id).name', 'tasks("wf-1") | map(attribute="name")', ['a', 'b']),
        ('tasks(wf, false, ERROR)', 'tasks("wf", state="ERROR")', []),
        (
            'tasks(workflowExecutionId => "wf-1", state => ERROR).name',
            'tasks(workflow_execution_id="wf-1", state="ERROR") | map(attribute="name")',
            ['b'],
        ),
        ('tasks(workflow_execution_id => "wf-1").len()', 'tasks("wf-1") | length', 2),
        ('executions(id => x).first().id', 'executions(id="x")[0].id', 'x'),
        (
            'executions(rootExecutionId => r, fromTime => f).select([$.root, $.from])',
            '[[executions(none, "r")[0].root, executions(from_time="f")[0].from]]',
            [['r', 'f']],
        ),
        ('executions(root_execution_id => r)[0].root', 'executions(none, "r")[0].root', 'r'),
        ('global(v)', 'global("v")', 7),
        ('global(varName => nope)', 'global("nope")', None),
        ('json_parse("[1, {}]")', 'json_parse("[1, {}]")', [1, {}]),
        ('json_dump("é")', 'json_dump("é")', '"\\u00e9"'),
        (
            'json_dump({b => [1], a => null})',
            'json_dump({"b": [1], "a": none})',
            '{\n    "b": [\n        1\n    ],\n    "a": null\n}',
        ),
        ('yaml_dump([1,{a=>2}])', 'yaml_dump([1, {"a": 2}])', '- 1\n- a: 2\n'),
        ('yaml_dump({b => é, a => 1})', 'yaml_dump({"b": "é", "a": 1})', 'a: 1\nb: "\\xE9"\n'),
        (
            r'yaml_parse("a: &x 1\nb: *x\nc: @z\ne: yes")',
            r'yaml_parse("a: &x 1\nb: *x\nc: @z\ne: yes")',
            {'a': '&x 1', 'b': '*x', 'c': '@z', 'e': True},
        ),
        ('yaml_parse("2020-01-02")', 'yaml_parse("2020-01-02")', '2020-01-02'),
        ('json_dump(set(b, a))', 'json_dump(("b", "a"))', '[\n    "b",\n    "a"\n]'),
    ],
)
def test_both_languages_agree(
    yaql: str,
    jinja: str,
    value: Any,
    expressions: Expressions,
    context: dict[str, Any],
    scope: FakeScope,
) -> None:
    assert expressions.evaluate(f'<% {yaql} %>', context, scope) == value
    assert expressions.evaluate(f'{{{{ {jinja} }}}}', context, scope) == value


@pytest.mark.parametrize(
    ('call', 'cause'),
    [
        (
            'json_parse("{x")',
            'Expecting property name enclosed in double quotes: line 1 column 2 (char 1)',
        ),
        ('json_parse(5)', "<class 'int'> can't be decoded"),
        ('yaml_parse(5)', "<class 'int'> can't be decoded"),
        ('yaml_parse("[")', 'while parsing a flow node'),
    ],
)
def test_errors(call: str, cause: str, expressions: Expressions) -> None:
    for text in (f'<% {call} %>', f'{{{{ {call} }}}}'):
        with pytest.raises(EvaluationException) as error:
            expressions.evaluate(text, {})
        assert f', error={cause}' in str(error.value)


@pytest.mark.parametrize(
    'call', ['tasks(nonsense => 1)', 'env(1)', 'task(a, b)', 'global()', 'uuid(1)']
)
def test_wrong_arguments_in_yaql(call: str, expressions: Expressions) -> None:
    with pytest.raises(
        EvaluationException, match=r'error=No function "\w+" matches supplied arguments\]'
    ):
        expressions.evaluate(f'<% {call} %>', {})


def test_functions_are_not_methods(expressions: Expressions, context: dict[str, Any]) -> None:
    with pytest.raises(EvaluationException, match='Unknown method "env" for receiver of type map'):
        expressions.evaluate('<% $.env() %>', context)


def test_uuids_are_new_each_time(expressions: Expressions) -> None:
    first, second = expressions.evaluate(['<% uuid() %>', '<% uuid() %>'], {})
    assert UUID(first) != UUID(second)
    assert expressions.evaluate('<% uuid().len() %>', {}) == 36


def test_missing_arguments_in_jinja(expressions: Expressions) -> None:
    with pytest.raises(
        EvaluationException, match=r"json_dump_\(\) missing 1 required positional argument: 'data'"
    ):
        expressions.evaluate('{{ json_dump() }}', {})
