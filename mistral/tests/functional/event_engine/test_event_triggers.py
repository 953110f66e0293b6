"""Real notifications on a real bus start workflows, each of them once."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from mistral.tests.functional.cluster.cluster import Cluster
from mistral.tests.functional.cluster.members import Member
from mistral.tests.functional.event_engine.conftest import Emit
from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for

#: add(event, n, **values): stores a trigger and waits until it counts.
AddTrigger = Callable[..., str]


@contextmanager
def noticed(cluster: Cluster, rest: Rest) -> Iterator[None]:
    """Wait, after something that changes the number of triggers, until it counts everywhere."""
    members = [cluster['event-engine-1'], cluster['event-engine-2']]
    seen = [len(member.log) for member in members]
    yield
    line = f'There are {len(list(rest.items("/event_triggers?fields=id")))} event triggers'
    for member, place in zip(members, seen, strict=True):
        wait_for(partial(_is_logged, member, line, place), f'"{line}" in the log of {member.name}')


def _is_logged(member: Member, line: str, place: int) -> bool:
    return line in member.log[place:]


@pytest.fixture
def add(cluster: Cluster, rest: Rest) -> AddTrigger:
    workflow_id = rest.call('GET', '/workflows/told')['id']

    def add(
        event: str, n: Any, exchange: str = 'nova', topic: str = 'notifications', **values: Any
    ) -> str:
        body = {
            'workflow_id': workflow_id,
            'exchange': exchange,
            'topic': topic,
            'event': event,
            'workflow_input': {'n': n},
            **values,
        }
        with noticed(cluster, rest):
            trigger = rest.call('POST', '/event_triggers', json=body)
        for name in ('event-engine-1', 'event-engine-2'):
            cluster[name].wait_for_log(f'Listens to exchange {exchange}, topic {topic}')
        return str(trigger['id'])

    return add


def inputs(rest: Rest, trigger_id: str) -> list[Any]:
    """The inputs `n` of all that a trigger has started."""
    found = rest.items('/executions?fields=id,input,description')
    return [
        json.loads(execution['input'])['n']
        for execution in found
        if trigger_id in (execution['description'] or '')
    ]


def test_what_is_started(rest: Rest, add: AddTrigger, emit: Emit) -> None:
    id_ = add('compute.start', '<% $.payload.n %>', name='wake', workflow_params={'env': {'a': 1}})
    emit('compute.start', {'n': 7}, priority='warn')
    wait_for(lambda: inputs(rest, id_), 'execution')
    (execution,) = (e for e in rest.items('/executions') if id_ in (e['description'] or ''))
    assert json.loads(execution['input']) == {'n': 7}
    assert json.loads(execution['description']) == {
        'description': f"Workflow execution created by event trigger '({id_})'.",
        'triggered_by': {'type': 'event_trigger', 'id': id_, 'name': 'wake'},
    }
    params = json.loads(execution['params'])
    told = params['event_params']
    assert (params['env'], told['service'], told['project_id'], told['user_id']) == (
        {'a': 1},
        'compute.host1',
        None,
        None,
    )
    assert told['timestamp']


def test_event_definitions(rest: Rest, add: AddTrigger, emit: Emit) -> None:
    id_ = add('special.one', '<% $.event_params.number %>')
    emit('special.one', {'n': 3})
    wait_for(lambda: inputs(rest, id_), 'execution')
    (execution,) = (e for e in rest.items('/executions') if id_ in (e['description'] or ''))
    assert json.loads(execution['params'])['event_params'] == {'number': 3, 'none': None}
    assert json.loads(execution['input']) == {'n': 3}


def test_exchange_topic_and_event_have_to_match(rest: Rest, add: AddTrigger, emit: Emit) -> None:
    right = add('e.right', 0)
    others = [
        add('e.right', 1, topic='other_topic'),
        add('e.right', 2, exchange='neutron'),
        add('e.righ', 3),
        add('e.*', 4),
    ]
    emit('e.right', {})
    wait_for(lambda: inputs(rest, right), 'execution')
    assert [inputs(rest, other) for other in others] == [[], [], [], []]


def test_changes_while_it_runs(cluster: Cluster, rest: Rest, add: AddTrigger, emit: Emit) -> None:
    id_ = add('changing', 'old')
    emit('changing', {})
    wait_for(lambda: inputs(rest, id_) == ['old'], 'execution')
    rest.call('PUT', f'/event_triggers/{id_}', json={'workflow_input': {'n': 'new'}})

    def is_changed() -> bool:
        count = len(inputs(rest, id_))
        emit('changing', {})
        wait_for(lambda: len(inputs(rest, id_)) > count, 'execution')
        return 'new' in inputs(rest, id_)

    wait_for(is_changed, 'execution with the new input')
    witness = add('witness', 1)
    with noticed(cluster, rest):
        rest.call('DELETE', f'/event_triggers/{id_}')
    count = len(inputs(rest, id_))
    emit('changing', {})
    emit('witness', {})
    wait_for(lambda: inputs(rest, witness), 'execution')
    assert len(inputs(rest, id_)) == count


def test_nothing_is_lost_or_doubled(
    cluster: Cluster, rest: Rest, add: AddTrigger, emit: Emit
) -> None:
    """The engine is away, an event engine dies with notifications in hand."""
    id_ = add('counted', '<% $.payload.n %>')
    cluster['engine-1'].kill()
    for n in range(60):
        emit('counted', {'n': n})
    cluster['event-engine-1'].kill()
    cluster['engine-1'].start()
    for n in range(60, 120):
        emit('counted', {'n': n})
    cluster.start()

    def numbers() -> list[int]:
        return sorted(inputs(rest, id_))

    wait_for(lambda: len(set(numbers())) == 120, 'all executions')
    assert numbers() == list(range(120))
