"""Databases for the functional tests.

They are made on the servers of `MISTRAL_TEST_POSTGRESQL` and `MISTRAL_TEST_MARIADB` (SQLAlchemy
URLs of accounts that may create databases) and dropped afterwards.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from mistral.db import migrations
from mistral.db.database import Database
from mistral.db.models import metadata, mistral_metrics


@dataclass(frozen=True)
class Server:
    """`maintenance_database` is there before any other, to connect to."""

    variable: str
    default_url: str
    maintenance_database: str
    create: str
    drop: str

    @property
    def url(self) -> URL:
        return make_url(os.environ.get(self.variable) or self.default_url)


SERVERS: Final = {
    'postgresql': Server(
        'MISTRAL_TEST_POSTGRESQL',
        'postgresql+psycopg://root@127.0.0.1:5432',
        maintenance_database='postgres',
        create='CREATE DATABASE {}',
        drop='DROP DATABASE {} WITH (FORCE)',
    ),
    'mariadb': Server(
        'MISTRAL_TEST_MARIADB',
        'mysql+pymysql://root@127.0.0.1:3306',
        maintenance_database='mysql',
        create='CREATE DATABASE {} CHARACTER SET utf8mb4',
        drop='DROP DATABASE {}',
    ),
}


KINDS: Final = ('sqlite', *SERVERS)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, for each kind of database in turn."""
    with empty_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture(params=KINDS)
def database(
    request: pytest.FixtureRequest, shared_databases: Callable[[str], Database]
) -> Iterator[Database]:
    """A database with the schema and no rows, for each kind of database in turn."""
    database = shared_databases(request.param)
    yield database
    with database.transaction() as connection:
        for table in reversed(metadata.sorted_tables):
            if table is not mistral_metrics:
                connection.execute(table.delete())


@pytest.fixture(scope='session')
def shared_databases(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Database]]:
    """Gives the database of a kind; all tests share it, since making one takes its time."""
    with ExitStack() as stack:

        @cache
        def get(kind: str) -> Database:
            url = stack.enter_context(empty_database(kind, tmp_path_factory.mktemp(kind)))
            database = Database(url)
            stack.callback(database.dispose)
            migrations.upgrade(database.engine)
            return database

        yield get


@contextmanager
def empty_database(kind: str, directory: Path) -> Iterator[str]:
    if kind == 'sqlite':
        yield f'sqlite:///{directory}/mistral.sqlite'
        return
    server = SERVERS[kind]
    name = f'mistral_test_{uuid.uuid4().hex[:12]}'
    with _administrator(server) as execute:
        execute(server.create.format(name))
    try:
        yield server.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with _administrator(server) as execute:
            execute(server.drop.format(name))


@contextmanager
def _administrator(server: Server) -> Iterator[Callable[[str], object]]:
    """Executes statements on the server, outside of transactions."""
    url = server.url.set(database=server.maintenance_database)
    engine = create_engine(url, isolation_level='AUTOCOMMIT')
    try:
        with engine.connect() as connection:
            yield lambda statement: connection.execute(text(statement))
    except SQLAlchemyError as e:
        pytest.fail(
            f'Cannot make a database on {url}: {getattr(e, "orig", e)}. Set {server.variable} to '
            'the URL of a server and an account that may create databases.',
            pytrace=False,
        )
    finally:
        engine.dispose()
