"""Mailboxes: events queue up per execution, a worker takes all that wait for one execution.

So one execution is worked on by one thread at a time, and a burst of results costs one commit.
"""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from mistral.workflow.events import Event

LOG = logging.getLogger(__name__)

#: How many events of one execution are handled in one unit of work at most.
BATCH_SIZE: Final = 200


@dataclass(slots=True, eq=False)
class Letter:
    """An event on its way. `job_id` is its row in the job store, to be deleted with its effects.

    `reply` is resolved once the effects are durable, or fails with the event's error.
    """

    event: Event
    job_id: str | None = None
    reply: 'Future[None] | None' = None

    def done(self) -> None:
        if self.reply is not None:
            self.reply.set_result(None)

    def failed(self, error: Exception) -> None:
        if self.reply is not None:
            self.reply.set_exception(error)


Handler = Callable[[str, Sequence[Letter]], None]


class Mailboxes:
    """Distributes letters to a pool of workers that call `handler(execution id, letters)`.

    The handler answers the letters itself and must not raise.
    """

    def __init__(self, handler: Handler, workers: int) -> None:
        self._handler = handler
        self._lock = threading.Lock()
        self._boxes: dict[str, deque[Letter]] = {}
        self._ready: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f'engine-worker-{number}', daemon=True)
            for number in range(workers)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the workers finish what they have in hand; the rest is found by recovery."""
        for _ in self._threads:
            self._ready.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def post(self, execution_id: str, letter: Letter) -> None:
        with self._lock:
            box = self._boxes.get(execution_id)
            if box is not None:
                # A worker has the execution, or it waits for one already.
                box.append(letter)
                return
            self._boxes[execution_id] = deque((letter,))
        self._ready.put(execution_id)

    def waiting(self) -> int:
        """How many executions have letters."""
        return len(self._boxes)

    def _work(self) -> None:
        while True:
            execution_id = self._ready.get()
            if execution_id is None:
                return
            letters = self._take(execution_id)
            try:
                self._handler(execution_id, letters)
            except Exception as e:
                LOG.exception('Failed to handle events of execution %s', execution_id)
                for letter in letters:
                    if letter.reply is not None and not letter.reply.done():
                        letter.failed(e)
            self._put_back(execution_id)

    def _take(self, execution_id: str) -> list[Letter]:
        with self._lock:
            box = self._boxes[execution_id]
            return [box.popleft() for _ in range(min(len(box), BATCH_SIZE))]

    def _put_back(self, execution_id: str) -> None:
        with self._lock:
            if not self._boxes[execution_id]:
                del self._boxes[execution_id]
                return
        self._ready.put(execution_id)
