"""What connections see, and what becomes of those that are lost."""

from typing import Final

import pytest
from sqlalchemy import text

from mistral.db import database as database_module
from mistral.db.database import Database
from mistral.db.store import jobs
from mistral.db.times import utc_now
from mistral.tests.functional.conftest import SERVERS
from mistral.workflow.events import Settle

OWN_SESSION: Final = {'postgresql': 'SELECT pg_backend_pid()', 'mysql': 'SELECT connection_id()'}
KILL: Final = {'postgresql': 'SELECT pg_terminate_backend({})', 'mysql': 'KILL {}'}


def test_a_snapshot_does_not_see_what_comes_later(database: Database) -> None:
    with database.snapshot() as connection:
        assert jobs.pending(connection) == []
        with database.transaction() as other:
            jobs.add(other, [jobs.Job('new', 'e', Settle(), utc_now())], utc_now())
        assert jobs.pending(connection) == []
    with database.snapshot() as connection:
        assert [job.id for job in jobs.pending(connection)] == ['new']


@pytest.mark.parametrize('database', SERVERS, indirect=True)
def test_an_idle_connection_may_be_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, '_TRUSTED_FOR', 0.0)
    dialect = database.dialect
    with database.read() as idle, database.read() as other:
        lost = idle.execute(text(OWN_SESSION[dialect])).scalar()
        idle.close()
        other.execute(text(KILL[dialect].format(lost)))
    for use in (database.read, database.snapshot, database.transaction):
        with use() as connection:
            assert connection.execute(text(OWN_SESSION[dialect])).scalar() != lost
