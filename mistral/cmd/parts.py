"""What processes are made of."""

from typing import Protocol

from mistral.executors.service import ExecutorService


class Part(Protocol):
    """Something that runs as long as its process does."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Executing:
    """An executor as a part of a process: it has a bounded time to stop."""

    def __init__(self, executor: ExecutorService, stop_within: float) -> None:
        """`stop_within`: seconds for the actions in hand."""
        self._executor = executor
        self._stop_within = stop_within

    def start(self) -> None:
        self._executor.start()

    def stop(self) -> None:
        self._executor.stop(self._stop_within)
