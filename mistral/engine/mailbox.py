"""Mailboxes: events queue up per execution, a worker takes all that wait for one execution.

So one execution is worked on by one thread at a time, and a burst of results costs one commit.
"""

import itertools
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from mistral import metrics
from mistral.db.store.callers import StoredCaller
from mistral.workflow.events import Event
from mistral.workflow.model import ExecutionState, WorkflowExecution

LOG = logging.getLogger(__name__)

#: How many events of one execution, and how many executions, a worker takes at a time at most.
MAX_LETTERS: Final = 200
MAX_EXECUTIONS: Final = 16


@dataclass(slots=True, eq=False)
class Letter:
    """An event on its way. `job_id` is its row in the job store, to be deleted with its effects.

    `reply` is for whoever asks for something: it is resolved with the execution as committed once
    the effects are durable, or fails with the event's error. `receipt` is for whoever brings news
    and keeps it until it is durable. `create` makes the execution if the event is the first of a
    new one. `caller` is who its actions are to run as from now on, if that changes.
    """

    event: Event
    job_id: str | None = None
    reply: 'Future[WorkflowExecution | None] | None' = None
    create: Callable[[], ExecutionState] | None = None
    receipt: 'Future[None] | None' = None
    caller: StoredCaller | None = None

    def done(self, execution: WorkflowExecution | None) -> None:
        """The event has taken effect (None: it had before)."""
        if self.reply is not None:
            self.reply.set_result(execution)
        if self.receipt is not None:
            self.receipt.set_result(None)

    def failed(self, error: Exception) -> None:
        for future in (self.reply, self.receipt):
            if future is not None and not future.done():
                future.set_exception(error)


#: Handles letters by execution id, and answers them itself.
Handler = Callable[[Mapping[str, Sequence[Letter]]], None]


class Mailboxes:
    """Distributes letters to a pool of workers.

    A worker that finds letters for several executions takes them together: under load they share
    one transaction.
    """

    def __init__(
        self, handler: Handler, workers: int, leave: Callable[[str, Letter], None]
    ) -> None:
        """`leave` takes the letters for an execution that nobody will handle any more."""
        metrics.WAITING_EVENTS.set_function(self._count)
        self._handler = handler
        self._leave = leave
        self._lock = threading.Lock()
        self._boxes: dict[str, deque[Letter]] = {}
        self._is_closed = False
        self._ready: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f'engine-worker-{number}', daemon=True)
            for number in range(workers)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the workers finish what they have in hand; what is left, or comes later, is left."""
        with self._lock:
            self._is_closed = True
        for _ in self._threads:
            self._ready.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        for execution_id, box in self._boxes.items():
            for letter in box:
                self._leave(execution_id, letter)
        self._boxes.clear()

    def post(self, execution_id: str, letter: Letter) -> None:
        with self._lock:
            is_late = self._is_closed
            # If there is a box, a worker has the execution, or it waits for one already.
            is_idle = not is_late and execution_id not in self._boxes
            if not is_late:
                self._boxes.setdefault(execution_id, deque()).append(letter)
        if is_idle:
            self._ready.put(execution_id)
        if is_late:
            self._leave(execution_id, letter)

    def _count(self) -> int:
        with self._lock:
            return sum(map(len, self._boxes.values()))

    def _work(self) -> None:
        while True:
            execution_ids = self._next()
            if not execution_ids:
                return
            letters = self._take(execution_ids)
            try:
                self._handler(letters)
            except Exception as e:
                LOG.exception('Failed to handle events of executions %s', execution_ids)
                for letter in itertools.chain(*letters.values()):
                    letter.failed(e)
            self._put_back(execution_ids)

    def _next(self) -> list[str]:
        """Wait for executions with letters; none when stopped."""
        execution_ids: list[str] = []
        execution_id = self._ready.get()
        while execution_id is not None:
            execution_ids.append(execution_id)
            if len(execution_ids) == MAX_EXECUTIONS:
                return execution_ids
            try:
                execution_id = self._ready.get_nowait()
            except queue.Empty:
                return execution_ids
        if execution_ids:
            # That was the call to stop: leave it for the next turn.
            self._ready.put(None)
        return execution_ids

    def _take(self, execution_ids: Sequence[str]) -> dict[str, list[Letter]]:
        taken = {}
        with self._lock:
            for execution_id in execution_ids:
                box = self._boxes[execution_id]
                taken[execution_id] = [box.popleft() for _ in range(min(len(box), MAX_LETTERS))]
        return taken

    def _put_back(self, execution_ids: Sequence[str]) -> None:
        for execution_id in execution_ids:
            with self._lock:
                if not self._boxes[execution_id]:
                    del self._boxes[execution_id]
                    continue
            self._ready.put(execution_id)
