"""Where a database stands in the chain of revisions, and moving it along."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect, text

from mistral.db.database import Database
from mistral.exceptions import ConfigurationError, DBError

_SCRIPTS: Final = Path(__file__).parent

#: Any number will do, as long as nothing else on the server locks it.
_POSTGRESQL_LOCK: Final = 0x6D69737472616C
_MYSQL_LOCK: Final = 'mistral_migrations'
_LOCK_TIMEOUT: Final = 600


def alembic_config(**attributes: Any) -> Config:
    """Settings of alembic's commands.

    :param attributes: `connection` for commands that work on a database; `dialect` for those that
        print SQL.
    """
    config = Config(attributes=attributes, stdout=sys.stdout)
    config.set_main_option('script_location', str(_SCRIPTS).replace('%', '%%'))
    config.set_main_option('file_template', '%%(rev)s_%%(slug)s')
    return config


def upgrade(target: str | Engine, revision: str = 'head') -> None:
    """Bring a database forward to a revision, all at once where its DDL is transactional.

    Processes that do this at the same time take turns, the later ones find nothing to do.

    :param target: a database, or its URL.
    :raises DBError: if the revision is unknown, or the database is none of this chain.
    :raises ConfigurationError: for a URL that cannot be used.
    """
    if isinstance(target, str):
        database = Database(target)
        try:
            upgrade(database.engine, revision)
        finally:
            database.dispose()
        return
    engine = target.execution_options(sqlite_begin='BEGIN IMMEDIATE')
    with engine.begin() as connection, _lock(connection):
        _check_known(connection)
        try:
            command.upgrade(alembic_config(connection=connection), revision)
        except CommandError as e:
            raise DBError(str(e)) from e


def current(engine: Engine) -> str | None:
    """The revision that the database is at; None if it is empty."""
    with engine.connect() as connection:
        return _revision_of(connection)


def is_current(engine: Engine) -> bool:
    """Tell whether the database has the schema that this version works with."""
    return current(engine) == _scripts().get_current_head()


def require_current(database: Database) -> None:
    """Raise ConfigurationError, with advice, unless `is_current`."""
    if not is_current(database.engine):
        raise ConfigurationError(
            f'The database {database.url} does not have the schema of this version. '
            "Run 'mistral-db-manage upgrade head' first."
        )


def next_revision() -> str:
    """The id of the revision that a developer writes next."""
    return f'{int(_scripts().get_current_head() or 0) + 1:03}'


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def _revision_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table('alembic_version'):
        return None
    revision: str | None = connection.scalar(text('SELECT version_num FROM alembic_version'))
    return revision


def _check_known(connection: Connection) -> None:
    revision = _revision_of(connection)
    if revision is None:
        if inspect(connection).has_table('workflow_definitions_v2'):
            raise DBError(
                'The database has tables of Mistral, but it does not say of which revision. If '
                "they are those of Mistral 23, run 'mistral-db-manage stamp 045' first."
            )
    elif revision not in {script.revision for script in _scripts().walk_revisions()}:
        raise DBError(
            f'The database is at revision {revision}, which this version does not know. One from '
            'before 045 must be upgraded with Mistral 23 first; a later one needs the version '
            'that made it.'
        )


@contextmanager
def _lock(connection: Connection) -> Iterator[None]:
    """Keep other processes from migrating; on SQLite the transaction does that."""
    match connection.dialect.name:
        case 'postgresql':
            connection.execute(text('SELECT pg_advisory_xact_lock(:id)'), {'id': _POSTGRESQL_LOCK})
            yield
        case 'mysql' | 'mariadb':
            locked = text('SELECT GET_LOCK(:name, :timeout)')
            values = {'name': _MYSQL_LOCK, 'timeout': _LOCK_TIMEOUT}
            if connection.scalar(locked, values) != 1:
                raise DBError('Another process is migrating the database; try again later.')
            try:
                yield
            finally:
                connection.execute(text('SELECT RELEASE_LOCK(:name)'), {'name': _MYSQL_LOCK})
        case _:
            yield
