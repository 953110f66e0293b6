"""The scheduler: duties that have to be done every so often, whatever else happens."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mistral.db.retry import is_transient, without_sql
from mistral.exceptions import MistralException

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do every `interval` seconds. A failure is logged and the next turn comes."""

    name: str
    interval: float
    perform: Callable[[], object]


class SchedulerService:
    """Performs each duty in a thread of its own, so that a slow one delays no other."""

    def __init__(self, duties: Sequence[Duty], stop_within: float = threading.TIMEOUT_MAX) -> None:
        """`stop_within`: seconds for the turns in progress when the service stops."""
        self._stop_within = stop_within
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._perform, args=(duty,), name=f'duty-{duty.name}', daemon=True
            )
            for duty in duties
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the turns in progress, as far as the time suffices.

        A duty may wait for engines that have stopped before. Whoever does it next begins anew.
        """
        self._stopped.set()
        deadline = time.monotonic() + self._stop_within
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        late = [thread.name for thread in self._threads if thread.is_alive()]
        if late:
            LOG.warning('The scheduler stops in the midst of %s', ', '.join(late))

    def _perform(self, duty: Duty) -> None:
        while not self._stopped.wait(duty.interval):
            try:
                duty.perform()
            except Exception as e:  # noqa: BLE001 - the next turn may go better
                _log(duty, e)


def _log(duty: Duty, error: Exception) -> None:
    """That the broker, the engines or the database are away is news, but no riddle."""
    if isinstance(error, MistralException) or is_transient(error):
        LOG.warning('Duty %s has to wait: %s', duty.name, without_sql(error))
    else:
        LOG.error('Duty %s has failed', duty.name, exc_info=error)
