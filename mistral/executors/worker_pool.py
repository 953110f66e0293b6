"""A bounded pool of threads that run actions, and that does not wait for stuck ones.

A thread cannot be stopped from outside. When an action exceeds its time, the pool reports that at
once and leaves the thread to itself: what the action returns in the end is dropped, and another
thread takes over the slot. The number of threads that are left behind is bounded too.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeAlias

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.executors import runner
from mistral.executors.watchdog import Watchdog

LOG = logging.getLogger(__name__)

#: Takes the result of a request; None means that it comes from elsewhere.
Deliver: TypeAlias = Callable[[Result | None], None]


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """`size` is how many actions run at a time.

    `max_abandoned` is how many threads may be left behind by actions that timed out; each one more
    takes the slot of an action until it ends.
    """

    size: int = 64
    max_abandoned: int = 64


@dataclass(slots=True, eq=False)
class _Job:
    """A request in the pool. `is_abandoned` means that nobody waits for its thread any more."""

    request: ActionRequest
    deliver: Deliver
    interrupted: Callable[[], None]
    is_abandoned: bool = False


class WorkerPool:
    """Runs each request in a thread and hands its result to the `deliver` that came with it.

    Threads start when they are needed and stay. All methods may be called from any thread.

    :param run: runs a request; never raises.
    """

    def __init__(
        self,
        settings: PoolSettings,
        run: Callable[[ActionRequest], Result | None] = runner.run,
    ) -> None:
        self._settings = settings
        self._run = run
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._watchdog: Watchdog[_Job] = Watchdog(self._abandon)

        # Guards the fields below; tells `stop` of progress.
        self._changed = threading.Condition()
        # Jobs that wait or run, in order. Whoever takes one out may deliver its result.
        self._pending: dict[_Job, None] = {}
        self._delivering = 0
        self._workers = 0
        self._abandoned = 0
        self._is_stopping = False

    def start(self) -> None:
        """Nothing to do, see above."""

    def submit(
        self, request: ActionRequest, deliver: Deliver, interrupted: Callable[[], None]
    ) -> None:
        """Run the request as soon as a thread is free.

        Either `deliver` is called, in a thread of the pool, or `interrupted`, by `stop`; both must
        be quick.

        :raises RuntimeError: if the pool has been stopped.
        """
        job = _Job(request, deliver, interrupted)
        with self._changed:
            if self._is_stopping:
                raise RuntimeError('The pool of workers has been stopped.')
            self._pending[job] = None
            self._start_workers()
        self._queue.put(job)

    def stop(self, timeout: float) -> None:
        """Finish what is in hand within `timeout` seconds, take no more, and end the threads.

        What is not finished then is interrupted: its result will not be delivered.
        """
        with self._changed:
            self._is_stopping = True
            self._changed.wait_for(lambda: not self._pending and not self._delivering, timeout)
            unfinished = list(self._pending)
            self._pending.clear()
            for _ in range(self._workers):
                self._queue.put(None)
        self._watchdog.stop()
        for job in unfinished:
            _call(job, job.interrupted)

    def _start_workers(self) -> None:
        """Start the threads that the jobs in hand need, up to the limit. Needs the lock."""
        excess = max(0, self._abandoned - self._settings.max_abandoned)
        wanted = min(len(self._pending) + self._delivering, self._settings.size - excess)
        while self._workers < wanted:
            self._workers += 1
            threading.Thread(target=self._work, name='action-worker', daemon=True).start()

    def _work(self) -> None:
        while job := self._queue.get():
            if job not in self._pending:
                continue
            timeout = job.request.timeout
            if timeout is not None:
                self._watchdog.watch(job, timeout)
            result = self._run(job.request)
            if timeout is not None:
                self._watchdog.forget(job)
            if self._claim(job):
                self._deliver(job, result)
            elif job.is_abandoned:
                self._end_abandoned(job)
                return

    def _claim(self, job: _Job) -> bool:
        """Get the right to deliver the result of a job."""
        with self._changed:
            if job not in self._pending:
                return False
            del self._pending[job]
            self._delivering += 1
            return True

    def _deliver(self, job: _Job, result: Result | None) -> None:
        _call(job, lambda: job.deliver(result))
        with self._changed:
            self._delivering -= 1
            if self._is_stopping:
                self._changed.notify_all()

    def _abandon(self, job: _Job) -> None:
        """Report a timeout, and fill the place of the thread that is stuck in the job."""
        with self._changed:
            if not self._claim(job):
                return
            job.is_abandoned = True
            self._workers -= 1
            self._abandoned += 1
            self._start_workers()
            abandoned = self._abandoned
        LOG.warning(
            'Action does not end in time, its thread is left behind [name=%s, action_ex_id=%s, '
            'timeout=%s, threads left behind=%s, limit=%s]',
            job.request.name,
            job.request.action_execution_id,
            job.request.timeout,
            abandoned,
            self._settings.max_abandoned,
        )
        self._deliver(job, runner.timeout_failure(job.request))

    def _end_abandoned(self, job: _Job) -> None:
        LOG.info(
            'Action has ended after its timeout, its result is dropped [name=%s, action_ex_id=%s]',
            job.request.name,
            job.request.action_execution_id,
        )
        with self._changed:
            self._abandoned -= 1
            self._start_workers()


def _call(job: _Job, call_back: Callable[[], None]) -> None:
    try:
        call_back()
    except Exception:
        LOG.exception(
            'Result of an action is lost [name=%s, action_ex_id=%s]',
            job.request.name,
            job.request.action_execution_id,
        )
