"""Tells the engine regularly which actions are in hand, so that lost ones are noticed."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mistral.exceptions import MistralException

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HeartbeatSettings:
    """`[action_heartbeat]`; both in seconds.

    `first_delay` lets new actions gather for one message. Those that end meanwhile need none.
    """

    interval: float = 20
    first_delay: float = 0.1

    @classmethod
    def from_config(cls, conf: Any) -> 'HeartbeatSettings | None':
        """The settings, or None if the operator has switched heartbeats off."""
        group = conf.action_heartbeat
        is_on = group.check_interval > 0 and group.max_missed_heartbeats > 0
        return cls(interval=group.check_interval) if is_on else None


class HeartbeatSender:
    """Reports the ids of actions: soon after each is added, and all of them at each interval.

    :param report: sends a beat; what it raises is logged, the next beat comes all the same.
    """

    def __init__(
        self, settings: HeartbeatSettings, report: Callable[[Sequence[str]], None]
    ) -> None:
        self._settings = settings
        self._report = report
        self._changed = threading.Condition()
        self._ids: set[str] = set()
        self._new_ids: set[str] = set()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name='heartbeats', daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Send no more; return when the last beat is out."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
        self._thread.join()

    def add(self, action_execution_id: str) -> None:
        with self._changed:
            self._ids.add(action_execution_id)
            self._new_ids.add(action_execution_id)
            if len(self._new_ids) == 1:
                self._changed.notify()

    def remove(self, action_execution_id: str) -> None:
        with self._changed:
            self._ids.discard(action_execution_id)
            self._new_ids.discard(action_execution_id)

    def _run(self) -> None:
        next_beat = time.monotonic() + self._settings.interval
        while self._wait_for_new_ids(next_beat):
            with self._changed:
                is_due = time.monotonic() >= next_beat
                ids = sorted(self._ids if is_due else self._new_ids)
                self._new_ids.clear()
            if is_due:
                next_beat = time.monotonic() + self._settings.interval
            if ids:
                self._send(ids)

    def _wait_for_new_ids(self, next_beat: float) -> bool:
        """Wait until there is something to send, or a beat is due; False is the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_stopped or self._new_ids, next_beat - time.monotonic()
            )
            if self._new_ids:
                self._changed.wait_for(lambda: self._is_stopped, self._settings.first_delay)
            return not self._is_stopped

    def _send(self, ids: Sequence[str]) -> None:
        try:
            self._report(ids)
        except MistralException as e:
            LOG.warning('Heartbeat of %d actions could not be sent: %s', len(ids), e)
        except Exception:
            LOG.exception('Heartbeat of %d actions could not be sent', len(ids))
