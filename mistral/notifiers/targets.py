"""Whose turn it is: lanes of events wait for the target that they are for.

A target is what may be slow or out of order on its own: the URL of a webhook, or whatever else an
entry of `notify` names. Each has a bounded part of the threads, and rests when it has failed, so
that it holds up no other. Nothing here knows threads, database or clock.
"""

import json
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mistral.db.store.notifications import Pending

#: Lanes of one target that are kept in memory.
_QUEUED: Final = 50

#: What of an entry makes no difference to where it goes.
_NOT_A_TARGET: Final = frozenset({'event_types', 'headers', 'secret', 'timeout'})

#: Doublings beyond which waits are long anyway.
_MAX_DOUBLINGS: Final = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """`[notifier]`: threads, and seconds until the next attempt and until an event is given up."""

    threads: int = 32
    threads_per_target: int = 4
    first_wait: float = 1.0
    longest_wait: float = 60.0
    give_up_after: float = 86400.0

    def wait(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        doublings = min(max(failures - 1, 0), _MAX_DOUBLINGS)
        return min(self.first_wait * 2.0**doublings, self.longest_wait)


@dataclass(slots=True)
class _Target:
    queue: deque[Sequence[Pending]] = field(default_factory=deque)
    running: int = 0
    failures: int = 0
    rests_until: float = 0.0


class Targets:
    """Lanes in hand, and which of them are to be published next. Times are in seconds."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._targets: dict[str, _Target] = {}
        #: Targets with lanes that wait, in the order of their turns.
        self._turns: deque[str] = deque()
        self._running = 0

    def add(self, events: Sequence[Pending], now: float) -> float | None:
        """Have a lane wait for its turn; returns None.

        If it had better come again later, returns the seconds until then.
        """
        key = target_of(events[0].entry)
        target = self._targets.setdefault(key, _Target())
        if now < target.rests_until:
            return target.rests_until - now
        if len(target.queue) >= _QUEUED:
            return 2 + random.random() * 3  # noqa: S311
        if not target.queue:
            self._turns.append(key)
        target.queue.append(events)
        return None

    def next(self, now: float) -> Sequence[Pending] | None:
        """The lane whose turn it is, which counts as running until `done`."""
        for _ in range(len(self._turns) if self._running < self._limits.threads else 0):
            key = self._turns.popleft()
            target = self._targets[key]
            if not self._may_run(target, now):
                self._turns.append(key)
                continue
            events = target.queue.popleft()
            if target.queue:
                self._turns.append(key)
            target.running += 1
            self._running += 1
            return events
        return None

    def done(self, lane: Sequence[Pending], now: float, *, failed: bool) -> list[Sequence[Pending]]:
        """A lane has been published or has failed; returns lanes that have to wait because of that.

        They wait until `rest_of` the target is over.
        """
        key = target_of(lane[0].entry)
        target = self._targets[key]
        self._running -= 1
        target.running -= 1
        if not failed:
            target.failures = 0
            return []
        target.failures += 1
        target.rests_until = now + self._limits.wait(target.failures)
        waiting = list(target.queue)
        target.queue.clear()
        if waiting:
            self._turns.remove(key)
        return waiting

    def rest_of(self, entry: Mapping[str, Any], now: float) -> float:
        """Seconds that a target still rests."""
        target = self._targets.get(target_of(entry))
        return max(0.0, target.rests_until - now) if target else 0.0

    def waiting(self) -> list[Sequence[Pending]]:
        """All lanes that wait for their turn."""
        return [events for target in self._targets.values() for events in target.queue]

    def forget_idle(self, now: float) -> None:
        """Forget targets that nothing is to be published to, and that have long been left alone."""
        long_ago = now - 2 * self._limits.longest_wait
        for key, target in list(self._targets.items()):
            if not target.queue and not target.running and target.rests_until < long_ago:
                del self._targets[key]

    def _may_run(self, target: _Target, now: float) -> bool:
        if now < target.rests_until:
            return False
        if target.failures:
            troubled = sum(other.running for other in self._targets.values() if other.failures)
            return target.running == 0 and troubled < max(1, self._limits.threads // 2)
        return target.running < self._limits.threads_per_target


def target_of(entry: Mapping[str, Any]) -> str:
    """What identifies the target of an entry."""
    parts = {key: value for key, value in entry.items() if key not in _NOT_A_TARGET}
    return json.dumps(parts, sort_keys=True, default=str)
