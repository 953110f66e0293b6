"""Timers of this process: an in-memory heap, served by one thread that sleeps until the next one.

What must survive a crash is a row in the job store as well; this heap makes it punctual.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from mistral import metrics

LOG = logging.getLogger(__name__)


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
        self._heap: list[tuple[float, int, str, Callable[[], None]]] = []
        self._cancelled: set[str] = set()
        self._known: set[str] = set()
        self._counter = itertools.count()
        self._wake = threading.Condition()
        self._stopped = False
        metrics.TIMERS.set_function(lambda: len(self._heap))
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
            if timer_id in self._known:
                return
            self._known.add(timer_id)
            due = time.monotonic() + max(delay, 0.0)
            heapq.heappush(self._heap, (due, next(self._counter), timer_id, function))
            if self._heap[0][2] == timer_id:
                self._wake.notify()

    def cancel(self, timer_id: str) -> None:
        with self._wake:
            if timer_id in self._known:
                self._cancelled.add(timer_id)

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
                due, _, timer_id, function = self._heap[0]
                if timer_id not in self._cancelled:
                    delay = due - time.monotonic()
                    if delay > 0:
                        self._wake.wait(delay)
                        continue
                heapq.heappop(self._heap)
                self._known.discard(timer_id)
                if timer_id in self._cancelled:
                    self._cancelled.discard(timer_id)
                    continue
                return function
            return None
