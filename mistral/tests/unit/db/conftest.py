"""SQLite databases for the tests of this layer."""

import shutil

import pytest

from mistral.db import models
from mistral.db.database import Database
from mistral.tests.unit.db.support import Store


@pytest.fixture(scope='session')
def _empty_database(tmp_path_factory):
    path = tmp_path_factory.mktemp('empty') / 'mistral.sqlite'
    database = Database(f'sqlite:///{path}')
    models.metadata.create_all(database.engine)
    database.dispose()
    return path


@pytest.fixture
def database(tmp_path, _empty_database):
    database = Database(f'sqlite:///{shutil.copy(_empty_database, tmp_path)}')
    yield database
    database.dispose()


@pytest.fixture
def store(database):
    return Store(database)
