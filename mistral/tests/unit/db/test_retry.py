"""Which errors are worth another attempt, and how attempts follow each other."""

import sqlite3

import psycopg
import pymysql
import pytest
from sqlalchemy import exc

from mistral.db.retry import is_transient, run, waits


class PostgresError(psycopg.OperationalError):
    def __init__(self, sqlstate):
        super().__init__('refused')
        self.sqlstate = sqlstate


class SqliteError(sqlite3.OperationalError):
    def __init__(self, code):
        super().__init__('refused')
        self.sqlite_errorcode = code


def wrapped(cause, **options):
    return exc.OperationalError('SELECT 1', {}, cause, **options)


BUSY = wrapped(SqliteError(sqlite3.SQLITE_BUSY))
BROKEN = wrapped(SqliteError(sqlite3.SQLITE_CORRUPT))


@pytest.mark.parametrize(
    'error',
    [
        wrapped(PostgresError('40P01')),
        wrapped(PostgresError('40001')),
        wrapped(PostgresError('57P01')),
        wrapped(PostgresError('53300')),
        wrapped(PostgresError('08006')),
        wrapped(psycopg.OperationalError('server closed the connection unexpectedly')),
        wrapped(pymysql.err.OperationalError(1213, 'Deadlock found')),
        wrapped(pymysql.err.OperationalError(1205, 'Lock wait timeout exceeded')),
        wrapped(pymysql.err.OperationalError(1040, 'Too many connections')),
        wrapped(pymysql.err.OperationalError(2013, 'Lost connection')),
        BUSY,
        wrapped(SqliteError(sqlite3.SQLITE_BUSY_SNAPSHOT)),
        wrapped(SqliteError(sqlite3.SQLITE_LOCKED)),
        wrapped(pymysql.err.InterfaceError(0, ''), connection_invalidated=True),
        exc.TimeoutError('QueuePool limit reached'),
    ],
    ids=lambda error: repr(getattr(error, 'orig', error)),
)
def test_transient_errors(error):
    assert is_transient(error)


@pytest.mark.parametrize(
    'error',
    [
        wrapped(PostgresError('42P01')),
        exc.IntegrityError('INSERT', {}, psycopg.errors.UniqueViolation()),
        wrapped(pymysql.err.OperationalError(1054, 'Unknown column')),
        BROKEN,
        exc.InvalidRequestError('wrong use'),
        ValueError('not a matter of the database'),
    ],
    ids=lambda error: repr(getattr(error, 'orig', error)),
)
def test_lasting_errors(error):
    assert not is_transient(error)


class Unit:
    """Work that fails with the given errors, one per attempt, and then succeeds."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.attempts = 0

    def __call__(self):
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        return 'done'


def test_work_is_repeated_until_it_gets_through(caplog):
    slept = []
    unit = Unit(BUSY, BUSY)

    assert run(unit, doing='completing action 1', sleep=slept.append) == 'done'

    assert unit.attempts == 3
    assert len(slept) == 2
    assert [record.getMessage().partition(',')[0] for record in caplog.records] == [
        'Database trouble while completing action 1'
    ] * 2


def test_the_last_error_is_raised():
    unit = Unit(*[BUSY] * 10)

    with pytest.raises(exc.OperationalError):
        run(unit, doing='testing', attempts=4, sleep=lambda seconds: None)

    assert unit.attempts == 4


def test_what_would_fail_again_is_not_repeated():
    unit = Unit(BROKEN)

    with pytest.raises(exc.OperationalError):
        run(unit, doing='testing', sleep=lambda seconds: pytest.fail('slept'))

    assert unit.attempts == 1


def test_waits_grow_up_to_the_longest():
    seconds = list(waits(attempts=30, step=0.1, longest=2.0))

    assert len(seconds) == 30
    for attempt, wait in enumerate(seconds, start=1):
        full = min(attempt * 0.1, 2.0)
        assert full / 2 <= wait <= full
