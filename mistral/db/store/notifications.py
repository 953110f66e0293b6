"""Events for publishers, written in the transaction that changes the execution.

The events of one execution for one publisher form a *lane* and go out in order. Any number of
notifiers look for lanes that are due; who takes the first event of a lane has the lane, until the
event is gone or its time has come again. Nobody waits for anybody.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from mistral.db.chunks import chunks
from mistral.db.models import notifications
from mistral.db.types import dump_json
from mistral.workflow.effects import Effect, Notify
from mistral.workflow.model import WorkflowExecution

#: Events of a lane that are taken at a time.
_PORTION: Final = 20

#: How long an event waits that has come while the lane is in the hands of a notifier: that one
#: takes it when it is done with those before, so this is for the case that it has just missed it.
_BEHIND: Final = timedelta(seconds=2)

_ROW: Final = notifications.c


@dataclass(frozen=True, slots=True)
class Pending:
    """An event to be published. `entry` tells to whom and how; `attempts` have failed so far."""

    id: int
    lane: str
    entry: Mapping[str, Any]
    object_id: str
    event: str | None
    data: dict[str, Any]
    timestamp: datetime | None
    created_at: datetime
    attempts: int


def of_effects(
    execution: WorkflowExecution, effects: Iterable[Effect], now: datetime
) -> list[dict[str, Any]]:
    """The rows for what publishers are to be told; entries that are no mappings are ignored."""
    rows: list[dict[str, Any]] = []
    lanes: dict[int, str] = {}
    for effect in effects:
        if not isinstance(effect, Notify):
            continue
        for number, entry in enumerate(effect.publishers):
            if not isinstance(entry, Mapping) or not _wants(entry, effect.event):
                continue
            if number not in lanes:
                lanes[number] = _lane(execution.id, entry)
            rows.append(
                {
                    'created_at': now,
                    'lane': lanes[number],
                    'entry': entry,
                    'object_id': effect.object_id,
                    'event': effect.event,
                    'data': effect.data,
                    'changed_at': effect.timestamp,
                    'due_at': now,
                    'attempts': 0,
                }
            )
    return rows


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(notifications), rows)


def claim(
    connection: Connection, now: datetime, until: datetime, limit: int
) -> tuple[dict[str, list[Pending]], bool]:
    """Take lanes that are due; others do not find them before `until`.

    Returns a portion of the events of each lane, in order, and whether there may be more lanes:
    `limit` events are looked at.
    """
    query = (
        select(_ROW.id, _ROW.lane)
        .where(_ROW.due_at <= now)
        .order_by(_ROW.due_at, _ROW.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = {row.id: row.lane for row in connection.execute(query)}
    if not found:
        return {}, False
    heads = _heads(connection, set(found.values()))
    taken = {lane for id_, lane in found.items() if heads.get(lane, (None,))[0] == id_}
    _put_off_those_behind(connection, found, heads, taken, now)
    return _take(connection, taken, until), len(found) == limit


def settle(
    connection: Connection,
    done: Sequence[int],
    lanes: Collection[str],
    until: datetime,
) -> dict[str, list[Pending]]:
    """Delete events that are done with, and take those that have come after them in their lanes."""
    for chunk in chunks(sorted(done)):
        connection.execute(delete(notifications).where(_ROW.id.in_(chunk)))
    return _take(connection, lanes, until)


def put_off(
    connection: Connection, lanes: Mapping[str, datetime], failed: Collection[int] = ()
) -> None:
    """Give lanes back, to be found at their time; events that have `failed` count that."""
    by_time: dict[datetime, list[str]] = defaultdict(list)
    for lane, time in lanes.items():
        by_time[time].append(lane)
    for time in sorted(by_time):
        for chunk in chunks(sorted(by_time[time])):
            _set_due(connection, _ROW.lane.in_(chunk), time)
    for ids in chunks(sorted(failed)):
        statement = update(notifications).where(_ROW.id.in_(ids))
        connection.execute(statement.values(attempts=_ROW.attempts + 1))


def delete_unclaimed(connection: Connection, due_before: datetime, limit: int) -> int:
    """Delete events that have been due since before then; returns how many there were."""
    query = select(_ROW.id).where(_ROW.due_at < due_before).order_by(_ROW.due_at).limit(limit)
    ids = list(connection.execute(query.with_for_update(skip_locked=True)).scalars())
    for chunk in chunks(ids):
        connection.execute(delete(notifications).where(_ROW.id.in_(chunk)))
    return len(ids)


def hold(connection: Connection, ids: Sequence[int], until: datetime) -> None:
    """Keep events in hand for longer."""
    for chunk in chunks(sorted(ids)):
        _set_due(connection, _ROW.id.in_(chunk), until)


def _heads(connection: Connection, lanes: Collection[str]) -> dict[str, tuple[int, datetime, int]]:
    """Id, time and failed attempts of the first event of each lane."""
    heads: dict[str, tuple[int, datetime, int]] = {}
    for chunk in chunks(sorted(lanes)):
        first = select(func.min(_ROW.id)).where(_ROW.lane.in_(chunk)).group_by(_ROW.lane)
        ids = list(connection.execute(first).scalars())
        query = select(_ROW.lane, _ROW.id, _ROW.due_at, _ROW.attempts).where(_ROW.id.in_(ids))
        heads |= {lane: (id_, due_at, n) for lane, id_, due_at, n in connection.execute(query)}
    return heads


def _put_off_those_behind(
    connection: Connection,
    found: Mapping[int, str],
    heads: Mapping[str, tuple[int, datetime, int]],
    taken: Collection[str],
    now: datetime,
) -> None:
    """Events behind one that is in other hands, or that waits for another attempt, wait, too."""
    by_time: dict[datetime, list[int]] = defaultdict(list)
    for id_, lane in found.items():
        if lane in taken or lane not in heads:
            continue
        _, due_at, attempts = heads[lane]
        soon = now + _BEHIND
        by_time[max(due_at, soon) if attempts else soon].append(id_)
    for time, ids in by_time.items():
        hold(connection, ids, time)


def _take(
    connection: Connection, lanes: Collection[str], until: datetime
) -> dict[str, list[Pending]]:
    taken: dict[str, list[Pending]] = defaultdict(list)
    for chunk in chunks(sorted(lanes)):
        place = func.row_number().over(partition_by=_ROW.lane, order_by=_ROW.id).label('place')
        placed = select(_ROW.id, place).where(_ROW.lane.in_(chunk)).subquery()
        query = (
            select(notifications)
            .join(placed, placed.c.id == _ROW.id)
            .where(placed.c.place <= _PORTION)
            .order_by(_ROW.id)
        )
        for row in connection.execute(query).mappings():
            taken[row['lane']].append(_from_row(row))
    hold(connection, [event.id for events in taken.values() for event in events], until)
    return dict(taken)


def _set_due(connection: Connection, condition: Any, time: datetime) -> None:
    connection.execute(update(notifications).where(condition).values(due_at=time))


def _from_row(row: Mapping[Any, Any]) -> Pending:
    return Pending(
        id=row['id'],
        lane=row['lane'],
        entry=row['entry'],
        object_id=row['object_id'],
        event=row['event'],
        data=row['data'],
        timestamp=row['changed_at'],
        created_at=row['created_at'],
        attempts=row['attempts'],
    )


def _wants(entry: Mapping[str, Any], event: str | None) -> bool:
    """Without `event_types` an entry receives everything."""
    wanted = entry.get('event_types')
    if isinstance(wanted, str):
        return event == wanted
    return not isinstance(wanted, list | tuple) or not wanted or event in wanted


def _lane(execution_id: str, entry: Mapping[str, Any]) -> str:
    text = f'{execution_id} {dump_json(dict(entry))}'
    return hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()
