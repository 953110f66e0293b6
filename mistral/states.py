"""States of workflow, task and action executions, and the changes between them."""

from typing import Final

IDLE: Final = 'IDLE'
WAITING: Final = 'WAITING'
RUNNING: Final = 'RUNNING'
DELAYED: Final = 'DELAYED'
PAUSED: Final = 'PAUSED'
SUCCESS: Final = 'SUCCESS'
ERROR: Final = 'ERROR'
CANCELLED: Final = 'CANCELLED'
SKIPPED: Final = 'SKIPPED'

ALL: Final = frozenset(
    {IDLE, WAITING, RUNNING, DELAYED, PAUSED, SUCCESS, ERROR, CANCELLED, SKIPPED}
)
COMPLETED: Final = frozenset({SUCCESS, ERROR, CANCELLED, SKIPPED})

#: States that a client may ask a workflow execution to take.
REQUESTABLE: Final = (RUNNING, PAUSED, SUCCESS, ERROR, CANCELLED)

_TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    IDLE: frozenset({RUNNING, ERROR, CANCELLED}),
    WAITING: frozenset({RUNNING}),
    RUNNING: frozenset({PAUSED, DELAYED, SUCCESS, ERROR, CANCELLED}),
    DELAYED: frozenset({RUNNING, ERROR, CANCELLED}),
    PAUSED: frozenset({RUNNING, ERROR, CANCELLED}),
    SUCCESS: frozenset(),
    CANCELLED: frozenset({RUNNING}),
    ERROR: frozenset({RUNNING, SKIPPED}),
    SKIPPED: frozenset(),
}


def is_completed(state: str) -> bool:
    return state in COMPLETED


def is_valid_transition(from_state: str, to_state: str) -> bool:
    """Tell whether an execution may go from one state to the other (staying is always fine)."""
    return from_state == to_state or to_state in _TRANSITIONS.get(from_state, frozenset())
