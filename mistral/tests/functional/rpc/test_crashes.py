"""What becomes of messages when a server dies."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from mistral.context import SYSTEM
from mistral.rpc.base import ENGINE
from mistral.rpc.kombu import topology
from mistral.tests.functional.rpc.endpoints import Recorder
from mistral.tests.waiting import wait_for


class Child:
    """A server process; `said` is what it has been called with."""

    def __init__(self, *arguments: str) -> None:
        self.said: list = []
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'mistral.tests.functional.rpc.child', *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.name = wait_for(lambda: self.said, 'child')[0]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def _read(self) -> None:
        for line in self._process.stdout:
            self.said.append(json.loads(line))


@pytest.fixture
def start_child(bus) -> Iterator[Callable[..., Child]]:
    with ExitStack() as stack:

        def start(capacity: int, *, patience: int | None = None) -> Child:
            arguments = [bus.kind, bus.url, bus.prefix, str(capacity)]
            child = Child(*arguments, *([str(patience)] if patience else []))
            stack.callback(child.kill)
            return child

        yield start


@pytest.mark.needs('redelivery')
def test_another_server_gets_what_a_dead_one_had_in_hand(bus, start_child):
    child = start_child(3)
    client = bus.client()
    client.cast(ENGINE, 'wait', SYSTEM, [{'x': x} for x in range(3)])
    wait_for(lambda: len(child.said) == 4, 'messages in hand')
    other = Recorder()
    other.gate.set()
    bus.serve(other)
    client.cast(ENGINE, 'wait', SYSTEM, [{'x': 'new'}])
    wait_for(lambda: other.seen == ['new'], 'new message')
    child.kill()
    wait_for(lambda: len(other.seen) == 4, 'messages of the dead')
    assert sorted(other.seen[1:]) == [0, 1, 2]
    assert other.redelivered == [False, True, True, True]


@pytest.mark.needs('redelivery')
def test_calls_of_a_dead_server_are_answered_by_another(bus, start_child):
    child = start_child(1)
    client = bus.client()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.call, ENGINE, 'wait', SYSTEM, {'x': 'answer'})
        wait_for(lambda: len(child.said) == 2, 'call in hand')
        child.kill()
        other = Recorder()
        other.gate.set()
        bus.serve(other)
        assert call.result(30) == 'answer'
    assert other.redelivered == [True]


@pytest.mark.needs('redelivery')
def test_what_must_not_be_repeated_is_not(bus, start_child):
    child = start_child(2)
    client = bus.client()
    client.cast(ENGINE, 'wait_once', SYSTEM, [{'x': 'once'}])
    wait_for(lambda: len(child.said) == 2, 'message in hand')
    client.cast(ENGINE, 'wait', SYSTEM, [{'x': 'again'}])
    wait_for(lambda: len(child.said) == 3, 'second message in hand')
    child.kill()
    other = Recorder()
    other.gate.set()
    bus.serve(other)
    wait_for(lambda: other.seen, 'message of the dead')
    client.cast(ENGINE, 'wait', SYSTEM, [{'x': 'end'}])
    wait_for(lambda: 'end' in other.seen, 'last message')
    assert other.seen == ['again', 'end']


@pytest.mark.needs('names')
def test_a_dead_server_leaves_its_own_messages_to_the_others(bus, start_child, monkeypatch):
    monkeypatch.setattr(topology, 'OWN_PATIENCE', 500)
    child = start_child(1, patience=500)
    client = bus.client()
    client.cast(ENGINE, 'wait', SYSTEM, [{'x': x} for x in range(2)], server=child.name)
    wait_for(lambda: len(child.said) == 2, 'message in hand')
    child.kill()
    other = Recorder()
    other.gate.set()
    bus.serve(other)
    wait_for(lambda: sorted(other.seen) == [0, 1], 'messages of the dead')
    assert all(other.redelivered)
    # Its queue is still there; who calls it gets an answer, too, from somebody else.
    began = time.monotonic()
    assert client.call(ENGINE, 'wait', SYSTEM, {'x': 'call'}, server=child.name) == 'call'
    assert time.monotonic() - began < 30
