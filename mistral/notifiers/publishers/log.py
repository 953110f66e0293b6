"""Publishes events to a log, a line of JSON for each."""

import json
import logging
import threading
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from oslo_config import cfg

from mistral.notifiers.base import NotificationPublisher, UndeliverableError

#: Where lines go if there is no file for them; the configuration of logging may know it.
LOGGER: Final = 'mistral.notifications'

_LEVELS: Final = {'DEBUG', 'INFO', 'WARNING', 'ERROR'}


class LogPublisher(NotificationPublisher):
    """Writes to `[notifier] log_file`, which may be rotated, or to the log of the process.

    The entry may have `level` (INFO), which counts in the log of the process.
    """

    def __init__(self) -> None:
        self._logger = logging.getLogger(LOGGER)
        # Publishers are made without arguments.
        self._path: str | None = cfg.CONF.notifier.log_file
        self._lock = threading.Lock()

    def publish(
        self,
        ctx: Any,
        ex_id: str,
        data: dict[str, Any],
        event: str | None,
        timestamp: datetime | None,
        **kwargs: Any,
    ) -> None:
        level = str(kwargs.get('level') or 'INFO').upper()
        if level not in _LEVELS:
            raise UndeliverableError(
                f'"level" of publisher "log" is {level}; it can be one of: '
                f'{", ".join(sorted(_LEVELS))}.'
            )
        line = json.dumps(data, sort_keys=True)
        if self._path is None:
            self._logger.log(logging.getLevelNamesMapping()[level], '%s', line)
            return
        # Opened each time: so it may be moved away at any time, and errors are not swallowed.
        with self._lock, Path(self._path).open('a', encoding='utf-8') as file:
            file.write(f'{line}\n')
