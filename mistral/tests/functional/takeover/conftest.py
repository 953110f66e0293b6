"""A server on a database that Mistral 23 has made and filled."""

import gzip
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from pymysql.constants import CLIENT
from sqlalchemy import create_engine

from mistral.tests.functional.conftest import empty_database
from mistral.tests.functional.service.conftest import running_server
from mistral.tests.functional.service.processes import ServerProcess
from mistral.tests.functional.takeover.fill_reference import ANSWERS, DUMP
from mistral.tests.functional.takeover.steps import Steps


@pytest.fixture(scope='session')
def answers() -> dict[str, Any]:
    """What Mistral 23 has answered about everything it had, and `ids` of executions by stories."""
    found: dict[str, Any] = json.loads(ANSWERS.read_text())
    return found


@pytest.fixture(scope='module')
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with empty_database('mariadb', tmp_path_factory.mktemp('database')) as url:
        load_dump(url)
        yield url


@pytest.fixture(scope='module')
def server(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Iterator[ServerProcess]:
    """It starts after `mistral-db-manage upgrade head`, as for an operator."""
    with running_server(tmp_path_factory.mktemp('server'), database_url) as server:
        yield server


@pytest.fixture
def steps(server: ServerProcess) -> Steps:
    return Steps(server.rest)


#: The delays of the stories are over, however lately the dump was made.
_AN_HOUR_LATER: Final = """
UPDATE delayed_calls_v2 SET execution_time = execution_time - INTERVAL 1 HOUR;
UPDATE scheduled_jobs_v2 SET execute_at = execute_at - INTERVAL 1 HOUR;
"""


def load_dump(url: str) -> None:
    script = gzip.decompress(DUMP.read_bytes()).decode() + _AN_HOUR_LATER
    engine = create_engine(url, connect_args={'client_flag': CLIENT.MULTI_STATEMENTS})
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(script)
        while cursor.nextset():
            pass
        connection.commit()
    finally:
        connection.close()
        engine.dispose()
