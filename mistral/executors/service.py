"""The executor: takes requests, runs them, and reports what comes of them."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeAlias

from mistral_lib.actions import Result

from mistral import metrics
from mistral.actions.descriptors import is_sync
from mistral.actions.requests import ActionRequest, ResultReporter
from mistral.exceptions import MistralException
from mistral.executors import runner
from mistral.executors.heartbeats import HeartbeatSender
from mistral.executors.worker_pool import Deliver

LOG = logging.getLogger(__name__)

#: Asks whether an action may be started: (request, function that takes the answer).
Claim: TypeAlias = Callable[[ActionRequest, Callable[[bool | None], None]], None]


class Pool(Protocol):
    """What runs actions: `WorkerPool` here, `PluginPool` wherever a plugin does it."""

    def start(self) -> None: ...

    def submit(
        self, request: ActionRequest, deliver: Deliver, interrupted: Callable[[], None]
    ) -> None: ...

    def stop(self, timeout: float) -> None: ...


class ExecutorService:
    """Runs actions in a pool and reports their results to the engine.

    :param claim: asks before an action is started whose repetition could do harm; None where
        requests come once only, because the engine is in the same process.
    :param heartbeats: None where the engine sees by itself that the actions are gone.
    """

    def __init__(
        self,
        pool: Pool,
        reporter: ResultReporter,
        claim: Claim | None = None,
        heartbeats: HeartbeatSender | None = None,
    ) -> None:
        self._pool = pool
        self._reporter = reporter
        self._claim = claim
        self._heartbeats = heartbeats
        self._lock = threading.Lock()
        self._in_hand: dict[str, Future[None]] = {}
        metrics.ACTIONS_IN_HAND.set_function(lambda: len(self._in_hand))

    def start(self) -> None:
        self._pool.start()
        if self._heartbeats:
            self._heartbeats.start()

    def stop(self, timeout: float = 60) -> None:
        """Take no more requests and finish those in hand within `timeout` seconds.

        Actions that do not end in time are reported as failed, because nobody will know what
        became of them. Only those that may run twice are given back.
        """
        self._pool.stop(timeout)
        if self._heartbeats:
            self._heartbeats.stop()

    def run_action(self, request: ActionRequest) -> 'Future[None]':
        """Run a stored action; the result goes to the reporter.

        The future is done when the result is durable, and cancelled if the action is given back.
        An asynchronous action reports only errors, its result comes from elsewhere.

        :raises RuntimeError: if the service has been stopped.
        """
        action_execution_id = request.action_execution_id
        if action_execution_id is None:
            raise ValueError('A result can be reported only for an action with an id.')
        with self._lock:
            if (in_hand := self._in_hand.get(action_execution_id)) is not None:
                # The same request once more.
                return in_hand
            done = self._in_hand[action_execution_id] = Future()
        done.add_done_callback(lambda _: self._let_go(action_execution_id))
        if self._heartbeats:
            self._heartbeats.add(action_execution_id)
        if self._claim is None or _needs_no_claim(request):
            try:
                self._submit(request, done)
            except RuntimeError:
                done.cancel()
                raise
        else:
            self._claim(request, lambda granted: self._on_answer(request, done, granted))
        return done

    def run_action_sync(self, request: ActionRequest) -> 'Future[Result]':
        """Run an action; the future gives its result, nothing is reported.

        :raises RuntimeError: if the service has been stopped.
        """
        future: Future[Result] = Future()
        self._pool.submit(
            request,
            lambda result: future.set_result(result or Result()),
            lambda: future.set_result(runner.interruption_failure(request)),
        )
        return future

    def _on_answer(
        self, request: ActionRequest, done: 'Future[None]', granted: bool | None
    ) -> None:
        if granted is None:
            done.cancel()
            return
        if not granted:
            metrics.REFUSED_CLAIMS.inc()
            LOG.info('Action %s is in other hands', request.action_execution_id)
            done.set_result(None)
            return
        try:
            self._submit(request, done)
        except RuntimeError:
            self._interrupt(request, done)

    def _submit(self, request: ActionRequest, done: 'Future[None]') -> None:
        self._pool.submit(
            request,
            lambda result: self._report(request, done, result),
            lambda: self._interrupt(request, done),
        )

    def _interrupt(self, request: ActionRequest, done: 'Future[None]') -> None:
        if request.may_run_twice:
            done.cancel()
        else:
            self._report(request, done, runner.interruption_failure(request))

    def _report(self, request: ActionRequest, done: 'Future[None]', result: Result | None) -> None:
        if result is None:
            done.set_result(None)
            return
        try:
            reported = self._hand_in(request, result)
        except Exception:
            LOG.exception('Result of action %s is lost', request.action_execution_id)
            done.set_result(None)
            return
        reported.add_done_callback(lambda _: done.set_result(None))

    def _hand_in(self, request: ActionRequest, result: Result) -> 'Future[None]':
        try:
            return self._reporter.complete_action(request, result)
        except MistralException as error:
            LOG.warning('Result of action %s is refused: %s', request.name, error)
            return self._reporter.complete_action(request, runner.report_failure(request, error))

    def _let_go(self, action_execution_id: str) -> None:
        with self._lock:
            self._in_hand.pop(action_execution_id, None)
        metrics.ACTIONS.inc()
        if self._heartbeats:
            self._heartbeats.remove(action_execution_id)


def _needs_no_claim(request: ActionRequest) -> bool:
    """An action without effects may run twice; one with a result to come would never be missed."""
    return request.is_repeatable and is_sync(request.action)
