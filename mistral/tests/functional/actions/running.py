"""Runs standard actions by name, without a server."""

import functools
from collections.abc import Mapping
from typing import Any

from mistral_lib.actions import Result
from mistral_lib.actions.context import ActionContext, ExecutionContext, SecurityContext

from mistral.actions.descriptors import instantiate
from mistral.actions.plugins import PluginActionProvider
from mistral.actions.providers import PluginSettings
from mistral.actions.serialization import deserialize_action, serialize_action

CONTEXT = ActionContext(
    SecurityContext(project_id='project'),
    ExecutionContext(
        workflow_execution_id='wf-ex',
        task_execution_id='task-ex',
        workflow_name='wf',
        action_execution_id='action-ex',
        callback_url='/v2/action_executions/action-ex',
    ),
)


@functools.cache
def installed_actions() -> PluginActionProvider:
    return PluginActionProvider('legacy', PluginSettings(only_builtin=True))


def run_action(name: str, input_: Mapping[str, Any]) -> Any:
    """The data of the action's result, or its error Result."""
    descriptor = installed_actions().find(name)
    assert descriptor is not None, name
    descriptor.check_parameters(input_)
    action = instantiate(descriptor, input_, {})
    result = deserialize_action(serialize_action(action)).run(CONTEXT)
    return result.data if isinstance(result, Result) and result.is_success() else result
