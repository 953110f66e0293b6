"""How the components of a process hang together."""

import queue
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from mistral_lib.actions import Result
from oslo_config import cfg

from mistral import config
from mistral.actions.requests import ActionRequest
from mistral.actions.std_actions import EchoAction
from mistral.cmd.components import Components
from mistral.context import RequestContext
from mistral.exceptions import ConfigurationError
from mistral.executors.endpoint import ExecutorEndpoint
from mistral.notifiers.endpoint import NotifierEndpoint
from mistral.notifiers.remote import RemoteNotifier
from mistral.rpc.clients import ExecutorClient

PATIENCE = 10


class Bus:
    """Notes what is served on which topic."""

    transport = None

    def __init__(self):
        self.served = {}

    def server(self, topic, endpoint, *, threads, capacity):
        self.served[topic] = (endpoint, threads, capacity)
        return SimpleNamespace(name=f'{topic}-1', start=lambda: None, stop=lambda: None)


class Foundation:
    """Builds an engine that only takes results."""

    database = SimpleNamespace(dialect='sqlite')
    trusts = SimpleNamespace(are_made=False)

    def __init__(self):
        self.built_with: Any = None
        self.results = queue.Queue()

    def build_engine(self, executor, notifier):
        self.built_with = executor, notifier
        return SimpleNamespace(
            service='the service',
            report_result=lambda request, result: self.results.put(result),
            start=lambda: None,
            stop=lambda: None,
        )


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
def foundation():
    return Foundation()


@pytest.fixture
def make(bus, foundation):
    def make(**types):
        conf = cfg.ConfigOpts()
        config.register(conf)
        for group, value in types.items():
            conf.set_override('type', value, group)
        any_bus: Any = bus
        return Components(conf, any_bus, lambda: foundation)

    return make


@pytest.mark.parametrize(
    ('types', 'is_remote'),
    [
        ({}, (True, True)),
        ({'executor': 'local'}, (False, True)),
        ({'notifier': 'local'}, (True, False)),
    ],
)
def test_engine_hands_work_over_or_does_it_itself(make, foundation, types, is_remote):
    make(**types).engine()
    executor, notifier = foundation.built_with
    found = (isinstance(executor, ExecutorClient), isinstance(notifier, RemoteNotifier))
    assert found == is_remote


def test_unknown_notifier(make):
    with pytest.raises(ConfigurationError, match=r"\[notifier\] type = 'far' is not installed"):
        make(notifier='far').engine()


def test_what_is_served(make, bus):
    components = make()
    for name in ('engine', 'executor', 'notifier'):
        getattr(components, name)()
    assert bus.served['engine'][0] == 'the service'
    assert isinstance(bus.served['executor'][0], ExecutorEndpoint)
    assert isinstance(bus.served['notifier'][0], NotifierEndpoint)


@pytest.mark.parametrize(
    ('options', 'in_scheduler', 'in_api'),
    [
        ({}, True, True),
        ({'run_in_api': False}, True, False),
        ({'enabled': False}, False, False),
    ],
)
def test_who_looks_for_cron_triggers(make, options, in_scheduler, in_api):
    """Deployments of Mistral 23 have API processes only, if they are not told otherwise."""

    def looks(parts):
        names = {thread.name for part in parts for thread in part._threads}
        return 'duty-cron-triggers' in names

    components = make()
    for name, value in options.items():
        components._conf.set_override(name, value, 'cron_trigger')
    assert looks(components.scheduler()) == in_scheduler
    assert looks(components.beside_app()) == in_api


def test_results_of_an_engine_s_own_executor_do_not_depend_on_calls(make, foundation):
    """The engine stops first. It stores what comes afterwards, but answers calls no more."""
    parts = make(executor='local').engine()
    for part in parts:
        part.start()
    actions, _ = foundation.built_with
    started, released = threading.Event(), threading.Event()

    class Slow(EchoAction):
        repeatable = True

        def run(self, context):
            started.set()
            assert released.wait(PATIENCE)
            return 'done'

    request = ActionRequest(Slow('x'), 'a', 'my.action', RequestContext())
    assert actions.run_actions(RequestContext(), [(request, None)]) == {}
    assert started.wait(PATIENCE)
    released.set()
    for part in reversed(parts):
        part.stop()
    assert foundation.results.get_nowait() == Result('done')
