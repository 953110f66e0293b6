"""The functions of both expression languages; entry points in `mistral.expression.functions`.

The first parameter is the context of the evaluation, filled in by the evaluator: a mapping with
`__execution`, `__task_execution`, `__env` and, for the functions here, the `Evaluation`. The rest
is for authors; YAQL takes keyword arguments in camelCase and in snake_case.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import yaml

from mistral.exceptions import DSLParsingException
from mistral.expressions.base import EVALUATION, Evaluation, Scope
from mistral.expressions.data import to_json
from mistral.lang import yaml_loader


def env_(context: Mapping[str, Any]) -> Any:
    """The environment of the workflow execution, an empty mapping if it has none."""
    environment = context['__env']
    return {} if environment is None else environment


def execution_(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The current workflow execution."""
    return _scope(context, 'execution').execution()


def executions_(
    context: Mapping[str, Any],
    id: str | None = None,
    root_execution_id: str | None = None,
    state: str | None = None,
    from_time: str | None = None,
    to_time: str | None = None,
) -> Sequence[Mapping[str, Any]]:
    """Workflow executions with from_time <= created_at < to_time; None is no filter."""
    scope = _scope(context, 'executions')
    return scope.executions(id, root_execution_id, state, from_time, to_time)


def task_(context: Mapping[str, Any], task_name: str | None = None) -> Mapping[str, Any] | None:
    """A task execution of this workflow, the current one without a name; None if there is none."""
    return _scope(context, 'task').task(task_name)


def tasks_(
    context: Mapping[str, Any],
    workflow_execution_id: str | None = None,
    recursive: bool = False,
    state: str | None = None,
    flat: bool = False,
) -> Sequence[Mapping[str, Any]]:
    """Task executions of a workflow execution; see `Scope.tasks`."""
    return _scope(context, 'tasks').tasks(workflow_execution_id, recursive, state, flat)


def global_(context: Mapping[str, Any], var_name: str) -> Any:
    """A variable of the workflow context (globals and vars); None if missing."""
    return _scope(context, 'global').global_variable(var_name)


def uuid_(context: Mapping[str, Any]) -> str:  # noqa: ARG001 - every function gets the context
    """A new random UUID."""
    return str(uuid4())


def json_parse_(context: Mapping[str, Any], data: Any) -> Any:  # noqa: ARG001 - as above
    """The data that a JSON text stands for."""
    return json.loads(_text(data))


def json_dump_(context: Mapping[str, Any], data: Any) -> str:
    """JSON text, indented by 4 and in ASCII."""
    return json.dumps(to_json(data, _evaluation(context).budget), indent=4)


def yaml_parse_(context: Mapping[str, Any], data: Any) -> Any:  # noqa: ARG001 - as above
    """The data that a YAML text stands for, in the dialect of workflow definitions."""
    try:
        return yaml_loader.load(_text(data)).data
    except DSLParsingException as error:
        raise ValueError(str(error.__cause__ or error)) from error


def yaml_dump_(context: Mapping[str, Any], data: Any) -> str:
    """YAML text in block style with sorted keys."""
    plain = to_json(data, _evaluation(context).budget)
    return yaml.dump(plain, Dumper=yaml.SafeDumper, default_flow_style=False)


def _evaluation(context: Mapping[str, Any]) -> Evaluation:
    evaluation: Evaluation = context[EVALUATION]
    return evaluation


def _scope(context: Mapping[str, Any], function: str) -> Scope:
    scope = _evaluation(context).scope
    if scope is None:
        raise ValueError(f'{function}() can be used only within a workflow execution')
    return scope


def _text(data: Any) -> str:
    if isinstance(data, bytes):
        return data.decode()
    if not isinstance(data, str):
        raise TypeError(f"{type(data)} can't be decoded")
    return data
