"""The way of actions to executors, as the database knows it.

An action is waiting until an executor has started it. Executors ask before they start one whose
repetition could do harm: the first to ask gets it (`executor`). While it runs they send heartbeats.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, bindparam, or_, select, update

from mistral import states
from mistral.db.chunks import chunks
from mistral.db.models import action_executions, task_executions

#: An action that no executor has started by then is handed over again, later ones at twice the age.
AGAIN_AFTER: Final = timedelta(seconds=30)

_ACTION: Final = action_executions.c
_IS_RUNNING: Final = _ACTION.state == states.RUNNING

#: Action ids by the execution of their task; those without one are under None.
ByExecution = Mapping[str | None, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Claim:
    """An executor's wish to start an action.

    `redelivered` says that another may have had it, and died; `may_repeat` that it does no harm if
    that one has started it.
    """

    action_execution_id: str
    redelivered: bool = False
    may_repeat: bool = False


def claim(
    connection: Connection, executor: str, claims: Sequence[Claim], now: datetime
) -> set[str]:
    """Give actions to an executor; returns those that are its own now.

    Asking twice does no harm: what the executor has got, it gets again.
    """
    by_id = {claim.action_execution_id: claim for claim in claims}
    granted = set()
    for chunk in chunks(sorted(by_id)):
        query = select(_ACTION.id, _ACTION.executor).where(_ACTION.id.in_(chunk), _IS_RUNNING)
        for id_, holder in connection.execute(query.order_by(_ACTION.id).with_for_update()):
            wish = by_id[id_]
            if holder in (None, executor) or (wish.redelivered and wish.may_repeat):
                granted.add(id_)
    for chunk in chunks(sorted(granted)):
        connection.execute(
            update(action_executions)
            .where(_ACTION.id.in_(chunk))
            .values(executor=executor, last_heartbeat=now, hand_over_at=None)
        )
    return granted


def suspect(connection: Connection, action_ids: Sequence[str], last_heartbeat: datetime) -> None:
    """Let running actions count as lost soon, unless another heartbeat comes."""
    for chunk in chunks(sorted(action_ids)):
        connection.execute(
            update(action_executions)
            .where(_ACTION.id.in_(chunk), _IS_RUNNING, _ACTION.last_heartbeat > last_heartbeat)
            .values(last_heartbeat=last_heartbeat)
        )


def beat(connection: Connection, executor: str, action_ids: Sequence[str], now: datetime) -> None:
    """Note that actions are in the hands of an executor, unless another one has them.

    Those that are being changed at the moment are left out: waiting for many rows, in whatever
    order, would lead to deadlocks, and the next heartbeat comes soon.
    """
    for chunk in chunks(action_ids):
        query = select(_ACTION.id).where(
            _ACTION.id.in_(chunk),
            _IS_RUNNING,
            or_(_ACTION.executor.is_(None), _ACTION.executor == executor),
        )
        found = connection.execute(query.with_for_update(skip_locked=True)).scalars().all()
        connection.execute(
            update(action_executions)
            .where(_ACTION.id.in_(found))
            .values(last_heartbeat=now, hand_over_at=None)
        )


def hand_over_again(connection: Connection, action_ids: Sequence[str], now: datetime) -> None:
    """Note that actions, started or not, are on their way to an executor anew."""
    if action_ids:
        connection.execute(
            _HAND_OVER_AGAIN,
            [{'of_id': id_, 'at': now + AGAIN_AFTER} for id_ in sorted(action_ids)],
        )


def take_waiting(connection: Connection, now: datetime, limit: int) -> ByExecution:
    """Running actions that it is time to hand over again. Others will not find them for a while."""
    query = (
        _running()
        .add_columns(_ACTION.created_at)
        .where(
            _ACTION.hand_over_at <= now,
            _ACTION.executor.is_(None),
            _ACTION.task_execution_id.is_not(None),
        )
    )
    found = connection.execute(_locked(query, limit)).all()
    if found:
        connection.execute(
            _HAND_OVER_AGAIN_AT,
            [
                {'of_id': id_, 'at': now + max(AGAIN_AFTER, now - created_at)}
                for id_, _, created_at in found
            ],
        )
    return _by_execution(found)


def take_lost(
    connection: Connection,
    now: datetime,
    *,
    silent_since: datetime,
    created_before: datetime,
    limit: int,
) -> ByExecution:
    """Running synchronous actions whose executor is gone; others will not find them for a while.

    That is if the last heartbeat is older than `silent_since`, or there has been none though the
    action was created before `created_before`.
    """
    query = _running().where(
        _ACTION.is_sync.is_(True),
        or_(
            _ACTION.last_heartbeat < silent_since,
            and_(_ACTION.last_heartbeat.is_(None), _ACTION.created_at < created_before),
        ),
    )
    found = connection.execute(_locked(query, limit)).all()
    for chunk in chunks([row.id for row in found]):
        connection.execute(
            update(action_executions).where(_ACTION.id.in_(chunk)).values(last_heartbeat=now)
        )
    return _by_execution(found)


def _running() -> Select[Any]:
    return (
        select(_ACTION.id, task_executions.c.workflow_execution_id)
        .outerjoin(task_executions, _ACTION.task_execution_id == task_executions.c.id)
        .where(_IS_RUNNING)
    )


def _locked(query: Select[Any], limit: int) -> Select[Any]:
    """Several may look at the same time: none waits, none takes what another is about to take."""
    return query.limit(limit).with_for_update(skip_locked=True, of=action_executions)


def _by_execution(found: Sequence[Any]) -> dict[str | None, list[str]]:
    by_execution: dict[str | None, list[str]] = {}
    for row in found:
        by_execution.setdefault(row.workflow_execution_id, []).append(row.id)
    return by_execution


_HAND_OVER_AGAIN_AT: Final = (
    update(action_executions)
    .where(_ACTION.id == bindparam('of_id'))
    .values(hand_over_at=bindparam('at'))
)
_HAND_OVER_AGAIN: Final = _HAND_OVER_AGAIN_AT.values(executor=None, last_heartbeat=None)
