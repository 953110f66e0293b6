"""Executions kept in memory between their events."""

import threading
from collections import OrderedDict

from mistral.workflow.model import ExecutionState


class WarmExecutions:
    """A bounded set of executions, the least recently used are dropped first.

    Whoever works on an execution takes it out and puts it back when its changes are durable; so a
    copy in here always stands for a committed revision.
    """

    def __init__(self, max_objects: int) -> None:
        """`max_objects`: how many task, action and workflow executions are kept in all."""
        self._max_objects = max_objects
        self._objects = 0
        self._states: OrderedDict[str, tuple[ExecutionState, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, execution_id: str) -> ExecutionState | None:
        with self._lock:
            state, size = self._states.pop(execution_id, (None, 0))
            self._objects -= size
            return state

    def put(self, state: ExecutionState) -> None:
        size = state.size()
        with self._lock:
            self._objects += size
            self._states[state.execution.id] = (state, size)
            while self._objects > self._max_objects and self._states:
                _, (_, dropped) = self._states.popitem(last=False)
                self._objects -= dropped
