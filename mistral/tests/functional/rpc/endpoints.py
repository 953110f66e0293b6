"""Endpoints for the tests."""

import threading
from concurrent.futures import Future
from typing import Any

from mistral import exceptions
from mistral.context import RequestContext
from mistral.rpc.base import at_most_once


class Recorder:
    """Notes what it is called with. Calls of `wait` and `later` end when the test lets them."""

    def __init__(self, label: str = '') -> None:
        self.label = label
        self.seen: list[Any] = []
        self.redelivered: list[bool] = []
        self.gate = threading.Event()
        self.future: Future[Any] = Future()

    def echo(self, caller: RequestContext, **arguments: Any) -> Any:
        return {'arguments': arguments, 'project': caller.project_id}

    def who(self, caller: RequestContext) -> str:
        return self.label

    def note(self, caller: RequestContext, x: Any) -> None:
        self.redelivered.append(caller.redelivered)
        self.seen.append(x)

    def wait(self, caller: RequestContext, x: Any) -> Any:
        self.note(caller, x)
        self.gate.wait(60)
        return x

    @at_most_once
    def wait_once(self, caller: RequestContext, x: Any) -> Any:
        return self.wait(caller, x)

    def later(self, caller: RequestContext, x: Any) -> 'Future[Any]':
        self.note(caller, x)
        return self.future

    def fail(self, caller: RequestContext, name: str, text: str) -> None:
        error = getattr(exceptions, name, None) or {'KeyError': KeyError}[name]
        raise error(text)
