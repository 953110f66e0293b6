"""Actions and a reporter whose progress tests can wait for."""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from mistral_lib.actions import Action, Result

from mistral.actions.requests import ActionRequest
from mistral.context import RequestContext

#: Seconds after which a test gives up; never reached when the code is right.
PATIENCE = 10


class Blocking(Action):
    """Runs until it is released."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.released = threading.Event()
        self.ended = threading.Event()

    def run(self, context: Any) -> str:
        self.started.set()
        try:
            assert self.released.wait(PATIENCE)
            return 'done'
        finally:
            self.ended.set()


class Calling(Action):
    """Runs a function."""

    def __init__(self, function: Any, is_sync: bool = True) -> None:
        self._function = function
        self._is_sync = is_sync

    def run(self, context: Any) -> Any:
        return self._function(context)

    def is_sync(self) -> bool:
        return self._is_sync


class Reporter:
    """Collects what is reported. Results are durable when `durable` is, which it is at once."""

    def __init__(self) -> None:
        self.results: queue.Queue[tuple[str, Result]] = queue.Queue()
        self.beats: queue.Queue[list[str]] = queue.Queue()
        self.durable: Future[None] = Future()
        self.durable.set_result(None)

    def complete_action(self, request: ActionRequest, result: Result) -> 'Future[None]':
        self.results.put((str(request.action_execution_id), result))
        return self.durable

    def report_running(self, action_execution_ids: Sequence[str]) -> None:
        self.beats.put(list(action_execution_ids))

    def next_result(self) -> tuple[str, Result]:
        return self.results.get(timeout=PATIENCE)

    def next_beat(self) -> list[str]:
        return self.beats.get(timeout=PATIENCE)


def request(action: Any, id: str | None = 'a1', **fields: Any) -> ActionRequest:
    return ActionRequest(
        **{
            'action': action,
            'action_execution_id': id,
            'name': 'my.action',
            'caller': RequestContext('p1'),
            **fields,
        }
    )
