"""What executors and schedulers tell engines, see `mistral.engine.endpoint`."""

from collections.abc import Sequence
from typing import Any, Final

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.context import SYSTEM
from mistral.rpc.base import ENGINE, Transport
from mistral.workflow import event_codec
from mistral.workflow.events import Event

#: Seconds that a certain engine has to answer, before it is given up for any other.
_PATIENCE: Final = 15.0


class EngineWorkClient:
    """All methods raise RpcError and its kinds if the message bus or the engines are away."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def report_results(
        self, results: Sequence[tuple[ActionRequest, Result]], engine: str | None
    ) -> list[str]:
        """Give results to the engine of that name, or to any; waits until they are durable.

        Returns the ids of the actions whose result nobody waits for.
        """
        arguments = {
            'results': [
                {
                    'action_execution_id': request.action_execution_id,
                    'execution_id': request.execution_context.get('workflow_execution_id'),
                    'result': result_data(result),
                }
                for request, result in results
            ]
        }
        refused: list[str] = self._transport.call(
            ENGINE,
            'report_results',
            SYSTEM,
            arguments,
            server=engine,
            timeout=None if engine is None else _PATIENCE,
        )
        return refused

    def claim_actions(self, executor: str, requests: Sequence[ActionRequest]) -> list[str]:
        """Ask which of the actions the executor may start."""
        claims = [
            {
                'action_execution_id': request.action_execution_id,
                'redelivered': request.redelivered,
                'may_repeat': request.may_run_twice,
            }
            for request in requests
        ]
        granted: list[str] = self._transport.call(
            ENGINE, 'claim_actions', SYSTEM, {'executor': executor, 'claims': claims}
        )
        return granted

    def report_running(self, executor: str, action_execution_ids: Sequence[str]) -> None:
        """Send a heartbeat of actions in hand."""
        arguments = {'executor': executor, 'action_execution_ids': list(action_execution_ids)}
        self._transport.cast(ENGINE, 'report_running', SYSTEM, [arguments])

    def check_way(self, timeout: float) -> None:
        """Send an empty heartbeat, and wait until an engine has taken it in."""
        arguments: dict[str, Any] = {'executor': '', 'action_execution_ids': []}
        self._transport.call(ENGINE, 'report_running', SYSTEM, arguments, timeout=timeout)

    def deliver(self, items: Sequence[tuple[str, Event, str | None]]) -> None:
        """Have events handled: (execution id, event, id of its job or None) each."""
        calls: list[dict[str, Any]] = [
            {'execution_id': execution_id, 'event': event_codec.encode(event), 'job_id': job_id}
            for execution_id, event, job_id in items
        ]
        self._transport.cast(ENGINE, 'deliver', SYSTEM, calls)


def result_data(result: Result) -> dict[str, Any]:
    """A result as plain data."""
    return {'data': result.data, 'error': result.error, 'cancel': bool(result.cancel)}
