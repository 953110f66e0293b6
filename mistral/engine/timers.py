"""Timers of this process: an in-memory heap, served by one thread that sleeps until the next one.

What must survive a crash is a row in the job store as well; this heap makes it punctual.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from mistral import metrics

LOG = logging.getLogger(__name__)

#: As many cancelled timers, besides one for each that counts, may wait for their time.
_MAX_CANCELLED: Final = 1000


class TimerService(Protocol):
    """What an engine asks of its timers; the database knows better what they stand for."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def schedule(self, timer_id: str, delay: float, function: Callable[[], None]) -> None:
        """Have `function` called after `delay` seconds, unless the id is known or cancelled."""

    def cancel(self, timer_id: str) -> None: ...


class Timers:
    """Calls functions at their time, in a thread of its own. The functions must be quick."""

    def __init__(self, name: str = 'timers') -> None:
        #: What waits for its time: (time, number, timer). It may name timers that are cancelled.
        self._heap: list[tuple[float, int, str]] = []
        #: The timers that count, with their numbers.
        self._pending: dict[str, tuple[int, Callable[[], None]]] = {}
        self._counter = itertools.count()
        self._wake = threading.Condition()
        self._stopped = False
        metrics.TIMERS.set_function(lambda: len(self._pending))
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop serving; what is still waiting is dropped."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    def schedule(self, timer_id: str, delay: float, function: Callable[[], None]) -> None:
        """Call `function` after `delay` seconds, unless the id is known or cancelled by then."""
        with self._wake:
            if timer_id in self._pending:
                return
            number = next(self._counter)
            self._pending[timer_id] = (number, function)
            due = time.monotonic() + max(delay, 0.0)
            heapq.heappush(self._heap, (due, number, timer_id))
            if self._heap[0][1] == number:
                self._wake.notify()

    def cancel(self, timer_id: str) -> None:
        with self._wake:
            if self._pending.pop(timer_id, None) is None:
                return
            if len(self._heap) > 2 * len(self._pending) + _MAX_CANCELLED:
                # Most timers are time limits, and are cancelled long before their time.
                self._heap = [entry for entry in self._heap if self._counts(entry)]
                heapq.heapify(self._heap)

    def _counts(self, entry: tuple[float, int, str]) -> bool:
        _, number, timer_id = entry
        pending = self._pending.get(timer_id)
        return pending is not None and pending[0] == number

    def _serve(self) -> None:
        while True:
            function = self._next()
            if function is None:
                return
            try:
                function()
            except Exception:
                LOG.exception('A timer has failed')

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next timer that is due; None when stopped."""
        with self._wake:
            while not self._stopped:
                if not self._heap:
                    self._wake.wait()
                    continue
                entry = self._heap[0]
                due, _, timer_id = entry
                delay = due - time.monotonic()
                if delay > 0 and self._counts(entry):
                    self._wake.wait(delay)
                    continue
                heapq.heappop(self._heap)
                if self._counts(entry):
                    _, function = self._pending.pop(timer_id)
                    return function
            return None
