"""What other processes of the service tell an engine, besides what clients ask for."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from mistral_lib.actions import Result

from mistral.context import RequestContext
from mistral.db import retry
from mistral.db.store import hand_over
from mistral.db.times import utc_now
from mistral.engine.mailbox import Letter
from mistral.engine.service import EngineService
from mistral.exceptions import (
    InvalidStateTransitionException,
    MistralException,
    UnavailableException,
)
from mistral.utils.futures import all_done
from mistral.workflow import event_codec, events


class EngineEndpoint(EngineService):
    """The engine as other processes see it. See `mistral.rpc.work` for the other side.

    Futures that are returned are done when everything is durable.
    """

    def report_results(
        self, caller: RequestContext, *, results: Sequence[Mapping[str, Any]]
    ) -> 'Future[list[str]]':
        """Take in results: mappings with `action_execution_id`, `execution_id` and `result`.

        The future gives the ids of actions whose result is not taken, because nobody waits for it.
        """
        receipts = {report['action_execution_id']: self._receipt(report) for report in results}
        return all_done(receipts, _is_refusal)

    def claim_actions(
        self, caller: RequestContext, *, executor: str, claims: Sequence[Mapping[str, Any]]
    ) -> list[str]:
        """Give actions to an executor that is about to start them; returns those it may start.

        An action that is refused to a second executor may have been lost by the first: unless that
        gives a sign of life soon, it counts as lost.
        """
        wishes = [hand_over.Claim(**claim) for claim in claims]
        granted = retry.run(lambda: self._claim(executor, wishes), doing='giving out actions')
        return sorted(granted)

    def report_running(
        self, caller: RequestContext, *, executor: str, action_execution_ids: Sequence[str]
    ) -> None:
        """Note a heartbeat. If that fails there will be another one, and this one is old news."""

        def note() -> None:
            with self._parts.database.transaction() as connection:
                hand_over.beat(connection, executor, action_execution_ids, utc_now())

        retry.run(note, doing='noting a heartbeat', attempts=2)

    def deliver(
        self,
        caller: RequestContext,
        *,
        execution_id: str,
        event: Mapping[str, Any],
        job_id: str | None = None,
    ) -> 'Future[None]':
        """Have an event handled that stands in the job store, or that a duty has come upon."""
        receipt: Future[None] = Future()
        letter = Letter(event_codec.decode(event), job_id, receipt=receipt)
        self._mailboxes.post(execution_id, letter)
        return receipt

    def _claim(self, executor: str, wishes: Sequence[hand_over.Claim]) -> set[str]:
        now = utc_now()
        with self._parts.database.transaction() as connection:
            granted = hand_over.claim(connection, executor, wishes, now)
            doubtful = [
                wish.action_execution_id
                for wish in wishes
                if wish.redelivered and wish.action_execution_id not in granted
            ]
            if doubtful and (last := self._heartbeats.last_chance(now)) is not None:
                hand_over.suspect(connection, doubtful, last)
        return granted

    def _receipt(self, report: Mapping[str, Any]) -> 'Future[None]':
        """Take in a result. Whatever is wrong with it, those that come with it are taken in."""
        receipt: Future[None] = Future()
        try:
            result = Result(**report['result'])
            self._take(report['action_execution_id'], report['execution_id'], result, receipt)
        except Exception as e:  # noqa: BLE001 - it goes to whoever waits
            receipt.set_exception(e)
        return receipt

    def _take(
        self,
        action_execution_id: str,
        execution_id: str | None,
        result: Result,
        receipt: 'Future[None]',
    ) -> None:
        if execution_id is None:
            with suppress(InvalidStateTransitionException):
                self._direct_actions.complete(action_execution_id, result)
            receipt.set_result(None)
            return
        event = events.ActionCompleted(
            action_execution_id, result.data, result.error, bool(result.cancel)
        )
        self._mailboxes.post(execution_id, Letter(event, receipt=receipt))


def _is_refusal(error: BaseException) -> bool:
    """Whether it makes no sense to bring the same result again."""
    return isinstance(error, MistralException) and not isinstance(error, UnavailableException)
