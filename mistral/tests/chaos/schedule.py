"""What is to be disturbed, and when."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

KILL: Final = 'kill'
CUT_BROKER: Final = 'cut broker'
CUT_DATABASE: Final = 'cut database'
RESTART_BROKER: Final = 'restart broker'
RESTART_DATABASE: Final = 'restart database'

#: How often each is chosen, as against the others.
_WEIGHTS: Final = {KILL: 16, CUT_BROKER: 2, CUT_DATABASE: 2}
_OUTAGES: Final = {RESTART_BROKER: 1, RESTART_DATABASE: 1}

#: Seconds from one to the next.
_PAUSE: Final = (1.0, 2.0)


@dataclass(frozen=True)
class Disturbance:
    """`after` seconds `what` happens, to a member of the cluster if that can be."""

    after: float
    what: str
    member: str = ''

    def __str__(self) -> str:
        return f'{self.after:.1f} s: {self.what} {self.member}'.rstrip()


def plan(seed: int, rounds: int, members: Sequence[str], *, outages: bool) -> list[Disturbance]:
    """Always the same for the same arguments."""
    chance = random.Random(seed)
    weights = _WEIGHTS | _OUTAGES if outages else _WEIGHTS
    found = []
    for _ in range(rounds):
        after = chance.uniform(*_PAUSE)
        (what,) = chance.choices(list(weights), list(weights.values()))
        # Drawn in any case, so that the rest of the plan depends on nothing else.
        member = chance.choice(members)
        found.append(Disturbance(after, what, member if what == KILL else ''))
    return found
