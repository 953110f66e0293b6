"""Who the workflows of triggers run as: whoever has made the trigger, by a trust of Keystone.

A trust is made before the trigger is stored, and deleted again if that fails. That a trust is to
be deleted is written in the transaction that deletes its trigger, so it is not forgotten when
Keystone is away or a process dies.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final, Protocol

from mistral.context import RequestContext
from mistral.db.database import Connection, Database
from mistral.db.store import trusts as store
from mistral.db.times import utc_now
from mistral.exceptions import MistralException

LOG = logging.getLogger(__name__)

#: Trusts deleted in one turn.
_PORTION: Final = 100

#: How long Keystone may refuse to delete a trust before it is left alone.
_PATIENCE: Final = timedelta(days=1)


class Trusts(Protocol):
    """`mistral.auth.trusts.Trusts`."""

    def create(self, caller: RequestContext) -> str: ...

    def caller_of(self, trust_id: str, project_id: str) -> RequestContext: ...

    def delete(self, trust_id: str) -> None: ...


class Trigger(Protocol):
    """A cron trigger or an event trigger."""

    @property
    def project_id(self) -> str: ...

    @property
    def trust_id(self) -> str | None: ...


class TriggerTrusts:
    """Trusts from the making of a trigger to its end. Without Keystone there are none."""

    def __init__(self, database: Database, trusts: Trusts | None = None) -> None:
        self._database = database
        self._trusts = trusts

    @property
    def are_made(self) -> bool:
        return self._trusts is not None

    @contextmanager
    def created_for(self, caller: RequestContext) -> Iterator[str | None]:
        """The id of a new trust, which is deleted again if the block raises.

        Raises NotAllowedException and UnavailableException.
        """
        trust_id = self._trusts.create(caller) if self._trusts is not None else None
        try:
            yield trust_id
        except BaseException:
            if trust_id is not None:
                self._delete(trust_id)
            raise

    def caller_of(self, trigger: Trigger) -> RequestContext:
        """Who starts the workflow of a trigger; its project alone if there is no trust.

        Raises NotAllowedException if the trust does not hold any more, UnavailableException if
        that cannot be told at the moment.
        """
        if self._trusts is None or not trigger.trust_id:
            return RequestContext(project_id=trigger.project_id)
        return self._trusts.caller_of(trigger.trust_id, trigger.project_id)

    def discard(self, connection: Connection, trust_id: str | None) -> None:
        """Note within a transaction that a trigger is gone that has not run out by itself.

        Its trust goes at once: call `delete_now` after the commit.
        """
        self._note(connection, trust_id, at_once=True)

    def run_out(self, connection: Connection, trust_id: str | None) -> None:
        """Note within a transaction that a trigger has come for the last time.

        Its trust stays until the executions have ended that rest on it.
        """
        self._note(connection, trust_id, at_once=False)

    def delete_now(self, trust_id: str | None) -> None:
        """Delete a discarded trust. If that fails it is done later."""
        if trust_id and self._trusts is not None and self._delete(trust_id):
            self._forget(trust_id)

    def sweep(self) -> None:
        """Delete trusts that nobody needs. Any number of processes may do this at once."""
        if self._trusts is None:
            return
        with self._database.read() as connection:
            found = store.removable(connection, _PORTION)
        for trust in found:
            is_deleted = self._delete(trust.trust_id)
            if not is_deleted and utc_now() - trust.created_at > _PATIENCE:
                LOG.error('Trust %s stays in Keystone', trust.trust_id)
                is_deleted = True
            if is_deleted:
                self._forget(trust.trust_id)

    def _note(self, connection: Connection, trust_id: str | None, **how: Any) -> None:
        if trust_id and self._trusts is not None:
            store.add(connection, trust_id, utc_now(), **how)

    def _forget(self, trust_id: str) -> None:
        with self._database.transaction() as connection:
            store.forget(connection, trust_id)

    def _delete(self, trust_id: str) -> bool:
        assert self._trusts is not None  # noqa: S101
        try:
            self._trusts.delete(trust_id)
        except MistralException as e:
            LOG.warning('Failed to delete trust [id=%s]: %s', trust_id, e)
            return False
        return True
