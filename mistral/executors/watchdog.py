"""Tells when the time of something is up."""

import math
import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar('Item', bound=Hashable)


class Watchdog(Generic[Item]):
    """Calls `expired` for each watched item that is not forgotten in time.

    Meant for few items at a time. A thread of its own makes the calls, one after the other; it
    starts with the first item.
    """

    def __init__(self, expired: Callable[[Item], None]) -> None:
        self._expired = expired
        self._changed = threading.Condition()
        self._deadlines: dict[Item, float] = {}
        self._wakes_at = math.inf
        self._thread: threading.Thread | None = None
        self._is_stopped = False

    def watch(self, item: Item, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        with self._changed:
            self._deadlines[item] = deadline
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name='watchdog', daemon=True)
                self._thread.start()
            elif deadline < self._wakes_at:
                self._changed.notify()

    def forget(self, item: Item) -> None:
        with self._changed:
            self._deadlines.pop(item, None)

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify()

    def _run(self) -> None:
        while items := self._wait():
            for item in items:
                self._expired(item)

    def _wait(self) -> list[Item]:
        """Wait for items whose time is up and take them out; none means that the end has come."""
        with self._changed:
            while not self._is_stopped:
                now = time.monotonic()
                if items := [item for item, at in self._deadlines.items() if at <= now]:
                    for item in items:
                        del self._deadlines[item]
                    return items
                self._wakes_at = min(self._deadlines.values(), default=math.inf)
                self._changed.wait(None if self._wakes_at == math.inf else self._wakes_at - now)
            return []
