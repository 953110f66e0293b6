"""Several components, or several processes of one, under a process that watches over them.

A process that dies is started again; when the watching process dies, its processes stop.
"""

import threading
from collections.abc import Mapping
from typing import Any, Final

import cotyledon
from oslo_config import cfg

from mistral.cmd.process import Process
from mistral.cmd.threads import ThreadDiedError, watched_threads

#: Seconds between the starts of two processes.
_START_INTERVAL: Final = 0.01


def supervise(conf: cfg.ConfigOpts, workers: Mapping[str, int]) -> None:
    """Run components in so many processes each, until SIGTERM or SIGINT.

    Raises ConfigurationError if one of them could not start at all.
    """
    # What is wrong for all of them is better seen once.
    Process(conf, list(workers)).stop()
    manager = cotyledon.ServiceManager(
        wait_interval=_START_INTERVAL,
        graceful_shutdown_timeout=conf.graceful_shutdown_timeout,
    )
    for component, number in workers.items():
        manager.add(_Worker, workers=number, args=(conf, component))
    manager.run()


class _Worker(cotyledon.Service):
    """One component in a process of its own."""

    def __init__(self, worker_id: Any, conf: cfg.ConfigOpts, component: str) -> None:
        super().__init__(worker_id)
        self._stop = threading.Event()
        self._process = Process(conf, [component])

    def run(self) -> None:
        try:
            with watched_threads(self._stop):
                self._process.start(self._stop)
                self._stop.wait()
        except ThreadDiedError:
            self._process.stop()
            raise

    def terminate(self) -> None:
        self._stop.set()
        self._process.stop()
