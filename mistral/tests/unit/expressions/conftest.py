"""The context of the reference's probes, and expression languages to try it with."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from mistral.expressions import ExpressionOptions, Expressions, functions
from mistral.expressions.jinja_expression import InlineJinjaEvaluator
from mistral.expressions.yaql_expression import InlineYAQLEvaluator

FUNCTION_NAMES = (
    'env execution executions global json_dump json_parse task tasks uuid yaml_dump yaml_parse'
)
FUNCTIONS = {name: getattr(functions, f'{name}_') for name in FUNCTION_NAMES.split()}


class FakeScope:
    """A running workflow with the tasks `a` (current, done) and `b`."""

    tasks_of_workflow: Mapping[str, Mapping[str, Any]] = {
        'a': {'id': 't1', 'name': 'a', 'state': 'SUCCESS', 'result': [1, {'k': 'v'}]},
        'b': {'id': 't2', 'name': 'b', 'state': 'ERROR', 'result': None},
    }

    def execution(self) -> Mapping[str, Any]:
        return {'id': 'wf-1', 'name': 'wf', 'input': {'b': 'two'}, 'params': {}}

    def executions(
        self,
        id: str | None = None,
        root_execution_id: str | None = None,
        state: str | None = None,
        from_time: str | None = None,
        to_time: str | None = None,
    ) -> Sequence[Mapping[str, Any]]:
        asked = {'id': id, 'root': root_execution_id, 'state': state}
        return [{**asked, 'from': from_time, 'to': to_time}]

    def task(self, name: str | None = None) -> Mapping[str, Any] | None:
        return self.tasks_of_workflow.get(name or 'a')

    def tasks(
        self,
        workflow_execution_id: str | None = None,
        recursive: bool = False,
        state: str | None = None,
        flat: bool = False,
    ) -> Sequence[Mapping[str, Any]]:
        tasks = self.tasks_of_workflow.values() if workflow_execution_id == 'wf-1' else ()
        return [task for task in tasks if state in (None, task['state'])]

    def global_variable(self, name: str) -> Any:
        return {'v': 7}.get(name)


def build_expressions(options: ExpressionOptions | None = None) -> Expressions:
    options = options or ExpressionOptions()
    evaluators = {
        'yaql': InlineYAQLEvaluator(options, FUNCTIONS),
        'jinja': InlineJinjaEvaluator(options, FUNCTIONS),
    }
    return Expressions(evaluators, options.allowed_languages)


@pytest.fixture(scope='session')
def expressions() -> Expressions:
    return build_expressions()


@pytest.fixture
def scope() -> FakeScope:
    return FakeScope()


@pytest.fixture
def context() -> dict[str, Any]:
    return {
        'x': 5,
        's': 'str',
        'l': [1, 2, 3],
        'd': {'a': 1, 'b': {'c': [1, 2]}},
        'n': None,
        't': True,
        'f': 1.5,
        'es': '',
        'lst': [{'name': 'a', 'v': 1}, {'name': 'b', 'v': 2}],
        'a': '<% $.x %>',
        '__env': {'e1': 'v1'},
        '__execution': {'id': 'wf-1'},
        '__task_execution': {'id': 't1', 'name': 'a'},
        '__versions': {'x': 1},
    }
