"""Trusts of triggers that are gone, until they are deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, exists, insert, or_, select

from mistral.db.models import execution_callers, superfluous_trusts

_TRUST = superfluous_trusts.c


@dataclass(frozen=True, slots=True)
class SuperfluousTrust:
    trust_id: str
    created_at: datetime


def add(connection: Connection, trust_id: str, now: datetime, *, at_once: bool) -> None:
    """Note that a trust is to be deleted: `at_once`, or when no execution rests on it."""
    connection.execute(
        insert(superfluous_trusts), {'trust_id': trust_id, 'created_at': now, 'at_once': at_once}
    )


def removable(connection: Connection, limit: int) -> Sequence[SuperfluousTrust]:
    """Trusts that can be deleted now, the oldest first."""
    is_used = exists().where(execution_callers.c.trust_id == _TRUST.trust_id)
    query = (
        select(_TRUST.trust_id, _TRUST.created_at)
        .where(or_(_TRUST.at_once, ~is_used))
        .order_by(_TRUST.created_at)
        .limit(limit)
    )
    return [SuperfluousTrust(*row) for row in connection.execute(query)]


def forget(connection: Connection, trust_id: str) -> None:
    connection.execute(delete(superfluous_trusts).where(_TRUST.trust_id == trust_id))
