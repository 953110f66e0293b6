"""The API under a WSGI server: it starts and ends as `mistral-server` does."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mistral.tests.functional.conftest import empty_database
from mistral.tests.functional.rpc.conftest import BROKER
from mistral.tests.functional.service.processes import Options
from mistral.tests.functional.service.rest import Rest
from mistral.tests.functional.service.test_lost_actions import CALL
from mistral.tests.functional.service.wsgi import WsgiServer
from mistral.tests.unit.utils.http_server import Answer, Received, Server
from mistral.tests.waiting import PATIENCE, wait_for

MakeServer = Callable[[Options], WsgiServer]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeServer]:
    with ExitStack() as stack:

        def make(options: Options) -> WsgiServer:
            server = WsgiServer(tmp_path, {'pecan': {'auth_enable': False}, **options})
            stack.callback(server.erase)
            return server

        yield make


def test_the_end_waits_for_actions_and_keeps_their_results(
    make: MakeServer, tmp_path: Path, http_server: Server
) -> None:
    answered = threading.Event()

    def answer(_request: Received) -> Answer:
        answered.wait(PATIENCE)
        return Answer(body=b'done')

    http_server.answers['/slow'] = answer
    server = make(
        {
            'database': {'connection': f'sqlite:///{tmp_path}/mistral.sqlite'},
            'action_std_http': {'denied_cidrs': ''},
        }
    )
    server.launch()
    url = server.url()
    rest = Rest(url)
    rest.upload(CALL)
    id_ = rest.start('call', {'url': f'{http_server.url}/slow'})
    wait_for(lambda: http_server.received, 'request')
    server.terminate()
    wait_for(lambda: not is_served(url), 'end of the API')
    answered.set()
    assert server.exit_code() == 0
    server.launch()
    assert Rest(server.url()).wait_until_ended([id_]) == {id_: 'SUCCESS'}


def is_served(url: str) -> bool:
    place = urlsplit(url)
    try:
        with socket.create_connection((str(place.hostname), place.port or 0)):
            return True
    except OSError:
        return False


def test_a_database_without_the_schema(make: MakeServer, tmp_path: Path) -> None:
    with empty_database('postgresql', tmp_path) as database_url:
        server = make(
            {
                'DEFAULT': {'transport_url': f'rabbit://{BROKER}/'},
                'database': {'connection': database_url},
            }
        )
        server.launch()
        assert server.exit_code() == 1
    assert "'mistral-db-manage upgrade head'" in server.log
