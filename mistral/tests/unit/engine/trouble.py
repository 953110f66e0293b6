"""Trouble with a database, made to measure."""

import sqlite3
from contextlib import suppress

from sqlalchemy import exc

from mistral.db.database import Database


class LostConnection(sqlite3.OperationalError):
    sqlite_errorcode = sqlite3.SQLITE_BUSY


def lost_connection():
    return exc.OperationalError('SELECT secrets', {}, LostConnection('connection lost'))


def fail_once(interfere, owner, name, error, *, afterwards=False):
    """The next call of a method fails: before or (`afterwards`) after it has done its work."""
    errors = [error]

    def what(method, *args, **kwargs):
        if errors and not afterwards:
            raise errors.pop()
        result = method(*args, **kwargs)
        if errors:
            raise errors.pop()
        return result

    interfere(owner, name, what)


def lose_the_answer_to_a_commit(interfere):
    """The next transaction is committed, but the connection breaks before that is told."""

    def end(transaction):
        transaction.__exit__(None, None, None)
        raise lost_connection()

    _end_the_next_transaction(interfere, end)


def lose_a_commit(interfere, meanwhile):
    """The next transaction is rolled back; `meanwhile` happens before the engine hears of it."""

    def end(transaction):
        error = lost_connection()
        with suppress(type(error)):
            transaction.__exit__(type(error), error, None)
        meanwhile()
        raise error

    _end_the_next_transaction(interfere, end)


def _end_the_next_transaction(interfere, end):
    """Do so in place of its commit; all others end as usual."""
    ends = [end]

    class Ending:
        def __init__(self, transaction):
            self._transaction = transaction

        def __enter__(self):
            return self._transaction.__enter__()

        def __exit__(self, *error):
            if ends and error == (None, None, None):
                ends.pop()(self._transaction)
            else:
                self._transaction.__exit__(*error)

    interfere(Database, 'transaction', lambda method, self: Ending(method(self)))
