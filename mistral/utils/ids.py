"""Ids of executions and everything that belongs to them."""

import os
import random
import uuid
from typing import Final

# Seeded by the operating system. Asking it for each id would be a system call, which hands the
# interpreter to another thread each time; ids only have to be unique, not secret.
_random: Final = random.Random()  # noqa: S311

# A process that is forked would make the same ids as its parent and its siblings.
os.register_at_fork(after_in_child=_random.seed)


def new_id() -> str:
    """A random UUID (version 4) as text."""
    return str(uuid.UUID(int=_random.getrandbits(128), version=4))


def is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
