"""Databases for the functional tests.

They are made on the servers of `MISTRAL_TEST_POSTGRESQL` and `MISTRAL_TEST_MARIADB` (SQLAlchemy
URLs of accounts that may create databases) and dropped after each test.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError


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


@pytest.fixture(params=['sqlite', *SERVERS])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, for each kind of database in turn."""
    if request.param == 'sqlite':
        yield f'sqlite:///{tmp_path}/mistral.sqlite'
        return
    with _database_on(SERVERS[request.param]) as url:
        yield url.render_as_string(hide_password=False)


@contextmanager
def _database_on(server: Server) -> Iterator[URL]:
    name = f'mistral_test_{uuid.uuid4().hex[:12]}'
    with _administrator(server) as execute:
        execute(server.create.format(name))
    try:
        yield server.url.set(database=name)
    finally:
        with _administrator(server) as execute:
            execute(server.drop.format(name))


@contextmanager
def _administrator(server: Server) -> Iterator[Callable[[str], None]]:
    """Executes statements on the server, outside of transactions."""
    url = server.url.set(database=server.maintenance_database)
    engine = create_engine(url, isolation_level='AUTOCOMMIT')
    try:
        with engine.connect() as connection:
            yield lambda statement: connection.execute(text(statement)) and None
    except SQLAlchemyError as e:
        pytest.fail(
            f'Cannot make a database on {url}: {getattr(e, "orig", e)}. Set {server.variable} to '
            'the URL of a server and an account that may create databases.'
        )
    finally:
        engine.dispose()
