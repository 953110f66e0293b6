"""Finding what a crash has left undone, from what the database says."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mistral.db.database import Database
from mistral.db.store import jobs, unfinished
from mistral.db.store.jobs import Job
from mistral.workflow.events import Event, Recover

LOG = logging.getLogger(__name__)

_LOST_TEXT: Final = (
    'The executor stopped while the action was running, so it is not known whether the action was '
    'carried out.'
)

#: Posts an event to an execution: (execution id, event, job id or None).
Post = Callable[[str, Event, str | None], None]


@dataclass(frozen=True, slots=True)
class Remains:
    """What a former process has left: the events in the job store, those that are due first at
    their head; running actions by execution; the executions that were running."""

    jobs: Sequence[Job]
    lost_actions: Mapping[str, Sequence[str]]
    running_executions: Sequence[str]


def take_stock(database: Database) -> Remains:
    """Find what there is to take up, before anything can start.

    Any action that runs now is lost with the process that ran it, wherever its execution has got
    to. Those that belong to no execution are failed at once.
    """
    with database.transaction() as connection:
        unfinished.fail_direct_actions(connection, _LOST_TEXT)
    with database.read() as connection:
        return Remains(
            jobs.pending(connection),
            unfinished.running_actions(connection),
            unfinished.running_executions(connection),
        )


def look_after_executions(remains: Remains, post: Post) -> None:
    """Have each execution that is running, or has lost an action, looked at once."""
    lost = remains.lost_actions
    execution_ids = dict.fromkeys([*lost, *remains.running_executions])
    for execution_id in execution_ids:
        post(execution_id, Recover(tuple(lost.get(execution_id, ()))), None)
    if execution_ids:
        LOG.info('Taking up %d executions where they were left', len(execution_ids))
