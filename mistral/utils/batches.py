"""Doing things together that come one by one."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

LOG = logging.getLogger(__name__)

Item = TypeVar('Item')

MAX_ITEMS: Final = 100


class Batcher(Generic[Item]):
    """Hands items to a function: those that come while it is busy go together, the next time.

    :param handle: takes a batch, in a thread of this object; it must not raise.
    """

    def __init__(
        self,
        name: str,
        handle: Callable[[Sequence[Item]], None],
        *,
        threads: int = 1,
        max_items: int = MAX_ITEMS,
    ) -> None:
        self._handle = handle
        self._max_items = max_items
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._is_stopped = False
        self._threads = [
            threading.Thread(target=self._run, name=f'{name}-{number}', daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float | None = None) -> None:
        """Handle what has been added, for at most `timeout` seconds."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        deadline = None if timeout is None else time.monotonic() + timeout
        for thread in self._threads:
            if thread.is_alive():
                thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))

    def add(self, item: Item) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify()

    def _run(self) -> None:
        while batch := self._take():
            try:
                self._handle(batch)
            except Exception:
                LOG.exception('A batch of %d has failed', len(batch))

    def _take(self) -> list[Item]:
        """Wait for items; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_stopped)
            return [self._items.popleft() for _ in range(min(len(self._items), self._max_items))]
