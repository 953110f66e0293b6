"""Actions in hand when the service ends, in peace or not."""

import threading
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from mistral.tests.functional.service.conftest import StartServer
from mistral.tests.functional.service.processes import ServerProcess
from mistral.tests.unit.utils.http_server import Answer, Received, Server
from mistral.tests.waiting import PATIENCE, wait_for

CALL: Final = """
version: '2.0'
call:
  input: [url]
  output: {answer: <% $.answer %>}
  tasks:
    call:
      action: std.http url=<% $.url %>
      publish: {answer: <% task().result.content %>}
careful_call:
  input: [url]
  output: {answer: <% $.answer %>}
  tasks:
    call:
      safe-rerun: true
      action: std.http url=<% $.url %>
      publish: {answer: <% task().result.content %>}
"""

QUESTIONS: Final = """
version: '2.0'
questions:
  output: {answers: <% $.answers %>}
  tasks:
    ask:
      with-items: i in <% range(3) %>
      action: std.async_noop
      publish: {answers: <% task().result %>}
"""


@pytest.fixture
def held(http_server: Server) -> Iterator[Callable[[], None]]:
    """Holds all requests of /held back; gives the function that lets them go."""
    gate = threading.Event()

    def answer(_request: Received) -> Answer:
        gate.wait(PATIENCE)
        return Answer(body=b'done')

    http_server.answers['/held'] = answer
    yield gate.set
    gate.set()


def start_calling(server: ServerProcess, web: Server, workflow: str) -> str:
    """Start a call and wait until the other side has it."""
    server.rest.upload(CALL)
    id_ = server.rest.start(workflow, {'url': f'{web.url}/held'})
    wait_for(lambda: web.received, 'request')
    return id_


@pytest.fixture
def server(start_server: StartServer) -> ServerProcess:
    return start_server(options={'action_std_http': {'denied_cidrs': ''}})


def test_an_action_of_unknown_fate_fails_and_says_so(
    server: ServerProcess, http_server: Server, held: Callable[[], None]
) -> None:
    id_ = start_calling(server, http_server, 'call')
    server.kill()
    server.start()
    assert server.rest.wait_until_ended([id_]) == {id_: 'ERROR'}
    task = server.rest.task(id_, 'call')
    for text in ('it is not known whether the action was carried out', "'safe-rerun: true'"):
        assert text in task['state_info']
        assert text in task['result']
        assert text in server.rest.execution(id_)['state_info']
    assert len(http_server.received) == 1


def test_an_action_that_is_safe_to_rerun_is_repeated(
    server: ServerProcess, http_server: Server, held: Callable[[], None]
) -> None:
    id_ = start_calling(server, http_server, 'careful_call')
    server.kill()
    held()
    server.start()
    assert server.rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert server.rest.execution(id_)['output'] == {'answer': 'done'}
    assert len(server.rest.actions(server.rest.task(id_, 'call')['id'])) == 1
    assert len(http_server.received) == 2


def test_a_stop_waits_for_actions_and_keeps_their_results(
    server: ServerProcess, http_server: Server, held: Callable[[], None]
) -> None:
    id_ = start_calling(server, http_server, 'call')
    server.terminate()
    wait_for(lambda: 'Stopping' in server.log, 'sign that the server stops')
    held()
    assert server.exit_code() == 0
    server.start()
    assert server.rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert server.rest.execution(id_)['output'] == {'answer': 'done'}
    assert len(http_server.received) == 1


def test_asynchronous_actions_wait_for_their_answers(start_server: StartServer) -> None:
    server = start_server()
    server.rest.upload(QUESTIONS)
    id_ = server.rest.start('questions')
    task = wait_for(lambda: server.rest.tasks(id_), 'task')[0]
    wait_for(lambda: len(server.rest.actions(task['id'])) == 3, 'actions')
    for number in range(3):
        if number < 2:
            server.kill()
            server.start()
        waiting = [a for a in server.rest.actions(task['id']) if a['state'] == 'RUNNING']
        assert len(waiting) == 3 - number
        server.rest.answer(waiting[0]['id'], {'answer': number})
    assert server.rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    answers = server.rest.execution(id_)['output']['answers']
    assert sorted(answer['answer'] for answer in answers) == [0, 1, 2]
