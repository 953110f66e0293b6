"""Typed clients, one per service."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.actions.serialization import serialize_action
from mistral.context import SYSTEM, RequestContext
from mistral.exceptions import ActionException, RpcError, SizeLimitExceededException
from mistral.rpc.base import ENGINE, EXECUTOR, NOTIFIER, Transport
from mistral.rpc.work import result_data
from mistral.utils.futures import in_thread
from mistral.utils.ids import new_id


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
            # The call may be delivered twice: then the second one finds the execution.
            execution_id=execution_id or new_id(),
            id_is_fresh=not execution_id,
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
            result=result_data(result),
        )

    def update_action(self, caller: RequestContext, action_execution_id: str, state: str) -> None:
        """Pause or resume an asynchronous action (state PAUSED or RUNNING)."""
        self._call(caller, 'update_action', action_execution_id=action_execution_id, state=state)

    def pause_workflow(
        self, caller: RequestContext, execution_id: str, message: str | None = None
    ) -> dict[str, Any]:
        """Pause an execution; `message` says why."""
        return self._change(caller, 'pause_workflow', execution_id=execution_id, message=message)

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

    def __init__(self, transport: Transport, engine: Callable[[], str | None]) -> None:
        """`engine` gives the name of this engine's server, where results go first."""
        self._transport = transport
        self._engine = engine

    def run_actions(
        self, caller: RequestContext, requests: Sequence[tuple[ActionRequest, str | None]]
    ) -> dict[str, str]:
        """Have actions run, each by the executor that is named with it or by any.

        Their results go to the engine. Returns what keeps actions from being sent at all, by
        their ids; raises RpcError if the message bus does not take all of the others.
        """
        by_server: dict[str | None, list[dict[str, Any]]] = {}
        refused = {}
        for request, target in requests:
            try:
                packed = self._packed(request)
            except ActionException as e:
                refused[str(request.action_execution_id)] = str(e)
            else:
                by_server.setdefault(target, []).append(packed)
        trouble: RpcError | None = None
        for target, calls in by_server.items():
            try:
                refused |= self._send(caller, calls, target)
            except RpcError as e:
                # That there is no such executor must not keep the others waiting.
                trouble = e
        if trouble is not None:
            raise trouble
        return refused

    def run_action_sync(self, request: ActionRequest, target: str | None) -> 'Future[Result]':
        """Have an action run; the future gives its result."""
        packed = self._packed(request)

        def call() -> Result:
            result = self._transport.call(
                EXECUTOR, 'run_action_sync', request.caller, packed, server=target
            )
            return Result(**result)

        return in_thread('waits-for-action', call)

    def _packed(self, request: ActionRequest) -> dict[str, Any]:
        return {
            'action': serialize_action(request.action),
            'action_execution_id': request.action_execution_id,
            'name': request.name,
            'safe_rerun': request.safe_rerun,
            'execution_context': dict(request.execution_context),
            'timeout': request.timeout,
            'engine': self._engine(),
        }

    def _send(
        self, caller: RequestContext, calls: Sequence[Mapping[str, Any]], target: str | None
    ) -> dict[str, str]:
        """Send requests to one executor, or to any; returns those that are too large to be sent."""
        try:
            self._transport.cast(EXECUTOR, 'run_action', caller, calls, server=target)
        except SizeLimitExceededException as e:
            if len(calls) == 1:
                return {calls[0]['action_execution_id']: str(e)}
            # It is not known which one it was. That the others come twice does no harm.
            alone = [self._send(caller, [call], target) for call in calls]
            return {id_: error for refused in alone for id_, error in refused.items()}
        return {}


class NotifierClient:
    """Tells notifiers what they would find out by themselves, only later."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def wake(self) -> None:
        """There are new events in the database. Raises RpcError if that cannot be told."""
        self._transport.cast(NOTIFIER, 'wake', SYSTEM, [{}])
