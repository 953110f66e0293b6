"""How an executor in a process of its own talks to the engines."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, TypeVar

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.exceptions import MistralException, RpcError
from mistral.rpc.work import EngineWorkClient
from mistral.utils.batches import Batcher

LOG = logging.getLogger(__name__)

T = TypeVar('T')

#: Calls with results that are under way at the same time.
_REPORTERS: Final = 4

#: Seconds between attempts to reach an engine, at first and at most.
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 5.0

#: Seconds that results in hand have to reach an engine when the executor stops.
_STOP_TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class _Report:
    """A result on its way."""

    request: ActionRequest
    result: Result
    done: 'Future[None]' = field(default_factory=Future)


class EngineLink:
    """Claims actions, reports results and heartbeats, each as often as it takes.

    It implements `mistral.actions.requests.ResultReporter`. A result is kept until an engine has
    said that it is durable, first by the engine that has the execution in memory, else by any.

    :param executor: the name of this process, different from those of all others.
    """

    def __init__(self, client: EngineWorkClient, executor: str) -> None:
        self._client = client
        self._executor = executor
        self._stopping = threading.Event()
        self._reports: Batcher[_Report] = Batcher('results', self._send_results, threads=_REPORTERS)
        self._claims: Batcher[tuple[ActionRequest, Callable[[bool | None], None]]] = Batcher(
            'claims', self._send_claims
        )

    def start(self) -> None:
        self._reports.start()
        self._claims.start()

    def stop(self) -> None:
        """Bring results in hand to an engine, if that is possible in a short time."""
        self._stopping.set()
        self._claims.stop(_STOP_TIMEOUT)
        self._reports.stop(_STOP_TIMEOUT)

    def claim(self, request: ActionRequest, answer: Callable[[bool | None], None]) -> None:
        """Ask for an action; `answer` is called, in another thread, with whether it may start.

        None: the executor was told to stop before an engine answered.
        """
        self._claims.add((request, answer))

    def complete_action(self, request: ActionRequest, result: Result) -> 'Future[None]':
        report = _Report(request, result)
        self._reports.add(report)
        return report.done

    def report_running(self, action_execution_ids: Sequence[str]) -> None:
        self._client.report_running(self._executor, action_execution_ids)

    def _send_claims(
        self, wishes: Sequence[tuple[ActionRequest, Callable[[bool | None], None]]]
    ) -> None:
        requests = [request for request, _ in wishes]
        granted = self._insist(lambda: self._client.claim_actions(self._executor, requests))
        for request, answer in wishes:
            answer(None if granted is None else request.action_execution_id in granted)

    def _send_results(self, reports: Sequence[_Report]) -> None:
        by_engine: dict[str | None, list[_Report]] = {}
        for report in reports:
            by_engine.setdefault(report.request.engine, []).append(report)
        for engine, own in by_engine.items():
            self._send_to(engine, own)

    def _send_to(self, engine: str | None, reports: Sequence[_Report]) -> None:
        results = [(report.request, report.result) for report in reports]
        refused: list[str] | None = None
        if engine is not None:
            try:
                refused = self._client.report_results(results, engine)
            except MistralException as e:
                LOG.info('Engine %s does not take results, trying any: %s', engine, e)
        if refused is None:
            refused = self._insist(lambda: self._client.report_results(results, None))
        if refused is None:
            LOG.error('Results of %d actions have not reached an engine', len(reports))
            return
        if refused:
            LOG.info('Nobody waits for the results of actions %s', ', '.join(refused))
        for report in reports:
            report.done.set_result(None)

    def _insist(self, call: Callable[[], T]) -> T | None:
        """Call until it succeeds; None if the executor is told to stop first."""
        wait = _FIRST_WAIT
        while True:
            try:
                return call()
            except MistralException as e:
                log = LOG.info if isinstance(e, RpcError) else LOG.warning
                log('No engine answers, trying again in %.1f s: %s', wait, e)
            if self._stopping.wait(wait):
                return None
            wait = min(wait * 2, _LONGEST_WAIT)
