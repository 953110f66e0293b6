"""What clients may ask of workflow executions: the rules about the shape of their requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from mistral import states
from mistral.exceptions import InputException

#: Parameters that the service itself gives to sub-workflows.
_INTERNAL_PARAMS: Final = frozenset(
    {'async_', 'description', 'index', 'root_execution_id', 'task_execution_id'}
)


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A workflow to start; `execution_id` None lets the engine choose one."""

    workflow_identifier: str
    namespace: str
    execution_id: str | None
    input: dict[str, Any]
    description: str | None
    params: dict[str, Any]

    @classmethod
    def from_body(cls, given: Mapping[str, Any], source: Mapping[str, Any] | None) -> Self:
        """Read a request; `source` is an execution whose workflow, input and parameters are taken
        where the request itself says nothing. Raises InputException."""
        params = given.get('params')
        refuse_internal_params(params or {})
        workflow_input = given.get('input')
        namespace = given.get('workflow_namespace')
        description = given.get('description', '')
        identifier = given.get('workflow_id') or given.get('workflow_name')
        if source is not None:
            identifier = given.get('workflow_id') or source['workflow_id']
            namespace = source['workflow_namespace'] if namespace is None else namespace
            workflow_input = source['input'] if workflow_input is None else workflow_input
            params = _own_params(source['params']) if params is None else params
            note = f"Based on the execution '{source['id']}'"
            description = f'{description} {note}' if description else note
        if not identifier:
            raise InputException(
                'Workflow ID or workflow name must be provided. Workflow ID is recommended.'
            )
        return cls(
            workflow_identifier=identifier,
            namespace=namespace or '',
            execution_id=given.get('id') or None,
            input=workflow_input or {},
            description=description,
            params=params or {},
        )


@dataclass(frozen=True, slots=True)
class ExecutionUpdate:
    """A change to an execution: a new state, or a description and variables of its environment.

    `env` may come with the state RUNNING, too; `state_info` only with SUCCESS, ERROR, CANCELLED.
    """

    state: str | None
    state_info: str | None
    description: str | None
    env: dict[str, Any] | None

    @classmethod
    def from_body(cls, given: Mapping[str, Any]) -> Self:
        """Read a request; falsy values count as absent. Raises InputException."""
        state = given.get('state') or None
        description = given.get('description') or None
        env = (given.get('params') or {}).get('env') or None
        if not (state or description or env):
            raise InputException(
                'The property state, description, or env is not provided for update.'
            )
        if state and description:
            raise InputException('The property description must be updated separately from state.')
        if env is not None and not isinstance(env, dict):
            raise InputException(
                f'Unexpected value type for environment [env={env}, type={type(env)}]'
            )
        if state and env and state != states.RUNNING:
            raise InputException(
                'The property env can only be updated when workflow execution is not running '
                'or on resume from pause.'
            )
        # A request for SKIPPED, a state of tasks only, has always been taken and changes nothing.
        if state and state not in {*states.REQUESTABLE, states.SKIPPED}:
            raise InputException(
                f'Cannot change state to {state}. '
                f"Allowed states are: '{', '.join(states.REQUESTABLE)}"
            )
        return cls(state, given.get('state_info') or None, description, env)


def refuse_internal_params(params: Mapping[str, Any]) -> None:
    """Raise InputException if a client gives what only the service may."""
    internal = sorted(_INTERNAL_PARAMS & set(params))
    if internal:
        raise InputException(
            f'Parameters that only the service itself may give: {", ".join(internal)}'
        )


def _own_params(params: Mapping[str, Any] | None) -> dict[str, Any]:
    """The parameters of an execution without those that tie it to its parent."""
    return {name: value for name, value in (params or {}).items() if name not in _INTERNAL_PARAMS}
