"""Watches the threads of the service: one that dies takes its process along.

A process without its timers or its heartbeats looks well and is not. When it ends, whoever watches
over it starts it again.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final

from mistral.exceptions import MistralError

LOG = logging.getLogger(__name__)

_OWN: Final = 'mistral.'


class ThreadDiedError(MistralError):
    """A thread that the process cannot do without has ended."""


@contextmanager
def watched_threads(stop: threading.Event) -> Iterator[None]:
    """Set `stop` when a thread of the service ends by an exception.

    Threads that others have started, such as actions and libraries, are their own affair.
    Raises ThreadDiedError at the end of the block.
    """
    troubles: list[str] = []
    others = threading.excepthook

    def note(death: threading.ExceptHookArgs) -> None:
        if death.exc_type is SystemExit or not _is_own(death.exc_traceback):
            others(death)
            return
        name = death.thread.name if death.thread is not None else 'unknown'
        cause = death.exc_value or death.exc_type()
        troubles.append(f"The thread '{name}' has died: {type(cause).__name__}: {cause}")
        LOG.critical('%s. The process stops', troubles[-1], exc_info=cause)
        stop.set()

    threading.excepthook = note
    try:
        yield
    finally:
        threading.excepthook = others
    if troubles:
        raise ThreadDiedError(troubles[0])


def _is_own(trace: TracebackType | None) -> bool:
    """Whether what the thread was started for is a function of the service."""
    while trace is not None:
        module = trace.tb_frame.f_globals.get('__name__', '')
        if module != 'threading':
            return bool(module.startswith(_OWN))
        trace = trace.tb_next
    return False
