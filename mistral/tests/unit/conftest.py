"""What takes longer than a test to make, made once."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from mistral.db import models
from mistral.db.database import Database
from mistral.utils.plugins import EntryPoints, installed


@pytest.fixture(scope='session')
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables, to be copied."""
    path = tmp_path_factory.mktemp('database') / 'empty.sqlite'
    database = Database(f'sqlite:///{path}')
    models.metadata.create_all(database.engine)
    database.dispose()
    return path


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Iterator[Database]:
    database = Database(f'sqlite:///{shutil.copy(empty_database, tmp_path / "mistral.sqlite")}')
    yield database
    database.dispose()


@pytest.fixture(scope='session')
def plugins() -> EntryPoints:
    """What is installed."""
    return cache(installed)
