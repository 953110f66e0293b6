"""Maintenance: the whole service comes to rest, and goes on where it was.

An administrator asks for it, and the status says how far it is: RUNNING, PAUSING, PAUSED. A duty of
the scheduler does the work, a turn at a time. Every turn goes by what it finds in the database, so
any number of schedulers may have the duty, and none has to remember anything.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol

from mistral.context import SYSTEM, RequestContext
from mistral.db.database import Connection, Database
from mistral.db.store import maintenance
from mistral.db.store.maintenance import PAUSED, PAUSING, RUNNING
from mistral.exceptions import (
    InputException,
    MistralException,
    RpcError,
    UnavailableException,
)

LOG = logging.getLogger(__name__)

#: The status that follows from the present one when another one is asked for.
_NEXT: Final = {
    PAUSED: {RUNNING: PAUSING, PAUSING: PAUSING, PAUSED: PAUSED},
    RUNNING: {RUNNING: RUNNING, PAUSING: RUNNING, PAUSED: RUNNING},
}


class Maintenance:
    """The status, as clients see it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def status(self) -> str:
        with self._database.read() as connection:
            return maintenance.status(connection)

    def request(self, wanted: object) -> str:
        """Ask for PAUSED or RUNNING; returns the status from now on, which may be PAUSING.

        Raises InputException for anything else.
        """
        if wanted == PAUSING:
            raise InputException(
                'PAUSING is intermediate state. Consider PAUSED, RUNNING as new state'
            )
        if wanted not in _NEXT:
            raise InputException(
                f'Not found {wanted} maintenance state. '
                f"List of states: ['PAUSING', 'PAUSED', 'RUNNING']"
            )
        while True:
            with self._database.transaction() as connection:
                old = maintenance.status(connection)
                new = _NEXT[str(wanted)][old]
                # It may have changed at this very moment: then what follows may be different.
                if new == old or maintenance.change_status(connection, old, new):
                    return new


class Steering(Protocol):
    """What of `mistral.rpc.clients.EngineClient` is needed."""

    def pause_workflow(
        self, caller: RequestContext, execution_id: str, message: str | None = None
    ) -> Any: ...

    def resume_workflow(self, caller: RequestContext, execution_id: str) -> Any: ...


class MaintenanceDuty:
    """Pauses executions while there is maintenance, and resumes just those afterwards."""

    def __init__(self, database: Database, engine: Steering) -> None:
        self._database = database
        self._engine = engine

    def perform(self) -> None:
        """Do what the status asks for. Raises what keeps the engines from it at the moment."""
        with self._database.read() as connection:
            status = maintenance.status(connection)
        if status == RUNNING:
            self._for_all(maintenance.paused_executions, self._resume, {RUNNING})
            return
        # What began just before the maintenance may come up after all has been paused.
        for roots_only in (True, False):
            find = partial(maintenance.running_executions, roots_only=roots_only)
            self._for_all(find, self._pause, {PAUSING, PAUSED})
        if status == PAUSING:
            self._finish()

    def _finish(self) -> None:
        with self._database.transaction() as connection:
            is_done = not maintenance.is_at_work(connection)
            if is_done and maintenance.change_status(connection, PAUSING, PAUSED):
                LOG.info('The service is paused for maintenance')

    def _for_all(
        self,
        find: Callable[[Connection, str], Sequence[str]],
        steer: Callable[[str], object],
        while_status: set[str],
    ) -> None:
        """Steer executions, portion by portion, unless the status changes in the meantime."""
        last = ''
        while True:
            with self._database.read() as connection:
                if maintenance.status(connection) not in while_status:
                    return
                found = find(connection, last)
            if not found:
                return
            for execution_id in found:
                _steer(steer, execution_id)
            last = found[-1]

    def _pause(self, execution_id: str) -> None:
        self._engine.pause_workflow(SYSTEM, execution_id, maintenance.REASON)

    def _resume(self, execution_id: str) -> None:
        self._engine.resume_workflow(SYSTEM, execution_id)


def _steer(steer: Callable[[str], object], execution_id: str) -> None:
    """One that has just ended, or that is gone, is no trouble."""
    try:
        steer(execution_id)
    except (RpcError, UnavailableException):
        raise
    except MistralException as e:
        LOG.info('Execution %s is left alone: %s', execution_id, e)
