"""Webhooks of workflows that ask for them."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from mistral.tests.functional.service.conftest import StartServer, running_server
from mistral.tests.functional.service.processes import ServerProcess
from mistral.tests.unit.utils.http_server import Answer, Server
from mistral.tests.waiting import wait_for

REACHABLE: Final = {'action_std_http': {'denied_cidrs': ''}}

WORKFLOW: Final = """
version: '2.0'
told:
  tasks:
    a: {action: std.noop, on-success: b}
    b: {action: std.fail, retry: {count: 1, delay: 0}, on-error: c}
    c: {workflow: told_child}
told_child:
  tasks:
    d: {action: std.noop}
"""


def webhook(web: Server, path: str, **entry: Any) -> dict[str, Any]:
    web.answers[path] = Answer()
    return {'type': 'webhook', 'url': web.url + path, 'headers': {'X-Token': 'secret'}, **entry}


@pytest.fixture(scope='module')
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp('server'), options=REACHABLE) as server:
        server.rest.upload(WORKFLOW)
        yield server


def start(server: ServerProcess, *publishers: Any) -> str:
    return server.rest.start('told', notify=list(publishers))


def told(web: Server, path: str) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in web.received if request.path == path]


def wait_for_ends(web: Server, path: str, *workflows: str) -> list[dict[str, Any]]:
    """What was told, when the ends of executions of these workflows have been told.

    Events of different executions come in any order, also those of a parent and its child.
    """

    def ended() -> bool:
        ends = {e['name'] for e in told(web, path) if e['event'] == 'WORKFLOW_SUCCEEDED'}
        return ends.issuperset(workflows)

    wait_for(ended, 'news of the ends')
    return told(web, path)


def test_all_events(server: ServerProcess, http_server: Server) -> None:
    id_ = start(server, webhook(http_server, '/all'))
    news = wait_for_ends(http_server, '/all', 'told', 'told_child')
    sequences: dict[str, list[str | None]] = {}
    for event in news:
        sequences.setdefault(event['name'], []).append(event['event'])
    assert sequences == {
        'told': ['WORKFLOW_LAUNCHED', 'WORKFLOW_SUCCEEDED'],
        'a': ['TASK_LAUNCHED', 'TASK_SUCCEEDED'],
        'b': ['TASK_LAUNCHED', 'TASK_FAILED', None, 'TASK_LAUNCHED', 'TASK_FAILED'],
        'c': ['TASK_LAUNCHED', 'TASK_SUCCEEDED'],
        'told_child': ['WORKFLOW_LAUNCHED', 'WORKFLOW_SUCCEEDED'],
        'd': ['TASK_LAUNCHED', 'TASK_SUCCEEDED'],
    }
    assert {request.headers.get('X-Token') for request in http_server.received} == {'secret'}
    first, last = (event for event in news if event['name'] == 'told')
    assert (first['id'], first['workflow_name']) == (id_, 'told')
    assert (last['state'], last['event']) == ('SUCCESS', 'WORKFLOW_SUCCEEDED')
    assert {'input', 'output', 'published'}.isdisjoint(first)


def test_chosen_events_and_broken_publishers(server: ServerProcess, http_server: Server) -> None:
    """Entries that cannot work are reported in the log and hold up nothing."""
    http_server.answers['/broken'] = Answer(500, b'out of order')
    start(
        server,
        {'type': 'webhook', 'url': f'{http_server.url}/broken'},
        {'type': 'webhook', 'url': 'http://127.0.0.1:1/'},
        {'type': 'webhook', 'url': 'file:///etc/passwd'},
        {'type': 'webhook'},
        'nobody',
        {'type': 'carrier pigeon'},
        webhook(http_server, '/ends', event_types=['WORKFLOW_SUCCEEDED']),
    )
    news = wait_for_ends(http_server, '/ends', 'told', 'told_child')
    assert {event['event'] for event in news} == {'WORKFLOW_SUCCEEDED'}
    assert len(news) == 2
    wait_for(lambda: 'out of order' in server.log, 'complaint about an answer')
    missing = 'There is no notification publisher "carrier pigeon"'
    wait_for(lambda: missing in server.log, 'complaint about a missing publisher')


def test_publishers_of_the_operator(start_server: StartServer, http_server: Server) -> None:
    publishers = json.dumps([webhook(http_server, '/operator')])
    server = start_server(options={**REACHABLE, 'notifier': {'notify': publishers}})
    server.rest.upload(WORKFLOW)
    id_ = start(server)
    assert wait_for_ends(http_server, '/operator', 'told')
    assert http_server.url not in str(server.rest.execution(id_))
