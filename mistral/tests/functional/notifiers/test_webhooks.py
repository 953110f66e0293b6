"""Webhooks whose receivers hang, fail, are away; notifiers that die. Nothing is lost."""

import hashlib
import hmac
import threading
from collections import Counter
from functools import partial
from typing import Any

from mistral.tests.functional.cluster.cluster import Cluster
from mistral.tests.functional.notifiers.conftest import EVENTS, Receiver, execution_of
from mistral.tests.functional.service.rest import Rest
from mistral.tests.unit.utils.http_server import Server
from mistral.tests.waiting import PATIENCE, wait_for


def start(rest: Rest, *receivers: Receiver, count: int = 1, **more: Any) -> list[str]:
    """Start executions that tell the receivers, and wait for their end."""
    notify = [{**receiver.entry, **more} for receiver in receivers]
    ids = [rest.start('told', notify=notify) for _ in range(count)]
    assert set(rest.wait_until_ended(ids).values()) == {'SUCCESS'}
    return ids


def expect(receiver: Receiver, *ids: str) -> None:
    """Each execution is told in order and once."""
    wait_for(lambda: receiver.has_heard_of(*ids), f'news at {receiver.entry["url"]}')
    for id_ in ids:
        assert receiver.of(id_) == EVENTS


def test_good_ones(rest: Rest, web: Server) -> None:
    one, other = Receiver(web, '/one'), Receiver(web, '/other')
    ids = start(rest, one, other, count=5, headers={'X-Token': 't'}, secret='s3cret')
    for receiver in (one, other):
        expect(receiver, *ids)
    assert {headers['X-Token'] for headers in one.headers} == {'t'}
    for headers, body in zip(one.headers, one.bodies, strict=True):
        expected = hmac.new(b's3cret', body, hashlib.sha256).hexdigest()
        assert headers['X-Mistral-Signature-256'] == f'sha256={expected}'


def test_one_that_fails_twice(cluster: Cluster, rest: Rest, web: Server) -> None:
    class Failing(Receiver):
        def respond(self, number: int) -> int:
            return 503 if number <= 2 else 200

    failing, good = Failing(web, '/failing'), Receiver(web, '/good')
    (id_,) = start(rest, failing, good)
    expect(good, id_)
    expect(failing, id_)
    assert [event['event'] for event in failing.attempts[:3]] == ['WORKFLOW_LAUNCHED'] * 3
    logs = cluster['notifier-1'].log + cluster['notifier-2'].log
    assert 'attempt 2 failed: Webhook ' in logs
    assert 'answered 503: out of order' in logs


def test_one_that_hangs_and_one_that_is_away(rest: Rest, web: Server) -> None:
    """Neither others nor the engine notice; when they are back, all is told."""
    back = threading.Event()

    class Hanging(Receiver):
        def respond(self, number: int) -> int:
            back.wait(PATIENCE)
            return 200

    class Away(Receiver):
        def respond(self, number: int) -> int:
            return 200 if back.is_set() else 404

    hanging, away = Hanging(web, '/hanging'), Away(web, '/away')
    hanging.entry['timeout'] = 1
    good = Receiver(web, '/good')
    ids = start(rest, hanging, away, good, count=10)
    expect(good, *ids)
    assert not hanging.news
    assert not away.news
    wait_for(lambda: len(away.attempts) >= 3, 'attempts')
    back.set()
    expect(away, *ids)
    # What it was told while it hung, it may hear again.
    wait_for(lambda: hanging.has_heard_of(*ids), 'news')
    for id_ in ids:
        assert list(dict.fromkeys(hanging.of(id_))) == EVENTS


def test_a_notifier_that_dies(cluster: Cluster, rest: Rest, web: Server) -> None:
    """What it had in hand comes again, everything else comes once."""
    middle = threading.Event()

    class Slow(Receiver):
        def respond(self, number: int) -> int:
            if number == 20:
                middle.set()
            return 200

    slow, good = Slow(web, '/slow'), Receiver(web, '/good')
    notify = [slow.entry, good.entry]
    ids = [rest.start('told', notify=notify) for _ in range(40)]
    assert middle.wait(PATIENCE)
    cluster['notifier-1'].kill()
    rest.wait_until_ended(ids)
    cluster['notifier-2'].kill()
    more = [rest.start('told', notify=notify) for _ in range(5)]
    cluster.start()
    for receiver in (slow, good):
        wait_for(partial(receiver.has_heard_of, *ids, *more), 'news')
        for id_ in [*ids, *more]:
            assert list(dict.fromkeys(receiver.of(id_))) == EVENTS
        times = Counter((execution_of(e), e['name'], e['event']) for e in receiver.news)
        assert len(times) == 45 * len(EVENTS)
