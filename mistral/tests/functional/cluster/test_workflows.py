"""What users do, on a cluster."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from mistral.tests.functional.cluster.cluster import PAIRS, Cluster, running_cluster
from mistral.tests.functional.service.fork_join import FORK_JOIN
from mistral.tests.functional.service.processes import run
from mistral.tests.functional.service.rest import Rest
from mistral.tests.functional.service.test_crashes import (
    DELAYS,
    FINISHED_WORKS,
    ITEMS,
    SUBWORKFLOWS,
)
from mistral.tests.functional.service.test_lost_actions import CALL, QUESTIONS
from mistral.tests.functional.service.test_notifications import WORKFLOW, told
from mistral.tests.unit.utils.http_server import Answer, Server
from mistral.tests.waiting import wait_for

KINDS: Final = (('kombu', 'postgresql'), ('oslo', 'mariadb'))


@pytest.fixture(scope='module', params=KINDS, ids='-'.join)
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp('cluster')
    rpc, database = request.param
    with running_cluster(home, rpc, database, PAIRS) as cluster:
        yield cluster
        assert cluster.tracebacks == {}


@pytest.fixture
def rest(cluster: Cluster) -> Rest:
    return cluster.rest


def test_joins_items_subworkflows_waits_and_retries(rest: Rest) -> None:
    for definition in (FORK_JOIN, ITEMS, SUBWORKFLOWS, DELAYS):
        rest.upload(definition)
    outputs: dict[str, Any] = {
        rest.start(name): output for _ in range(2) for name, output in FINISHED_WORKS.items()
    }
    outputs |= {rest.start('fork_join', {'x': x}): {'r': 2 * x + 3} for x in range(4)}
    assert set(rest.wait_until_ended(outputs).values()) == {'SUCCESS'}
    assert {id_: rest.execution(id_)['output'] for id_ in outputs} == outputs


def test_asynchronous_actions(rest: Rest) -> None:
    rest.upload(QUESTIONS)
    id_ = rest.start('questions')
    task = wait_for(lambda: rest.tasks(id_), 'task')[0]
    actions = wait_for(lambda: rest.actions(task['id'])[2:] and rest.actions(task['id']), 'actions')
    for number, action in enumerate(actions):
        rest.answer(action['id'], {'answer': number})
    assert rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    answers = rest.execution(id_)['output']['answers']
    assert sorted(answer['answer'] for answer in answers) == [0, 1, 2]


def test_calls_of_a_web_server(rest: Rest, web: Server) -> None:
    web.answers['/hello'] = Answer(body=b'hello')
    rest.upload(CALL)
    id_ = rest.start('call', {'url': f'{web.url}/hello'})
    assert rest.wait_until_ended([id_]) == {id_: 'SUCCESS'}
    assert rest.execution(id_)['output'] == {'answer': 'hello'}
    assert len(web.received) == 1


@pytest.mark.parametrize('params', [{'run_sync': True}, {'save_result': True}], ids=str)
def test_an_action_on_its_own(rest: Rest, params: dict[str, bool]) -> None:
    body = {'name': 'std.echo', 'input': {'output': 'alone', 'delay': 0.1}, 'params': params}
    started = rest.call('POST', '/action_executions', json=body)
    if 'save_result' in params:
        path = f'/action_executions/{started["id"]}'

        def ended() -> dict[str, Any] | None:
            action: dict[str, Any] = rest.call('GET', path)
            return action if action['state'] == 'SUCCESS' else None

        started = wait_for(ended, 'end of the action')
    assert json.loads(started['output']) == {'result': 'alone'}


def test_notifications(rest: Rest, web: Server) -> None:
    web.answers['/told'] = Answer()
    rest.upload(WORKFLOW)
    rest.start('told', notify=[{'type': 'webhook', 'url': f'{web.url}/told'}])

    # The events of several executions come in any order.
    expected = {
        ('told', 'WORKFLOW_LAUNCHED'),
        ('told', 'WORKFLOW_SUCCEEDED'),
        ('told_child', 'WORKFLOW_LAUNCHED'),
        ('told_child', 'WORKFLOW_SUCCEEDED'),
    }

    def news() -> set[tuple[str, str]]:
        return {(event['name'], event['event']) for event in told(web, '/told')}

    wait_for(lambda: expected <= news(), 'news of both executions')


def test_command_line_client(cluster: Cluster, rest: Rest) -> None:
    def mistral(*command: str) -> Any:
        done = run(cluster.home, 'mistral', *command, '-f', 'json', OS_MISTRAL_URL=rest.url)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    file = cluster.home / 'fork_join.yaml'
    file.write_text(FORK_JOIN.replace('fork_join:', 'by_client:'))
    assert [row['Name'] for row in mistral('workflow-create', str(file))] == ['by_client']
    id_ = mistral('execution-create', 'by_client', '{"x": 1}')['ID']
    rest.wait_until_ended([id_])
    assert mistral('execution-get', id_)['State'] == 'SUCCESS'
    assert {row['State'] for row in mistral('task-list', id_)} == {'SUCCESS'}
