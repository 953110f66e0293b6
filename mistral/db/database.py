"""Connections and transactions."""

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DisconnectionError,
    NoSuchModuleError,
    SQLAlchemyError,
)
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from mistral.exceptions import ConfigurationError

__all__ = ['Connection', 'Database', 'DatabaseFailure', 'DatabaseOptions']

#: What database and driver raise; see `retry.is_transient` for what may pass.
DatabaseFailure = SQLAlchemyError

_BUSY_TIMEOUT_MS: Final = 30_000

#: Seconds for which a connection is held to be good since it was used.
_TRUSTED_FOR: Final = 1.0


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """Connection pool: sizes in connections, times in seconds."""

    pool_size: int = 5
    max_overflow: int = 50
    pool_timeout: float = 30
    recycle_after: int = 3600


class Database:
    """A database and its connection pool. Safe to share between threads.

    On SQLite writers take turns within the process instead of polling for the file lock.
    """

    def __init__(self, url: str, options: DatabaseOptions | None = None) -> None:
        """Raises ConfigurationError for an unusable URL, driver or directory."""
        options = options or DatabaseOptions()
        self._url = _parse(url)
        self.dialect = self._url.get_backend_name()
        self._write_lock: Any = nullcontext()
        self._claim: IO[str] | None = None
        if self.dialect == 'sqlite':
            self._write_lock = threading.RLock()
            _make_directory(self._url)
        self.engine = _create_engine(self._url, options)
        self._writer = self._reader = self.engine
        if self.dialect == 'sqlite':
            self._writer = self.engine.execution_options(sqlite_begin='BEGIN IMMEDIATE')
        elif self.dialect == 'postgresql':
            # A read is mostly one statement: this spares the round trips around it.
            self._reader = self.engine.execution_options(isolation_level='AUTOCOMMIT')

    @property
    def url(self) -> str:
        """The URL with its password hidden."""
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection whose work is committed at the end, or rolled back if that fails."""
        with self._write_lock, self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read with; it sees what is committed and blocks no writer."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection to read with, all of whose statements see the same state."""
        with self.engine.connect() as connection:
            # A transaction of SQLite is like that anyway. Not by SQLAlchemy's `isolation_level`:
            # if the connection is lost, that raises errors of the driver as they are.
            if self.dialect != 'sqlite':
                connection.exec_driver_sql('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ')
            yield connection

    def claim(self) -> None:
        """Keep other processes of the service away from a SQLite file until `dispose`.

        Raises ConfigurationError if one is at work on it. Servers can be shared, there this does
        nothing.
        """
        if self.dialect != 'sqlite' or self._claim is not None:
            return
        self._claim = Path(f'{self._url.database}.lock').open('w')  # noqa: SIM115 - held until dispose
        try:
            fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            self._claim.close()
            self._claim = None
            raise ConfigurationError(
                f'Another mistral-server works on the database {self._url.database}. Stop it, or '
                'set [database] connection (OS_DATABASE__CONNECTION) to another file.'
            ) from e

    def dispose(self) -> None:
        self.engine.dispose()
        if self._claim is not None:
            self._claim.close()
            self._claim = None


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as e:
        raise ConfigurationError(
            f"[database] connection is not a database URL: '{url}'. "
            "Examples: 'sqlite:////var/lib/mistral/mistral.sqlite', "
            "'postgresql+psycopg://user:password@host/mistral', "
            "'mysql+pymysql://user:password@host/mistral'."
        ) from e


def _make_directory(url: URL) -> None:
    if not url.database or url.database == ':memory:':
        raise ConfigurationError(
            '[database] connection: SQLite needs a file, several threads share the database.'
        )
    directory = Path(url.database).parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / f'.{Path(url.database).name}.writable'
        probe.touch()
        probe.unlink(missing_ok=True)  # another process that starts may have been faster
    except OSError as e:
        raise ConfigurationError(
            f'Cannot write to the directory of the database, {directory}: {e.strerror}. Make it '
            'writable, or set [database] connection (OS_DATABASE__CONNECTION) to another place.'
        ) from e


def _create_engine(url: URL, options: DatabaseOptions) -> Engine:
    arguments: dict[str, Any] = {
        'poolclass': QueuePool,
        'pool_size': options.pool_size,
        'max_overflow': options.max_overflow,
        'pool_timeout': options.pool_timeout,
        # They are data of users, and errors end up in the log.
        'hide_parameters': True,
    }
    if url.get_backend_name() == 'sqlite':
        arguments['connect_args'] = {'check_same_thread': False, 'isolation_level': None}
    else:
        arguments['pool_recycle'] = options.recycle_after
        arguments['isolation_level'] = 'READ COMMITTED'
    try:
        engine = create_engine(url, **arguments)
    except (NoSuchModuleError, ModuleNotFoundError) as e:
        raise ConfigurationError(
            f'The driver of [database] connection ({url.drivername}) is not installed: {e}. '
            "Install mistral with the extra 'postgresql' or 'mysql'."
        ) from e
    if url.get_backend_name() == 'sqlite':
        event.listen(engine, 'connect', _set_up_sqlite)
        event.listen(engine, 'begin', _begin_on_sqlite)
    else:
        _test_idle_connections(engine)
    return engine


def _test_idle_connections(engine: Engine) -> None:
    """Replace connections that were lost unnoticed, before somebody works with them.

    A test takes a round trip, so those that were in use a moment ago are spared it.
    """

    def note(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info['used_at'] = time.monotonic()

    def test(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        used_at = record.info.get('used_at')
        if used_at is None or time.monotonic() - used_at < _TRUSTED_FOR:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as e:
            # The pool makes another one.
            raise DisconnectionError from e

    event.listen(engine, 'checkin', note)
    event.listen(engine, 'checkout', test)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    """Readers beside one writer, durable against crashes of the process, foreign keys checked."""
    cursor = connection.cursor()
    cursor.execute(f'PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}')
    cursor.execute('PRAGMA journal_mode=WAL')
    cursor.execute('PRAGMA synchronous=NORMAL')
    cursor.execute('PRAGMA foreign_keys=ON')
    cursor.close()


def _begin_on_sqlite(connection: Connection) -> None:
    """Begin explicitly: the driver does not begin by itself (isolation_level None).

    A writer takes the lock at once; one that reads first and writes later could not wait for it.
    """
    statement = connection.get_execution_options().get('sqlite_begin', 'BEGIN')
    # Straight to the driver: this runs for each transaction.
    connection.connection.cursor().execute(statement)
