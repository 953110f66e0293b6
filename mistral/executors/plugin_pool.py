"""Runs actions by an executor plugin, in the place of a pool of threads that run them here."""

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mistral_lib.actions import Result

from mistral.actions.descriptors import is_sync
from mistral.actions.requests import ActionRequest
from mistral.exceptions import ConfigurationError
from mistral.executors import runner
from mistral.executors.base import Executor
from mistral.executors.worker_pool import Deliver, PoolSettings, WorkerPool
from mistral.utils.plugins import EntryPoints, installed, load_plugin

LOG = logging.getLogger(__name__)

#: Entry points of executor plugins.
NAMESPACE: Final = 'mistral.executors'

#: Values of `[executor] type` that need no plugin.
BUILT_IN: Final = ('local', 'remote')


def load_executor(name: str, source: EntryPoints = installed) -> Executor:
    """Make the plugin of that name.

    :raises ConfigurationError: if there is none, or it is no executor.
    """
    plugin = load_plugin(NAMESPACE, name, '[executor] type', source, BUILT_IN)()
    if not isinstance(plugin, Executor):
        raise ConfigurationError(
            f"[executor] type = '{name}' is no subclass of mistral.executors.base.Executor."
        )
    return plugin


@dataclass(slots=True, eq=False)
class _Job:
    """A request that the plugin has in hand."""

    request: ActionRequest
    deliver: Deliver
    interrupted: Callable[[], None]


class PluginPool:
    """Has the methods of `WorkerPool`; threads of such a pool call the plugin."""

    def __init__(self, plugin: Executor, settings: PoolSettings) -> None:
        self._plugin = plugin
        self._threads = WorkerPool(settings, self._call)
        self._changed = threading.Condition()
        # By the id of the action execution, or one made up for what is not stored.
        self._jobs: dict[str, _Job] = {}

    def start(self) -> None:
        self._plugin.start(self._report)

    def submit(
        self, request: ActionRequest, deliver: Deliver, interrupted: Callable[[], None]
    ) -> None:
        """Hand the request to the plugin. Either `deliver` or `interrupted` is called.

        :raises RuntimeError: if the pool has been stopped.
        """
        key = request.action_execution_id or str(uuid.uuid4())
        with self._changed:
            self._jobs[key] = _Job(request, deliver, interrupted)
        try:
            self._threads.submit(
                request,
                lambda result: self._on_return(key, result),
                lambda: self._interrupt(key),
            )
        except RuntimeError:
            self._take(key)
            raise

    def stop(self, timeout: float) -> None:
        """Wait `timeout` seconds for what is in hand, and take no more."""
        with self._changed:
            self._changed.wait_for(lambda: not self._jobs, timeout)
        self._threads.stop(0)
        with self._changed:
            unfinished = list(self._jobs)
        for key in unfinished:
            self._interrupt(key)
        self._plugin.stop()

    def _call(self, request: ActionRequest) -> Result | None:
        try:
            with runner.caller_in_thread(request.caller):
                result = self._plugin.run_action(
                    request.action,
                    request.action_execution_id,
                    request.safe_rerun,
                    dict(request.execution_context),
                    redelivered=request.redelivered,
                    target=request.target,
                    async_=request.action_execution_id is not None,
                    timeout=request.timeout,
                )
        # Not even SystemExit of a plugin may take the worker with it.
        except BaseException as error:
            LOG.warning('Executor plugin has failed [name=%s]', request.name, exc_info=error)
            return runner.failure(request, str(error))
        return result if result is None else runner.plain_result(request, result)

    def _on_return(self, key: str, result: Result | None) -> None:
        with self._changed:
            job = self._jobs.get(key)
        if job is None:
            return
        comes_later = (
            result is None and job.request.action_execution_id and is_sync(job.request.action)
        )
        if not comes_later:
            self._deliver(key, result)

    def _report(self, action_execution_id: str, result: Result) -> None:
        with self._changed:
            job = self._jobs.get(action_execution_id)
        if job is None:
            LOG.info('Nobody waits for the result of action %s', action_execution_id)
            return
        self._deliver(action_execution_id, runner.plain_result(job.request, result))

    def _deliver(self, key: str, result: Result | None) -> None:
        if job := self._take(key):
            job.deliver(result)

    def _interrupt(self, key: str) -> None:
        if job := self._take(key):
            job.interrupted()

    def _take(self, key: str) -> _Job | None:
        """Get the right to end a job; only one can have it."""
        with self._changed:
            job = self._jobs.pop(key, None)
            self._changed.notify_all()
        return job
