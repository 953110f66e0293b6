"""Finding what a crash has left undone, from what the database says."""

import logging
from collections.abc import Callable, Sequence
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


def recover_everything(database: Database, post: Post) -> None:
    """Take up all work after a start, when no other process can have any of it in hand.

    Every running execution is looked at once. Actions that were running are lost with the process
    that ran them, wherever their executions have got to.
    """
    with database.read() as connection:
        lost = unfinished.running_actions(connection)
        running = unfinished.running_executions(connection)
    with database.transaction() as connection:
        unfinished.fail_direct_actions(connection, _LOST_TEXT)
    execution_ids = dict.fromkeys([*lost, *running])
    for execution_id in execution_ids:
        post(execution_id, Recover(tuple(lost.get(execution_id, ()))), None)
    if execution_ids:
        LOG.info('Taking up %d executions where they were left', len(execution_ids))


def all_jobs(database: Database) -> Sequence[Job]:
    """All events in the job store, those that are due first at their head."""
    with database.read() as connection:
        return jobs.pending(connection)
