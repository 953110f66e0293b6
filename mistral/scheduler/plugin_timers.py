"""The timers of an engine by a scheduler plugin."""

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from mistral.exceptions import ConfigurationError
from mistral.scheduler.base import Scheduler, SchedulerJob
from mistral.utils.plugins import EntryPoints, installed, load_plugin

LOG = logging.getLogger(__name__)

#: Entry points of scheduler plugins.
NAMESPACE: Final = 'mistral.schedulers'

#: Values of `[DEFAULT] scheduler_type` that need no plugin.
BUILT_IN: Final = ('default', 'legacy')


def load_scheduler(name: str, group: Any, source: EntryPoints = installed) -> Scheduler:
    """Make the plugin of that name; `group` is `[scheduler]`.

    :raises ConfigurationError: if there is none, or it is no scheduler.
    """
    plugin = load_plugin(NAMESPACE, name, 'scheduler_type', source, BUILT_IN)(group)
    if not isinstance(plugin, Scheduler):
        raise ConfigurationError(
            f"[DEFAULT] scheduler_type = '{name}' is no subclass of "
            'mistral.scheduler.base.Scheduler.'
        )
    return plugin


class PendingTimers:
    """What the timers of this process stand for.

    A plugin gets names only; what it calls looks here what there is to do.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._functions: dict[str, Callable[[], None]] = {}

    def add(self, timer_id: str, function: Callable[[], None]) -> bool:
        """Returns whether the timer is new."""
        with self._lock:
            return self._functions.setdefault(timer_id, function) is function

    def drop(self, timer_id: str) -> None:
        with self._lock:
            self._functions.pop(timer_id, None)

    def fire(self, timer_id: str) -> None:
        """Do what a timer stands for; one that is not known any more stands for nothing."""
        with self._lock:
            function = self._functions.pop(timer_id, None)
        if function is None:
            LOG.debug('Timer %s is not known', timer_id)
            return
        function()


_PENDING: Final = PendingTimers()


def pending_timers() -> PendingTimers:
    """The target of scheduled jobs."""
    return _PENDING


class PluginTimers:
    """Has the methods of `mistral.engine.timers.Timers`; a plugin keeps the time."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.stop(graceful=True)

    def schedule(self, timer_id: str, delay: float, function: Callable[[], None]) -> None:
        """Call `function` after `delay` seconds, unless the id is known or cancelled by then."""
        if not _PENDING.add(timer_id, function):
            return
        job = SchedulerJob(
            run_after=max(delay, 0.0),
            target_factory_func_name=f'{__name__}.{pending_timers.__name__}',
            func_name='fire',
            func_args={'timer_id': timer_id},
            key=timer_id,
        )
        try:
            self._scheduler.schedule(job)
        except Exception:
            # The timer is in the database as well, and will be found there when it is overdue.
            _PENDING.drop(timer_id)
            LOG.exception('The scheduler plugin has not taken timer %s', timer_id)

    def cancel(self, timer_id: str) -> None:
        _PENDING.drop(timer_id)
