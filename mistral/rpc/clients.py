"""Typed clients, one per service."""

from collections.abc import Mapping
from typing import Any

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.actions.serialization import serialize_action
from mistral.context import SYSTEM, RequestContext
from mistral.rpc.base import ENGINE, EXECUTOR, Transport


class EngineClient:
    """What the engine can be asked. All methods wait until the change is durable.

    They raise MistralException and its kinds: DBEntityNotFoundError for unknown ids,
    WorkflowException and InvalidStateTransitionException for what the state does not allow,
    InputException and EvaluationException for bad requests, NotAllowedException.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def start_workflow(
        self,
        caller: RequestContext,
        *,
        workflow_identifier: str,
        namespace: str = '',
        execution_id: str | None = None,
        input: Mapping[str, Any] | None = None,
        description: str | None = '',
        params: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Start a workflow by id or name; returns the columns of the execution as created.

        With the id of an existing execution that one is returned and nothing starts.
        """
        created: dict[str, Any] = self._call(
            caller,
            'start_workflow',
            workflow_identifier=workflow_identifier,
            namespace=namespace,
            execution_id=execution_id,
            input=input,
            description=description,
            params=params,
        )
        return created

    def start_action(
        self,
        caller: RequestContext,
        *,
        name: str,
        input: Mapping[str, Any],
        description: str | None = '',
        namespace: str = '',
        save_result: bool = False,
        run_sync: bool = False,
        timeout: float | None = None,
        target: str | None = None,
    ) -> dict[str, Any]:
        """Run an action outside any workflow; returns its columns, `id` None if not stored."""
        row: dict[str, Any] = self._call(
            caller,
            'start_action',
            name=name,
            input=input,
            description=description,
            namespace=namespace,
            save_result=save_result,
            run_sync=run_sync,
            timeout=timeout,
            target=target,
        )
        return row

    def complete_action(
        self, caller: RequestContext, action_execution_id: str, result: Result
    ) -> None:
        """Give an action its result."""
        self._call(
            caller,
            'complete_action',
            action_execution_id=action_execution_id,
            result=_result_data(result),
        )

    def report_result(self, request: ActionRequest, result: Result) -> None:
        """Give an action its result without waiting for what comes of it."""
        arguments = {
            'action_execution_id': request.action_execution_id,
            'execution_id': request.execution_context.get('workflow_execution_id'),
            'result': _result_data(result),
        }
        self._transport.cast(ENGINE, 'report_result', SYSTEM, arguments)

    def update_action(self, caller: RequestContext, action_execution_id: str, state: str) -> None:
        """Pause or resume an asynchronous action (state PAUSED or RUNNING)."""
        self._call(caller, 'update_action', action_execution_id=action_execution_id, state=state)

    def pause_workflow(self, caller: RequestContext, execution_id: str) -> dict[str, Any]:
        return self._change(caller, 'pause_workflow', execution_id=execution_id)

    def resume_workflow(
        self, caller: RequestContext, execution_id: str, env: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        return self._change(caller, 'resume_workflow', execution_id=execution_id, env=env)

    def stop_workflow(
        self,
        caller: RequestContext,
        execution_id: str,
        state: str,
        message: str | None = None,
    ) -> dict[str, Any]:
        """End an execution as SUCCESS, ERROR or CANCELLED."""
        return self._change(
            caller, 'stop_workflow', execution_id=execution_id, state=state, message=message
        )

    def update_env(
        self, caller: RequestContext, execution_id: str, env: Mapping[str, Any]
    ) -> dict[str, Any]:
        return self._change(caller, 'update_env', execution_id=execution_id, env=env)

    def rerun_task(
        self,
        caller: RequestContext,
        task_execution_id: str,
        reset: bool,
        env: Mapping[str, Any] | None = None,
    ) -> None:
        self._call(caller, 'rerun_task', task_execution_id=task_execution_id, reset=reset, env=env)

    def skip_task(
        self,
        caller: RequestContext,
        task_execution_id: str,
        env: Mapping[str, Any] | None = None,
    ) -> None:
        self._call(caller, 'skip_task', task_execution_id=task_execution_id, env=env)

    def _change(self, caller: RequestContext, method: str, **arguments: Any) -> dict[str, Any]:
        """Returns the columns of the execution as the change has left them."""
        changed: dict[str, Any] = self._call(caller, method, **arguments)
        return changed

    def _call(self, caller: RequestContext, method: str, **arguments: Any) -> Any:
        return self._transport.call(ENGINE, method, caller, arguments)


class ExecutorClient:
    """What an executor can be asked; actions travel as text (`mistral.actions.serialization`)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def run_action(self, request: ActionRequest, target: str | None) -> None:
        """Have an action run; its result goes to the engine."""
        self._transport.cast(
            EXECUTOR, 'run_action', request.caller, _packed(request), server=target
        )

    def run_action_sync(self, request: ActionRequest, target: str | None) -> Result:
        """Have an action run and wait for its result."""
        result = self._transport.call(
            EXECUTOR, 'run_action_sync', request.caller, _packed(request), server=target
        )
        return Result(**result)


def _result_data(result: Result) -> dict[str, Any]:
    return {'data': result.data, 'error': result.error, 'cancel': bool(result.cancel)}


def _packed(request: ActionRequest) -> dict[str, Any]:
    return {
        'action': serialize_action(request.action),
        'action_execution_id': request.action_execution_id,
        'name': request.name,
        'safe_rerun': request.safe_rerun,
        'execution_context': dict(request.execution_context),
        'timeout': request.timeout,
    }
