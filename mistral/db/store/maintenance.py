"""The maintenance status of the whole service, and what still runs when it is to pause.

The status is a row of `mistral_metrics`. An execution that was paused for maintenance says so in
its `state_info`: the engine writes it in the transaction that pauses the execution, and whatever
changes the state later takes it away. So it never lies, whoever dies at whatever moment.
"""

from typing import Final

from sqlalchemy import ColumnElement, Connection, exists, insert, select, true, update

from mistral import states
from mistral.db.models import (
    action_executions,
    mistral_metrics,
    task_executions,
    workflow_executions,
)
from mistral.db.times import utc_now

RUNNING: Final = 'RUNNING'
PAUSING: Final = 'PAUSING'
PAUSED: Final = 'PAUSED'

#: Stored with executions, so it must not change from release to release.
REASON: Final = 'Paused for maintenance of the service'

_NAME: Final = 'maintenance_status'

#: Ids that are read at a time.
_PORTION: Final = 100

_ROW = mistral_metrics.c
_EXECUTION = workflow_executions.c
_OVER: Final = tuple(states.COMPLETED)


def status(connection: Connection) -> str:
    """RUNNING, PAUSING or PAUSED."""
    found = connection.execute(select(_ROW.value).where(_ROW.name == _NAME)).scalar()
    return RUNNING if found is None else str(found)


def is_in_maintenance(connection: Connection) -> bool:
    """Whether the service is not to start anything by itself."""
    return status(connection) != RUNNING


def change_status(connection: Connection, old: str, new: str) -> bool:
    """Change the status; False if it is not the old one any more."""
    values = {'value': new, 'updated_at': utc_now()}
    change = update(mistral_metrics).where(_ROW.name == _NAME, _ROW.value == old).values(values)
    if connection.execute(change).rowcount:
        return True
    known = connection.execute(select(_ROW.id).where(_ROW.name == _NAME)).first()
    if known is not None or old != RUNNING:
        return False
    # A database that was not made by migrations has no row.
    connection.execute(insert(mistral_metrics).values(name=_NAME, value=new))
    return True


def running_executions(
    connection: Connection, after: str = '', *, roots_only: bool = False
) -> list[str]:
    """A portion of the ids of running executions, in order; `roots_only`: those without parent."""
    condition = _EXECUTION.task_execution_id.is_(None) if roots_only else true()
    return _portion(connection, after, _EXECUTION.state == states.RUNNING, condition)


def paused_executions(connection: Connection, after: str = '') -> list[str]:
    """A portion of the ids of executions that were paused for maintenance, in order."""
    is_paused = _EXECUTION.state == states.PAUSED
    return _portion(connection, after, is_paused, _EXECUTION.state_info == REASON)


def is_at_work(connection: Connection) -> bool:
    """Whether an execution runs, or a task of one that is paused has an action in hand.

    What executions that are over have left behind does not count.
    """
    running = exists().where(_EXECUTION.state == states.RUNNING)
    task = task_executions.c
    action = action_executions.c
    in_hand = (
        exists()
        .where(action.state == states.RUNNING, action.task_execution_id == task.id)
        .where(task.state == states.RUNNING, task.workflow_execution_id == _EXECUTION.id)
        .where(_EXECUTION.state.not_in(_OVER))
    )
    return bool(connection.execute(select(running | in_hand)).scalar())


def _portion(connection: Connection, after: str, *conditions: ColumnElement[bool]) -> list[str]:
    query = select(_EXECUTION.id).where(*conditions, _EXECUTION.id > after)
    return list(connection.execute(query.order_by(_EXECUTION.id).limit(_PORTION)).scalars())
