"""How an executor in a process of its own talks to the engines."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.exceptions import RpcError, UnavailableException
from mistral.executors import runner
from mistral.rpc.work import EngineWorkClient
from mistral.utils.batches import Batcher

LOG = logging.getLogger(__name__)

#: A request, and what takes the answer whether it may start.
Wish: TypeAlias = tuple[ActionRequest, Callable[[bool | None], None]]

#: What time mends: no engine is there, or it cannot take anything in at the moment.
_TRANSIENT: Final = (RpcError, UnavailableException)

#: Calls with results that are under way at the same time.
_REPORTERS: Final = 4

#: Seconds between attempts to reach an engine, at first and at most.
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 5.0

#: Seconds that results in hand have to reach an engine when the executor stops.
_STOP_TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class _Report:
    """A result on its way.

    `is_substitute`: it stands for one that cannot be stored. `due` is when to send it again, and
    `wait` how many seconds that has been put off.
    """

    request: ActionRequest
    result: Result
    done: 'Future[None]' = field(default_factory=Future)
    is_substitute: bool = False
    due: float = 0.0
    wait: float = 0.0

    def later(self) -> '_Report':
        wait = min(self.wait * 2, _LONGEST_WAIT) or _FIRST_WAIT
        return replace(self, due=time.monotonic() + wait, wait=wait)


class EngineLink:
    """Claims actions, reports results and heartbeats, each as often as it takes.

    It implements `mistral.actions.requests.ResultReporter`. A result is kept until an engine has
    said that it is durable, first by the engine that has the execution in memory, else by any.
    Results travel together; those that have not got through do so one by one and apart from the
    others, so that none has to wait for another. What engines can never take is given up.

    :param executor: the name of this process, different from those of all others.
    """

    def __init__(self, client: EngineWorkClient, executor: str) -> None:
        self._client = client
        self._executor = executor
        self._stopping = threading.Event()
        self._reports: Batcher[_Report] = Batcher('results', self._send_results, threads=_REPORTERS)
        self._repeats: Batcher[_Report] = Batcher(
            'repeated-results', self._repeat, threads=_REPORTERS, max_items=1
        )
        self._claims: Batcher[Wish] = Batcher('claims', self._send_claims)

    def start(self) -> None:
        self._reports.start()
        self._repeats.start()
        self._claims.start()

    def stop(self) -> None:
        """Bring results in hand to an engine, if that is possible in a short time."""
        self._stopping.set()
        deadline = time.monotonic() + _STOP_TIMEOUT
        # Those that are repeated come last, because results may become such.
        for batcher in (self._claims, self._reports, self._repeats):
            batcher.stop(max(0.0, deadline - time.monotonic()))

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

    def _send_claims(self, wishes: Sequence[Wish]) -> None:
        try:
            granted = self._ask_for([request for request, _ in wishes])
        except Exception:
            if len(wishes) > 1:
                for wish in wishes:
                    self._send_claims([wish])
                return
            request, answer = wishes[0]
            # An engine hands it over again after a while, as any that was not started.
            LOG.exception('Action %s cannot be claimed', request.action_execution_id)
            answer(False)
            return
        for request, answer in wishes:
            answer(None if granted is None else request.action_execution_id in granted)

    def _ask_for(self, requests: Sequence[ActionRequest]) -> list[str] | None:
        """Ask until an engine answers; None if the executor is told to stop first."""
        wait = _FIRST_WAIT
        while True:
            try:
                return self._client.claim_actions(self._executor, requests)
            except _TRANSIENT as e:
                _log_silence(e)
            if self._stopping.wait(wait):
                return None
            wait = min(wait * 2, _LONGEST_WAIT)

    def _send_results(self, reports: Sequence[_Report]) -> None:
        by_engine: dict[str | None, list[_Report]] = {}
        for report in reports:
            by_engine.setdefault(report.request.engine, []).append(report)
        for engine, own in by_engine.items():
            self._send(own, engine)

    def _repeat(self, reports: Sequence[_Report]) -> None:
        (report,) = reports
        if self._stopping.wait(max(0.0, report.due - time.monotonic())):
            _log_loss(reports)
        else:
            self._send(reports, None)

    def _send(self, reports: Sequence[_Report], engine: str | None) -> None:
        results = [(report.request, report.result) for report in reports]
        try:
            refused = self._client.report_results(results, engine)
        except Exception as e:  # noqa: BLE001 - it depends on the error what becomes of the results
            self._not_taken(reports, engine, e)
            return
        if refused:
            LOG.info('Nobody waits for the results of actions %s', ', '.join(refused))
        for report in reports:
            report.done.set_result(None)

    def _not_taken(self, reports: Sequence[_Report], engine: str | None, error: Exception) -> None:
        if engine is not None:
            LOG.info('Engine %s does not take results, trying any: %s', engine, error)
            self._send(reports, None)
        elif isinstance(error, _TRANSIENT):
            _log_silence(error)
            self._keep(reports)
        elif len(reports) > 1:
            LOG.warning('Engines do not take %d results together: %s', len(reports), error)
            for report in reports:
                self._send([report], None)
        else:
            self._give_up(reports[0], error)

    def _keep(self, reports: Sequence[_Report]) -> None:
        if self._stopping.is_set():
            _log_loss(reports)
            return
        for report in reports:
            self._repeats.add(report.later())

    def _give_up(self, report: _Report, error: Exception) -> None:
        """Have the action fail if its result cannot be stored; else heartbeats will miss it."""
        LOG.error(
            'Engines cannot take the result of action %s',
            report.request.action_execution_id,
            exc_info=error,
        )
        if report.is_substitute:
            report.done.set_result(None)
            return
        failure = runner.report_failure(report.request, error)
        self._send([replace(report, result=failure, is_substitute=True)], None)


def _log_silence(error: Exception) -> None:
    log = LOG.info if isinstance(error, RpcError) else LOG.warning
    log('No engine answers, trying again: %s', error)


def _log_loss(reports: Sequence[_Report]) -> None:
    LOG.error('Results of %d actions have not reached an engine', len(reports))
