"""Schedulers call jobs when they are due."""

import importlib
import logging
import threading

from mistral.scheduler.base import Scheduler

LOG = logging.getLogger(__name__)


class ThreadScheduler(Scheduler):
    """Has a thread for each job, which is enough for a few of them."""

    def __init__(self, options):
        """`options` is the group `[scheduler]` of the configuration."""
        self._timers = []

    def schedule(self, job):
        timer = threading.Timer(job.run_after, self._call, (job,))
        timer.daemon = True
        self._timers = [*(other for other in self._timers if other.is_alive()), timer]
        timer.start()

    def start(self):
        pass

    def stop(self, graceful=False):
        for timer in self._timers:
            timer.cancel()

    def _call(self, job):
        LOG.info('Job %s is due.', job.key)
        target = find(job.target_factory_func_name)() if job.target_factory_func_name else None
        function = getattr(target, job.func_name) if target is not None else find(job.func_name)
        function(**(job.func_args or {}))


def find(path):
    """The object with a dotted path."""
    module, _, name = path.rpartition('.')
    return getattr(importlib.import_module(module), name)
