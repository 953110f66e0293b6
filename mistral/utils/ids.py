"""Ids of executions and everything that belongs to them."""

import random
import uuid
from collections.abc import Callable
from typing import Final

# Seeded by the operating system. Asking it for each id would be a system call, which hands the
# interpreter to another thread each time; ids only have to be unique, not secret.
_bits: Final[Callable[[int], int]] = random.Random().getrandbits  # noqa: S311


def new_id() -> str:
    """A random UUID (version 4) as text."""
    return str(uuid.UUID(int=_bits(128), version=4))
