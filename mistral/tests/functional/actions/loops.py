"""Servers on asyncio for tests that are not."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from mistral.tests.waiting import PATIENCE

T = TypeVar('T')


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something there and wait for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)


@contextmanager
def loop_in_thread() -> Iterator[Loop]:
    loop = Loop()
    thread = threading.Thread(target=loop.loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.run(_close_everything())
        loop.loop.call_soon_threadsafe(loop.loop.stop)
        thread.join()
        loop.loop.close()


async def _close_everything() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # Connections that a client, or a library, has left open.
    transports: Any = asyncio.get_running_loop()._transports  # type: ignore[attr-defined]
    for transport in list(transports.values()):
        transport.abort()
    # They do it in the next turns of the loop.
    for _ in range(3):
        await asyncio.sleep(0)
