"""Doing a unit of work again after the database refused it through no fault of its own.

That is a deadlock, a serialization failure, a lock waited for too long, a lost connection, a server
that is stopping or starting, or too many connections.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from sqlalchemy import exc

LOG = logging.getLogger(__name__)

T = TypeVar('T')

#: SQLSTATEs of PostgreSQL; all those that begin with 08 are connections lost or not made.
_POSTGRESQL: Final = frozenset(
    {
        '40001',  # serialization failure
        '40P01',  # deadlock
        '53300',  # too many connections
        '55P03',  # lock not available
        '57P01',  # shutting down
        '57P02',  # crashed
        '57P03',  # starting up
        '57P05',  # session idle for too long
    }
)

#: Error numbers of MySQL and MariaDB.
_MYSQL: Final = frozenset(
    {
        1020,  # record changed since last read
        1040,  # too many connections
        1047,  # Galera node not ready
        1053,  # shutting down
        1180,  # commit refused by another Galera node
        1203,  # too many connections of this user
        1205,  # lock waited for too long
        1213,  # deadlock
        1927,  # connection killed
        2002,  # cannot connect to socket
        2003,  # cannot connect to server
        2006,  # server has gone away
        2013,  # connection lost during a query
        4031,  # session idle for too long
    }
)

#: SQLITE_BUSY and SQLITE_LOCKED: the lower bytes of all their variants.
_SQLITE: Final = frozenset({5, 6})


def is_transient(error: BaseException) -> bool:
    """Whether the same work may well succeed when it is done again from its beginning.

    A connection can be lost while a commit is on its way, so the work may have been done already.
    """
    if isinstance(error, exc.TimeoutError):
        # All connections of the pool are in use.
        return True
    if not isinstance(error, exc.DBAPIError):
        return False
    return error.connection_invalidated or _has_transient_cause(error)


def without_sql(error: BaseException) -> BaseException:
    """What the driver says, where it is a driver that says something.

    SQLAlchemy's own text has the statement and its parameters in it, which hold data of users.
    """
    cause: BaseException | None = getattr(error, 'orig', None)
    return cause or error


def waits(attempts: int = 50, step: float = 0.1, longest: float = 2.0) -> Iterator[float]:
    """How many seconds to wait after each of the attempts, should it fail.

    Waits grow by `step` up to `longest`. A random part is cut off, lest rivals meet again.
    """
    for attempt in range(1, attempts + 1):
        yield min(attempt * step, longest) * random.uniform(0.5, 1)  # noqa: S311


def run(
    fn: Callable[[], T],
    *,
    doing: str,
    attempts: int = 50,
    step: float = 0.1,
    longest: float = 2.0,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call `fn`, a whole unit of work with its own transaction, until it gets through.

    `doing` tells the log what that is ('completing action 1234'). Raises what is not transient at
    once, and what the last attempt raises.
    """
    for attempt, wait in enumerate(waits(attempts - 1, step, longest), start=1):
        try:
            return fn()
        except exc.SQLAlchemyError as e:
            if not is_transient(e):
                raise
            LOG.warning(
                'Database trouble while %s, trying again in %.2f s [attempt=%d, attempts=%d]: %s',
                doing,
                wait,
                attempt,
                attempts,
                without_sql(e),
            )
        sleep(wait)
    return fn()


def _has_transient_cause(error: exc.DBAPIError) -> bool:
    """Drivers are told apart by how they number errors.

    PyMySQL has both its own numbers and SQLSTATEs, of which the numbers tell more.
    """
    cause: Any = error.orig
    if hasattr(cause, 'sqlite_errorcode'):
        return cause.sqlite_errorcode & 0xFF in _SQLITE
    if cause.args and isinstance(cause.args[0], int):
        return cause.args[0] in _MYSQL
    state = getattr(cause, 'sqlstate', None)
    if state is None:
        # The driver itself gives up: it cannot reach the server, or has lost it.
        return isinstance(error, exc.OperationalError)
    return state in _POSTGRESQL or state.startswith('08')
