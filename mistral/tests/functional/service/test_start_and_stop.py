"""Starting `mistral-server` where it cannot work: one line says why, without a traceback."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mistral.tests.functional.conftest import SERVERS
from mistral.tests.functional.service.processes import run

#: Runs a server that must not come up, with options as environment variables; gives its complaint.
Refuse = Callable[..., str]


@pytest.fixture
def refuse(tmp_path: Path) -> Refuse:
    def refuse(*arguments: str, **variables: str) -> str:
        variables.setdefault('OS_DATABASE__CONNECTION', f'sqlite:///{tmp_path}/mistral.sqlite')
        variables.setdefault('OS_API__HOST', '127.0.0.1')
        ended = run(tmp_path, 'mistral-server', *arguments, **variables)
        assert (ended.returncode, ended.stderr.count('\n')) == (1, 1), ended.stdout + ended.stderr
        assert 'Traceback' not in ended.stdout
        assert ended.stderr.startswith('ERROR: ')
        return ended.stderr.rstrip()

    return refuse


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        yield listener.getsockname()[1]


def test_busy_port(refuse: Refuse, busy_port: int) -> None:
    complaint = refuse(OS_API__PORT=str(busy_port))
    assert f'cannot listen on 127.0.0.1:{busy_port}: ' in complaint
    assert 'Address already in use' in complaint
    assert '[api] host and port' in complaint


def test_file_that_is_no_database(refuse: Refuse, tmp_path: Path) -> None:
    (tmp_path / 'notes.txt').write_text('This is not a database. ' * 10)
    complaint = refuse(OS_DATABASE__CONNECTION=f'sqlite:///{tmp_path}/notes.txt')
    assert 'database cannot be used: file is not a database' in complaint


@pytest.mark.parametrize(
    'driver', ['postgresql+psycopg', 'mysql+pymysql'], ids=['postgresql', 'mariadb']
)
def test_unreachable_database(refuse: Refuse, driver: str) -> None:
    complaint = refuse(OS_DATABASE__CONNECTION=f'{driver}://me:secret@127.0.0.1:1/mistral')
    assert 'database cannot be used' in complaint
    assert 'Connection refused' in complaint or "Can't connect" in complaint
    assert 'secret' not in complaint


@pytest.mark.parametrize('database_url', SERVERS, indirect=True)
def test_database_without_the_schema(refuse: Refuse, database_url: str) -> None:
    assert "'mistral-db-manage upgrade head'" in refuse(OS_DATABASE__CONNECTION=database_url)
