"""Where engines leave the publishing to notifiers, processes of their own."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from mistral.exceptions import RpcError
from mistral.workflow.effects import Notify

LOG = logging.getLogger(__name__)

#: Seconds for the thread to end, which may be waiting for the message bus.
_STOP_TIMEOUT: Final = 2


class RemoteNotifier:
    """Wakes notifiers, in a thread of its own: no engine waits for that.

    Events that come while it does so share the next call. One that gets lost does no harm: events
    are stored, and notifiers look for them by themselves.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` raises RpcError if it does not get through."""
        self._wake = wake
        self._news = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name='wake-notifiers', daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT)

    def notify(self, _effects: Sequence[Notify]) -> None:
        """There are new events in the database."""
        self._news.set()

    def _run(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            try:
                self._wake()
            except RpcError as e:
                LOG.debug('Notifiers are not woken: %s', e)
            except Exception:
                LOG.exception('Notifiers are not woken')
            if self._stopping:
                return
