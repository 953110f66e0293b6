"""Actions run through the API, outside any workflow."""

import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from mistral_lib.actions import Result

from mistral import states
from mistral.actions.requests import ActionRequest
from mistral.context import RequestContext
from mistral.db.store import direct_actions
from mistral.db.times import utc_now
from mistral.engine.ports import EngineParts, EnginePorts
from mistral.exceptions import (
    DBEntityNotFoundError,
    InputException,
    InvalidActionException,
    InvalidStateTransitionException,
    RpcError,
)
from mistral.utils.futures import mapped, resolved
from mistral.workflow.ports import (
    ActionCall,
    ActionResult,
    InfrastructureError,
    PreparedAction,
    TaskError,
)
from mistral.workflow.scope import EmptyScope


class ActionExecutor(Protocol):
    """Runs an action at once or in the background."""

    def run_actions(
        self, caller: RequestContext, requests: Sequence[tuple[ActionRequest, str | None]]
    ) -> Mapping[str, str]: ...

    def run_action_sync(self, request: ActionRequest, target: str | None) -> 'Future[Result]': ...


class DirectActions:
    """Runs actions without a task; their rows, if they are stored, have no workflow."""

    def __init__(self, parts: EngineParts, executor: ActionExecutor) -> None:
        self._parts = parts
        self._executor = executor

    def start(
        self,
        caller: RequestContext,
        *,
        name: str,
        input_: Mapping[str, Any],
        description: str | None,
        namespace: str,
        save_result: bool,
        run_sync: bool,
        timeout: float | None,
        target: str | None,
    ) -> 'Future[dict[str, Any]]':
        """Run an action; the future gives its columns, with `id` None if nothing is stored.

        It waits for a synchronous action unless its result is only to be stored. An action that
        fails is no error here: its state is ERROR.
        """
        ports = EnginePorts(self._parts, caller)
        call = ActionCall((name,), namespace, input_, {}, EmptyScope())
        try:
            prepared = ports.prepare_action(call)
        except InvalidActionException:
            raise InvalidActionException(f'Failed to find action [action_name={name}]') from None
        except TaskError as e:
            raise InputException(str(e)) from e
        if run_sync and not prepared.is_sync:
            raise InputException('Action does not support synchronous execution.')
        row = _new_row(caller, prepared, description, namespace)
        in_background = not run_sync and (save_result or not prepared.is_sync)
        if in_background:
            self._insert(row)
            self._run_in_background(_request(caller, prepared, row['id'], timeout), target)
            return resolved(row)

        def finish(result: Result) -> dict[str, Any]:
            ended = {**row, **self._outcome(caller, name, namespace, result)}
            if save_result:
                self._insert(ended)
                return ended
            return {**ended, 'id': None, 'project_id': None, 'accepted': None, 'created_at': None}

        request = _request(caller, prepared, None, timeout)
        return mapped(self._executor.run_action_sync(request, target), finish)

    def _run_in_background(self, request: ActionRequest, target: str | None) -> None:
        """An action that cannot be handed over has failed."""
        action_execution_id = str(request.action_execution_id)
        try:
            refused = self._executor.run_actions(request.caller, [(request, target)])
        except RpcError as e:
            self.complete(action_execution_id, Result(error=str(e)))
            raise
        for error in refused.values():
            self.complete(action_execution_id, Result(error=error))

    def complete(self, action_execution_id: str, result: Result) -> None:
        """Store the result of an action.

        Raises InvalidStateTransitionException if it has one already.
        """
        row = self._get(action_execution_id)
        caller = RequestContext(project_id=row['project_id'])
        outcome = self._outcome(caller, row['name'], row['workflow_namespace'] or '', result)
        self._change(action_execution_id, outcome)

    def update(self, action_execution_id: str, state: str) -> None:
        """Pause or resume an asynchronous action; raises InvalidStateTransitionException."""
        row = self._get(action_execution_id)
        if row['is_sync'] and state == states.PAUSED:
            raise InvalidStateTransitionException(
                'Transition to the PAUSED state is only supported for asynchronous action '
                'execution.'
            )
        if not states.is_valid_transition(row['state'], state):
            raise InvalidStateTransitionException(
                f'Invalid state transition from {row["state"]} to {state}.'
            )
        self._change(action_execution_id, {'state': state})

    def _outcome(
        self, caller: RequestContext, name: str, namespace: str, result: Result
    ) -> dict[str, Any]:
        ports = EnginePorts(self._parts, caller)
        given = ActionResult(result.data, result.error, bool(result.cancel))
        try:
            processed = ports.finish_action(name, namespace, given)
        except InfrastructureError as e:
            # There is no turn to be repeated here: whoever called knows how to wait for a database.
            raise e.__cause__ or e from None
        except Exception as e:  # noqa: BLE001
            # Whatever is wrong with a result, the action has ended and must not be waited for.
            ports.report_failure(None, e)
            text = f'Failed to complete action [error={e}, action={name}]'
            return {'state': states.ERROR, 'accepted': False, 'output': {'result': text}}
        if processed.cancel:
            output = {'result': processed.error}
            return {'state': states.CANCELLED, 'accepted': True, 'output': output}
        if processed.error is not None:
            output = {'result': processed.error}
            return {'state': states.ERROR, 'accepted': True, 'output': output}
        return {'state': states.SUCCESS, 'accepted': True, 'output': {'result': processed.data}}

    def _get(self, action_execution_id: str) -> Mapping[str, Any]:
        with self._parts.database.read() as connection:
            row = direct_actions.get(connection, action_execution_id)
        if row is None:
            raise DBEntityNotFoundError(f'ActionExecution not found [id={action_execution_id}]')
        return row

    def _insert(self, row: Mapping[str, Any]) -> None:
        with self._parts.database.transaction() as connection:
            direct_actions.add(connection, row)

    def _change(self, action_execution_id: str, changes: Mapping[str, Any]) -> None:
        """Raises InvalidStateTransitionException if the action has ended, also at this moment."""
        with self._parts.database.transaction() as connection:
            is_changed = direct_actions.change(connection, action_execution_id, changes)
        if not is_changed:
            raise InvalidStateTransitionException(
                f'Action {action_execution_id} is already completed'
            )


def _new_row(
    caller: RequestContext, prepared: PreparedAction, description: str | None, namespace: str
) -> dict[str, Any]:
    return {
        'id': str(uuid.uuid4()),
        'created_at': utc_now().replace(microsecond=0),
        'updated_at': None,
        'scope': 'private',
        'project_id': caller.project_id,
        'name': prepared.name,
        'description': description or '',
        'workflow_name': None,
        'workflow_namespace': namespace,
        'task_execution_id': None,
        'state': states.RUNNING,
        'state_info': None,
        'tags': None,
        'accepted': False,
        'input': prepared.input,
        'output': None,
        'is_sync': prepared.is_sync,
        'runtime_context': {},
    }


def _request(
    caller: RequestContext,
    prepared: PreparedAction,
    action_execution_id: str | None,
    timeout: float | None,
) -> ActionRequest:
    context: dict[str, Any] = {}
    if action_execution_id is not None:
        context = {
            'action_execution_id': action_execution_id,
            'callback_url': f'/v2/action_executions/{action_execution_id}',
        }
    return ActionRequest(
        action=prepared.action,
        action_execution_id=action_execution_id,
        name=prepared.name,
        caller=caller,
        execution_context=context,
        timeout=timeout,
    )
