"""Helpers of the tests of the language."""

import re
import textwrap

from mistral.exceptions import (
    DSLParsingException,
    ExpressionGrammarException,
    JinjaGrammarException,
    YaqlGrammarException,
)
from mistral.lang.parser import Parser
from mistral.lang.specs import TaskSpec, WorkflowSpec

BAD_YAQL = "Parse error: unexpected '*' at position 1 of expression ' * '"
BAD_JINJA = "Syntax error 'unexpected '*''."
MIXED = (
    "The line already contains an expression of type 'jinja'."
    ' Mixing expression types in a single line is not allowed.'
)


class FakeExpressions:
    """Finds expressions as the languages do, and minds only one mistake: a lone asterisk."""

    def is_expression(self, text: str) -> bool:
        return re.search('<%.*?%>|{{.*?}}|{%.*?%}', text) is not None

    def validate(self, text: str) -> None:
        if '<%' in text and '{{' in text:
            raise ExpressionGrammarException(MIXED)
        if '<% * %>' in text:
            raise YaqlGrammarException(BAD_YAQL)
        if '{{ * }}' in text:
            raise JinjaGrammarException(BAD_JINJA)


PARSER = Parser(FakeExpressions())


def document(body: str) -> str:
    return "version: '2.0'\n" + textwrap.dedent(body)


def workflow_text(body: str) -> str:
    return document('wf:\n' + textwrap.indent(textwrap.dedent(body), '  '))


def task_text(body: str, workflow_type: str = 'direct') -> str:
    """A workflow with the task 't', and 'other' beside it."""
    tasks = 't:\n' + textwrap.indent(textwrap.dedent(body), '  ') + '\nother: {action: std.noop}'
    return workflow_text(f'type: {workflow_type}\ntasks:\n' + textwrap.indent(tasks, '  '))


def parse_workflow(text: str) -> WorkflowSpec:
    [definition] = PARSER.parse_workflows(text)
    return definition.spec


def parse_task(body: str, workflow_type: str = 'direct') -> TaskSpec:
    return parse_workflow(task_text(body, workflow_type)).tasks['t']


def failure(text: str, kind: str = 'workflows') -> DSLParsingException:
    """The error that parsing a text ends in."""
    try:
        getattr(PARSER, f'parse_{kind}')(text)
    except DSLParsingException as error:
        return error
    raise AssertionError(f'accepted: {text}')


def reason(text: str, kind: str = 'workflows') -> str:
    """The first line of the message that parsing a text ends in."""
    return str(failure(text, kind)).split('\n')[0]
