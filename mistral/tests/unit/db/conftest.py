"""SQLite databases for the tests of this layer."""

import pytest

from mistral.tests.unit.db.support import Store


@pytest.fixture
def store(database):
    return Store(database)
