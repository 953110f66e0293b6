"""Real notifications on a real bus start workflows, each of them once."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mistral.tests.functional.cluster.cluster import Cluster
from mistral.tests.functional.event_engine.conftest import Emit
from mistral.tests.functional.service.rest import Rest
from mistral.tests.waiting import wait_for

#: trigger(event, n, **values): stores a trigger and waits until both event engines know it.
AddTrigger = Callable[..., str]


def listens(cluster: Cluster, exchange: str, topic: str) -> None:
    for name in ('event-engine-1', 'event-engine-2'):
        cluster[name].wait_for_log(f'Listens to exchange {exchange}, topic {topic}')


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
        id_ = rest.call('POST', '/event_triggers', json=body)['id']
        listens(cluster, exchange, topic)
        return id_

    return add


def inputs(rest: Rest, trigger_id: str) -> list[Any]:
    """The inputs `n` of all that a trigger has started."""
    found = rest.items('/executions?fields=id,input,description')
    return [
        json.loads(execution['input'])['n']
        for execution in found
        if trigger_id in (execution['description'] or '')
    ]


def emit_until(emit: Callable[[], None], started: Callable[[], Any]) -> Any:
    """A trigger counts as soon as all event engines have seen it: send until it does."""

    def attempt() -> Any:
        emit()
        return started()

    return wait_for(attempt, 'execution')


def test_what_is_started(rest: Rest, add: AddTrigger, emit: Emit) -> None:
    id_ = add('compute.start', '<% $.payload.n %>', name='wake', workflow_params={'env': {'a': 1}})
    emit_until(lambda: emit('compute.start', {'n': 7}, priority='warn'), lambda: inputs(rest, id_))
    execution = next(e for e in rest.items('/executions') if id_ in (e['description'] or ''))
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
    emit_until(lambda: emit('special.one', {'n': 3}), lambda: inputs(rest, id_))
    (execution, *_) = (e for e in rest.items('/executions') if id_ in (e['description'] or ''))
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
    emit_until(lambda: emit('e.right', {}), lambda: inputs(rest, right))
    assert [inputs(rest, other) for other in others] == [[], [], [], []]


def test_changes_while_it_runs(rest: Rest, add: AddTrigger, emit: Emit) -> None:
    id_ = add('changing', 'old')
    emit_until(lambda: emit('changing', {}), lambda: inputs(rest, id_))
    change = {'workflow_input': {'n': 'new'}}
    rest.call('PUT', f'/event_triggers/{id_}', json=change)
    emit_until(lambda: emit('changing', {}), lambda: 'new' in inputs(rest, id_))
    rest.call('DELETE', f'/event_triggers/{id_}')
    # Both event engines have read the triggers again when one that is newer counts everywhere.
    witness = add('changing', 'witness', workflow_params={'env': {}})
    emit_until(lambda: emit('changing', {}), lambda: len(inputs(rest, witness)) > 20)
    count = len(inputs(rest, id_))
    before = len(inputs(rest, witness))
    emit_until(lambda: emit('changing', {}), lambda: len(inputs(rest, witness)) > before)
    assert len(inputs(rest, id_)) == count


def test_nothing_is_lost_or_doubled(
    cluster: Cluster, rest: Rest, add: AddTrigger, emit: Emit
) -> None:
    """The engine is away, an event engine dies with notifications in hand."""
    id_ = add('counted', '<% $.payload.n %>')
    emit_until(lambda: emit('counted', {'n': -1}), lambda: inputs(rest, id_))
    cluster['engine-1'].kill()
    for n in range(60):
        emit('counted', {'n': n})
    cluster['event-engine-1'].kill()
    cluster['engine-1'].start()
    for n in range(60, 120):
        emit('counted', {'n': n})
    cluster.start()

    def numbers() -> list[int]:
        return sorted(n for n in inputs(rest, id_) if n >= 0)

    wait_for(lambda: len(set(numbers())) == 120, 'all executions')
    assert numbers() == list(range(120))
