"""Whether heartbeats get through: if they cannot, silence of executors means nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta


class Vigil:
    """Knows since when heartbeats have had a free way to the database.

    While the database, the broker or all engines are away, none is noted. Whoever watches must
    then not take running actions for lost, but give their executors time for one more beat.
    """

    def __init__(self, ask_engines: Callable[[], object], time_for_a_beat: timedelta) -> None:
        """`ask_engines` goes the way of heartbeats; it raises an error if that is blocked."""
        self._ask_engines = ask_engines
        self._time_for_a_beat = time_for_a_beat
        self._since: datetime | None = None

    def has_lasted(self, now: datetime) -> bool:
        """Whether silence tells something. Raises what `ask_engines` raises."""
        try:
            self._ask_engines()
        except Exception:
            self.interrupt()
            raise
        if self._since is None:
            self._since = now
        return now - self._since >= self._time_for_a_beat

    def interrupt(self) -> None:
        """Note that the way was blocked a moment ago."""
        self._since = None
