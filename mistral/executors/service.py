"""The executor: takes requests, runs them, and reports what comes of them."""

import logging
from concurrent.futures import Future

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest, ResultReporter
from mistral.exceptions import MistralException
from mistral.executors import runner
from mistral.executors.heartbeats import HeartbeatSender
from mistral.executors.worker_pool import WorkerPool

LOG = logging.getLogger(__name__)


class ExecutorService:
    """Runs actions in a pool of threads and reports their results to the engine.

    :param heartbeats: None where the engine sees by itself that the actions are gone, because it
        lives in the same process.
    """

    def __init__(
        self,
        pool: WorkerPool,
        reporter: ResultReporter,
        heartbeats: HeartbeatSender | None = None,
    ) -> None:
        self._pool = pool
        self._reporter = reporter
        self._heartbeats = heartbeats

    def start(self) -> None:
        if self._heartbeats:
            self._heartbeats.start()

    def stop(self, timeout: float = 60) -> None:
        """Take no more requests and finish those in hand within `timeout` seconds.

        Actions that do not end in time are reported as failed, because nobody will know what
        became of them. Only those that may run twice are left to the engine, which misses their
        heartbeats as after a crash and runs them again.
        """
        self._pool.stop(timeout)
        if self._heartbeats:
            self._heartbeats.stop()

    def run_action(self, request: ActionRequest) -> None:
        """Run a stored action; the result goes to the reporter.

        An asynchronous action reports only errors, its result comes from elsewhere.

        :raises RuntimeError: if the service has been stopped.
        """
        action_execution_id = request.action_execution_id
        if action_execution_id is None:
            raise ValueError('A result can be reported only for an action with an id.')
        if self._heartbeats:
            self._heartbeats.add(action_execution_id)
        if request.redelivered and not request.safe_rerun:
            self._report(request, action_execution_id, runner.redelivery_failure(request))
            return
        self._pool.submit(
            request,
            lambda result: self._report(request, action_execution_id, result),
            lambda: self._report_interruption(request, action_execution_id),
        )

    def run_action_sync(self, request: ActionRequest) -> Result:
        """Run an action, wait for its result and return it, without reporting anything.

        :raises RuntimeError: if the service has been stopped.
        """
        future: Future[Result | None] = Future()
        self._pool.submit(
            request,
            future.set_result,
            lambda: future.set_result(runner.interruption_failure(request)),
        )
        return future.result() or Result()

    def run_now(self, request: ActionRequest) -> Result:
        """Run an action that takes no time, in the caller's thread."""
        return runner.run(request) or Result()

    def _report_interruption(self, request: ActionRequest, action_execution_id: str) -> None:
        if not _may_run_again(request):
            self._report(request, action_execution_id, runner.interruption_failure(request))

    def _report(
        self, request: ActionRequest, action_execution_id: str, result: Result | None
    ) -> None:
        try:
            if result is not None:
                self._complete(request, result)
        finally:
            if self._heartbeats:
                self._heartbeats.remove(action_execution_id)

    def _complete(self, request: ActionRequest, result: Result) -> None:
        """Report a result, or else that it cannot be transported."""
        try:
            self._reporter.complete_action(request, result)
        except MistralException as error:
            LOG.warning('Result of action %s is refused: %s', request.name, error)
            self._reporter.complete_action(request, runner.report_failure(request, error))


def _may_run_again(request: ActionRequest) -> bool:
    return request.safe_rerun or getattr(request.action, 'repeatable', False) is True
