"""Silence of executors means something only while heartbeats get through."""

from datetime import timedelta

import pytest

from mistral.exceptions import RpcError
from mistral.services.vigil import Vigil
from mistral.tests.unit.db.support import NOON

SECOND = timedelta(seconds=1)


class Engines:
    error: Exception | None = None

    def ask(self):
        if self.error is not None:
            raise self.error


@pytest.fixture
def engines():
    return Engines()


@pytest.fixture
def vigil(engines):
    return Vigil(engines.ask, 25 * SECOND)


def test_it_takes_the_time_of_a_beat(vigil):
    assert not vigil.has_lasted(NOON)
    assert not vigil.has_lasted(NOON + 24 * SECOND)
    assert vigil.has_lasted(NOON + 25 * SECOND)
    assert vigil.has_lasted(NOON + timedelta(days=1))


def test_it_begins_again_when_no_engine_answers(vigil, engines):
    vigil.has_lasted(NOON)
    engines.error = RpcError('nobody is there')
    with pytest.raises(RpcError):
        vigil.has_lasted(NOON + 30 * SECOND)
    engines.error = None
    assert not vigil.has_lasted(NOON + 40 * SECOND)
    assert vigil.has_lasted(NOON + 65 * SECOND)


def test_it_begins_again_when_the_database_was_away(vigil):
    vigil.has_lasted(NOON)
    vigil.interrupt()
    assert not vigil.has_lasted(NOON + 30 * SECOND)
