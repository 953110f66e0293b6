"""The engine's service: what other parts may ask of it, see `mistral.rpc.clients.EngineClient`.

Everything that changes an execution goes through its mailbox; the caller waits until the change is
durable. All methods raise MistralException and its kinds for what the caller did wrong.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, Final

from mistral_lib.actions import Result

from mistral.context import RequestContext, shown_to_workflows
from mistral.db import retry
from mistral.db.store import definitions, queries, rows
from mistral.db.store.callers import StoredCaller
from mistral.engine.callers import Callers
from mistral.engine.direct_actions import DirectActions
from mistral.engine.mailbox import Letter, Mailboxes
from mistral.engine.ports import EngineParts, EnginePorts
from mistral.exceptions import (
    DBDuplicateEntryError,
    DBEntityNotFoundError,
    InvalidStateTransitionException,
)
from mistral.rpc.base import at_most_once
from mistral.services.sweeps import HeartbeatRules
from mistral.utils.ids import new_id
from mistral.workflow import creation, events
from mistral.workflow.model import ExecutionState, WorkflowExecution
from mistral.workflow.ports import WorkflowDefinition

#: Parameters that only the engine itself may set.
_INTERNAL_PARAMS: Final = frozenset({'root_execution_id', 'task_execution_id', 'index'})


class EngineService:
    """Starts executions and takes events for them."""

    def __init__(
        self,
        parts: EngineParts,
        mailboxes: Mailboxes,
        direct_actions: DirectActions,
        callers: Callers,
        trace_log: logging.Logger,
        heartbeats: HeartbeatRules | None = None,
    ) -> None:
        self._parts = parts
        self._mailboxes = mailboxes
        self._direct_actions = direct_actions
        self._callers = callers
        self._trace_log = trace_log
        self._heartbeats = heartbeats or HeartbeatRules()

    def start_workflow(
        self,
        caller: RequestContext,
        *,
        workflow_identifier: str,
        namespace: str = '',
        execution_id: str | None = None,
        id_is_fresh: bool = False,
        input: Mapping[str, Any] | None = None,
        description: str | None = '',
        params: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Start a workflow; returns the execution's columns as they were right after creation.

        With the id of an existing execution that one is returned and nothing starts. An id that
        `is_fresh` was made for this call: it exists only if the call comes a second time.
        """
        is_known = execution_id is not None and not id_is_fresh
        if is_known and (existing := self._find(caller, str(execution_id))):
            return existing
        ports = EnginePorts(self._parts, caller)
        definition = self._definition(caller, workflow_identifier, namespace)
        input_ = input or {}
        self._trace_log.info('Starting workflow [name=%s, input=%.100s]', definition.name, input_)
        new = _NewExecution(
            partial(
                creation.create_execution,
                ports,
                definition,
                input_=input_,
                params=_accepted(params or {}, namespace),
                description=description,
                project_id=caller.project_id,
                execution_id=execution_id or new_id(),
                security=shown_to_workflows(caller),
            )
        )
        created = rows.execution_to_row(new.execution)
        try:
            stored = self._callers.to_store(caller)
            self._ask(new.execution.id, events.Begin(), create=new.take, caller=stored)
        except DBDuplicateEntryError:
            existing = self._find(caller, new.execution.id)
            if existing is None:
                raise
            return existing
        return created

    def complete_action(
        self,
        caller: RequestContext,
        *,
        action_execution_id: str,
        result: Mapping[str, Any],
    ) -> None:
        """Take in the result of an action: a mapping with `data`, `error` and `cancel`."""
        execution_id = self._execution_of_action(action_execution_id)
        if execution_id is None:
            self._direct_actions.complete(action_execution_id, Result(**result))
        else:
            self._ask(execution_id, events.ActionCompleted(action_execution_id, **result))

    def take_result(
        self, action_execution_id: str, execution_id: str | None, result: Result
    ) -> None:
        """Take in a result, without waiting for what comes of it.

        One that comes too late changes nothing.
        """
        if execution_id is None:
            with suppress(DBEntityNotFoundError, InvalidStateTransitionException):
                retry.run(
                    lambda: self._direct_actions.complete(action_execution_id, result),
                    doing=f'storing the result of action {action_execution_id}',
                )
            return
        event = events.ActionCompleted(
            action_execution_id, result.data, result.error, bool(result.cancel)
        )
        self._mailboxes.post(execution_id, Letter(event))

    def update_action(
        self, caller: RequestContext, *, action_execution_id: str, state: str
    ) -> None:
        """Pause or resume an asynchronous action."""
        execution_id = self._execution_of_action(action_execution_id)
        if execution_id is None:
            self._direct_actions.update(action_execution_id, state)
        else:
            self._ask(execution_id, events.ActionUpdated(action_execution_id, state))

    @at_most_once
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
    ) -> 'Future[dict[str, Any]]':
        """Run an action outside any workflow; the future gives its columns."""
        return self._direct_actions.start(
            caller,
            name=name,
            input_=input,
            description=description,
            namespace=namespace,
            save_result=save_result,
            run_sync=run_sync,
            timeout=timeout,
            target=target,
        )

    def pause_workflow(
        self, caller: RequestContext, *, execution_id: str, message: str | None = None
    ) -> dict[str, Any]:
        return self._steer(execution_id, events.Pause(message=message))

    def resume_workflow(
        self, caller: RequestContext, *, execution_id: str, env: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return self._steer(execution_id, events.Resume(env), self._callers.to_store(caller))

    def stop_workflow(
        self, caller: RequestContext, *, execution_id: str, state: str, message: str | None = None
    ) -> dict[str, Any]:
        return self._steer(execution_id, events.Stop(state, message))

    def update_env(
        self, caller: RequestContext, *, execution_id: str, env: dict[str, Any]
    ) -> dict[str, Any]:
        return self._ask(execution_id, events.UpdateEnv(env))

    def rerun_task(
        self,
        caller: RequestContext,
        *,
        task_execution_id: str,
        reset: bool = True,
        env: dict[str, Any] | None = None,
    ) -> None:
        event = events.Rerun(task_execution_id, reset, env)
        self._reopen(task_execution_id, event, self._callers.to_store(caller))

    def skip_task(
        self,
        caller: RequestContext,
        *,
        task_execution_id: str,
        env: dict[str, Any] | None = None,
    ) -> None:
        event = events.Skip(task_execution_id, env)
        self._reopen(task_execution_id, event, self._callers.to_store(caller))

    def _ask(
        self,
        execution_id: str,
        event: events.Event,
        create: Callable[[], ExecutionState] | None = None,
        caller: StoredCaller | None = None,
    ) -> dict[str, Any]:
        """Have an event handled and wait for that; raises what the event raises.

        Returns the execution's columns as they were when its effects became durable.
        """
        execution = self._post(execution_id, Letter(event, create=create, caller=caller)).result()
        return rows.execution_to_row(execution) if execution is not None else {}

    def _post(self, execution_id: str, letter: Letter) -> 'Future[WorkflowExecution | None]':
        reply: Future[WorkflowExecution | None] = Future()
        letter.reply = reply
        self._mailboxes.post(execution_id, letter)
        return reply

    def _steer(
        self, execution_id: str, event: events.Event, caller: StoredCaller | None = None
    ) -> dict[str, Any]:
        """Have an event handled that goes down to the sub-workflows, and wait for them too."""
        shown = self._ask(execution_id, event, caller=caller)
        with self._parts.database.read() as connection:
            below = queries.descendants(connection, execution_id)
        self._settle(below)
        return shown

    def _reopen(
        self, task_execution_id: str, event: events.Event, caller: StoredCaller | None
    ) -> None:
        """Have an event handled that goes up to all executions above, and wait for them too."""
        with self._parts.database.read() as connection:
            execution_id = queries.execution_of_task(connection, task_execution_id)
            if execution_id is None:
                raise DBEntityNotFoundError(f'Task execution not found [id={task_execution_id}]')
            above = [[id_] for id_, _, _ in queries.ancestors(connection, execution_id)][1:]
        self._ask(execution_id, event, caller=caller)
        self._settle(above)

    def _settle(self, levels: Sequence[Sequence[str]]) -> None:
        """Wait until executions have handled what has been sent to them, one level after the other.

        Who has handled it has sent what the next level is to handle.
        """
        for execution_ids in levels:
            replies = [self._post(id_, Letter(events.Settle())) for id_ in execution_ids]
            for reply in replies:
                with suppress(DBEntityNotFoundError):
                    reply.result()

    def _definition(
        self, caller: RequestContext, identifier: str, namespace: str
    ) -> WorkflowDefinition:
        with self._parts.database.read() as connection:
            definition = definitions.find_by_identifier(
                connection, self._parts.graphs, caller, identifier, namespace
            )
        if definition is None:
            raise DBEntityNotFoundError(
                f'Workflow not found [workflow_identifier={identifier}, namespace={namespace}]'
            )
        return definition

    def _find(self, caller: RequestContext, execution_id: str) -> dict[str, Any] | None:
        with self._parts.database.read() as connection:
            row = queries.execution(connection, execution_id)
        if row is not None and not (caller.is_admin or row['project_id'] == caller.project_id):
            raise DBEntityNotFoundError(f'WorkflowExecution not found [id={execution_id}]')
        return row

    def _execution_of_action(self, action_execution_id: str) -> str | None:
        """The workflow execution of an action; None if the action was run on its own."""
        with self._parts.database.read() as connection:
            found, execution_id = queries.execution_of_action(connection, action_execution_id)
        if not found:
            raise DBEntityNotFoundError(f'ActionExecution not found [id={action_execution_id}]')
        return execution_id


def _accepted(params: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    accepted = {key: value for key, value in params.items() if key not in _INTERNAL_PARAMS}
    if namespace:
        accepted['namespace'] = namespace
    return accepted


class _NewExecution:
    """An execution that is not stored yet. Each attempt to begin it takes a fresh copy."""

    def __init__(self, create: Callable[[], ExecutionState]) -> None:
        """Raises what `create` raises."""
        self._create = create
        self._state: ExecutionState | None = create()
        self.execution = self._state.execution

    def take(self) -> ExecutionState:
        state, self._state = self._state, None
        return state or self._create()
