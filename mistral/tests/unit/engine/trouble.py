"""Trouble with a database, made to measure."""

import sqlite3

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


def lose_the_answer_to_a_commit(interfere, database):
    """The next transaction is committed, but the connection breaks before that is told."""
    errors = [lost_connection()]

    class Losing:
        def __init__(self, transaction):
            self._transaction = transaction

        def __enter__(self):
            return self._transaction.__enter__()

        def __exit__(self, *error):
            self._transaction.__exit__(*error)
            if errors and error == (None, None, None):
                raise errors.pop()

    interfere(Database, 'transaction', lambda method, self: Losing(method(self)))
