"""Who the actions of an execution run as.

Workflows see the identity of their caller without its secrets. Those are stored once for a tree
of executions, encrypted, from its start to its end; whoever resumes it or runs a task again puts
a fresh token there. They are read when an action is handed to an executor, whichever engine does
that.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mistral.auth.sealing import Sealer
from mistral.context import RequestContext
from mistral.db.database import Database
from mistral.db.store import callers
from mistral.db.store.callers import StoredCaller
from mistral.exceptions import MistralException
from mistral.rpc import wire
from mistral.workflow.model import CALLER, WorkflowExecution

LOG = logging.getLogger(__name__)

#: Trees of executions whose callers are in memory.
_CAPACITY: Final = 500

#: Gives a caller whose token rests on a trust another one.
Renew = Callable[[RequestContext], RequestContext]


class Callers:
    """Stores callers, and finds them again."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        renew: Renew | None = None,
        margin: timedelta = timedelta(0),
    ) -> None:
        """`renew` is asked when a token will expire within `margin`."""
        self._database = database
        self._sealer = sealer
        self._renew = renew
        self._margin = margin
        self._lock = threading.Lock()
        self._known: OrderedDict[str, RequestContext] = OrderedDict()
        # The latest reading under way by root. One that has begun before `forget` does not count.
        self._readings: dict[str, object] = {}

    def to_store(self, caller: RequestContext) -> StoredCaller | None:
        """What is stored with an execution of this caller; None if there are no secrets."""
        if not caller.security:
            return None
        content = self._sealer.seal(wire.dump(wire.dump_caller(caller)))
        return StoredCaller(content, caller.project_id, caller.security.get('trust_id'))

    def of(self, execution: WorkflowExecution) -> RequestContext:
        """The caller for the actions of an execution. Raises errors of the database."""
        if CALLER not in execution.context:
            return RequestContext(project_id=execution.project_id)
        root_id = execution.root_execution_id or execution.id
        with self._lock:
            caller = self._known.get(root_id)
        if caller is None or self._is_expiring(caller):
            # Somebody may have brought a fresh token to another engine.
            caller = self._read(root_id, execution.project_id)
        return caller

    def forget(self, root_execution_id: str) -> None:
        """Read the caller again when it is needed."""
        with self._lock:
            self._known.pop(root_execution_id, None)
            self._readings.pop(root_execution_id, None)

    def _read(self, root_id: str, project_id: str) -> RequestContext:
        reading = object()
        with self._lock:
            self._readings[root_id] = reading
        caller = None
        try:
            caller = self._load(root_id) or RequestContext(project_id=project_id)
            if self._is_expiring(caller) and caller.security.get('is_trust_scoped'):
                caller = self._renewed(root_id, caller)
        finally:
            self._end(reading, root_id, caller)
        return caller

    def _load(self, root_id: str) -> RequestContext | None:
        with self._database.read() as connection:
            content = callers.get(connection, root_id)
        if content is None:
            return None
        text = self._sealer.open(content)
        if text is None:
            LOG.error(
                'The token for execution %s cannot be read: it was encrypted with a key that is '
                'not among [credentials] encryption_keys',
                root_id,
            )
            return None
        return wire.load_caller(wire.load(text))

    def _renewed(self, root_id: str, caller: RequestContext) -> RequestContext:
        if self._renew is None:
            return caller
        try:
            renewed = self._renew(caller)
        except MistralException as e:
            LOG.warning('The token for execution %s cannot be renewed: %s', root_id, e)
            return caller
        stored = self.to_store(renewed)
        if stored is not None:
            with self._database.transaction() as connection:
                callers.replace(connection, root_id, stored)
        return renewed

    def _end(self, reading: object, root_id: str, caller: RequestContext | None) -> None:
        """Remember what was read, unless that was forgotten or read again meanwhile."""
        with self._lock:
            if self._readings.get(root_id) is not reading:
                return
            del self._readings[root_id]
            if caller is None:
                return
            self._known[root_id] = caller
            self._known.move_to_end(root_id)
            if len(self._known) > _CAPACITY:
                self._known.popitem(last=False)

    def _is_expiring(self, caller: RequestContext) -> bool:
        expires_at = _time(caller.security.get('expires_at'))
        return expires_at is not None and expires_at - self._margin <= datetime.now(UTC)


def _time(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
