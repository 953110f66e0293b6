"""Waiting for something that other threads or processes bring about."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar('T')

#: Seconds after which a test gives up; never reached when the code is right.
PATIENCE: Final = 60

_INTERVAL: Final = 0.02


def wait_for(condition: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """Call `condition` until it gives something true, and return that.

    Fails after `patience` seconds, and says that `what` did not come.
    """
    deadline = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline, f'There is no {what} after {patience} s; got {value!r}'
        time.sleep(_INTERVAL)
    return value


def wait_for_more(count: Callable[[], int], more: int, total: int) -> None:
    """Wait until `count` has grown by at least `more`, or has reached `total`."""
    enough = min(count() + more, total)
    wait_for(lambda: count() >= enough, f'progress to {enough} of {total}')
