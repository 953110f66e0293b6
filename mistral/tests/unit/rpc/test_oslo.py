"""Calls over oslo.messaging, here through its bus within a process."""

import threading
from concurrent.futures import Future
from importlib import import_module

import pytest
from oslo_config import cfg
from oslo_service.backend import BackendType, init_backend

from mistral import config
from mistral.context import RequestContext
from mistral.exceptions import (
    ConfigurationError,
    DBEntityNotFoundError,
    MistralException,
    RpcTimeoutError,
    UnavailableException,
)
from mistral.rpc.base import ENGINE, EXECUTOR
from mistral.tests.waiting import wait_for

init_backend(BackendType.THREADING)
from mistral.rpc.oslo import OsloBackend  # noqa: E402 - it brings oslo.service

CALLER = RequestContext(project_id='p', roles=('member',), security={'auth_token': 't'})
PATIENCE = 10


class Endpoint:
    """Notes whom it serves."""

    def __init__(self):
        self.callers = []
        self.told = []
        self.later = Future()
        self.is_asked = threading.Event()

    def add(self, caller, *, a, b):
        self.callers.append(caller)
        return {'sum': a + b}

    def tell(self, caller, *, what):
        self.told.append(what)

    def fail(self, caller, *, error):
        raise {'foreseen': DBEntityNotFoundError, 'unforeseen': KeyError}[error]('the text')

    def answer_later(self, caller):
        later = self.later
        self.is_asked.set()
        return later


def make_backend(url='fake://', **engine):
    """A bus: make_backend(url, host='name of the engine')."""
    conf = cfg.ConfigOpts()
    config.register(conf)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv('OS_DEFAULT__TRANSPORT_URL', url)
        conf([])
        # oslo.messaging registers these with `cfg.CONF`, and reads them from the one it is given.
        for name in ('tracing', 'metrics'):
            module = import_module(f'oslo_messaging._{name}.client')
            group = f'oslo_messaging_{name}'
            conf.register_opts(getattr(module, group), group)
        for option, value in engine.items():
            conf.set_override(option, value, group='engine')
        return OsloBackend(conf)


@pytest.fixture(scope='module')
def served():
    """A server, and the bus it is on. That it takes a second to stop is for oslo.messaging."""
    backend = make_backend(host='engine-1')
    endpoint = Endpoint()
    server = backend.server(ENGINE, endpoint, threads=1, capacity=1)
    server.start()
    yield backend, endpoint, server
    server.stop()
    backend.close()


@pytest.fixture
def endpoint(served):
    """As if it were new."""
    served[1].__init__()
    return served[1]


@pytest.fixture
def transport(served, endpoint):
    return served[0].transport


def test_call(transport, endpoint):
    assert transport.call(ENGINE, 'add', CALLER, {'a': 1, 'b': 2}) == {'sum': 3}
    assert endpoint.callers == [CALLER]


def test_casts_come_in_order(transport, endpoint):
    assert transport.cast(ENGINE, 'tell', CALLER, [{'what': n} for n in range(3)]) is None
    wait_for(lambda: len(endpoint.told) == 3, 'casts', PATIENCE)
    assert endpoint.told == [0, 1, 2]


@pytest.mark.parametrize(
    ('error', 'arrives_as', 'text'),
    [
        ('foreseen', DBEntityNotFoundError, 'the text'),
        ('unforeseen', MistralException, 'Internal error: KeyError'),
    ],
)
def test_errors(transport, caplog, error, arrives_as, text):
    with pytest.raises(MistralException) as caught:
        transport.call(ENGINE, 'fail', CALLER, {'error': error})
    assert (type(caught.value), str(caught.value)) == (arrives_as, text)
    assert ('Failed to handle a call of fail' in caplog.text) == (error == 'unforeseen')


@pytest.mark.parametrize('is_error', [False, True])
def test_answer_that_comes_later_is_waited_for(transport, endpoint, is_error):
    def answer():
        assert endpoint.is_asked.wait(PATIENCE)
        if is_error:
            endpoint.later.set_exception(DBEntityNotFoundError('gone'))
        else:
            endpoint.later.set_result('late')

    thread = threading.Thread(target=answer)
    thread.start()
    if is_error:
        with pytest.raises(DBEntityNotFoundError, match='gone'):
            transport.call(ENGINE, 'answer_later', CALLER, {})
    else:
        assert transport.call(ENGINE, 'answer_later', CALLER, {}) == 'late'
    thread.join(PATIENCE)


def test_answer_that_will_not_come_may_be_had_from_another(transport, endpoint):
    """The engine stops: the call can be made again."""
    endpoint.later.cancel()
    with pytest.raises(UnavailableException, match='"answer_later" was cancelled'):
        transport.call(ENGINE, 'answer_later', CALLER, {})


def test_no_answer_in_time(transport, endpoint):
    with pytest.raises(RpcTimeoutError, match='"answer_later" took longer than configured 0'):
        transport.call(ENGINE, 'answer_later', CALLER, {}, timeout=0.05)
    # The server may not have come to it yet, and must not wait for ever.
    assert endpoint.is_asked.wait(PATIENCE)
    endpoint.later.set_result(None)


def test_nobody_serves_the_topic(transport):
    with pytest.raises(RpcTimeoutError):
        transport.call(EXECUTOR, 'add', CALLER, {'a': 1, 'b': 2}, timeout=0.05)


def test_server_is_called_by_its_name(transport, served):
    assert served[2].name == 'engine-1'
    assert transport.call(ENGINE, 'add', CALLER, {'a': 1, 'b': 2}, server='engine-1') == {'sum': 3}
    with pytest.raises(RpcTimeoutError):
        transport.call(ENGINE, 'add', CALLER, {'a': 1, 'b': 2}, server='engine-2', timeout=0.05)


def test_server_may_have_no_name():
    """The default of the option is the same for all."""
    backend = make_backend()
    assert backend.server(ENGINE, Endpoint(), threads=1, capacity=1).name is None
    backend.close()


@pytest.mark.parametrize('url', ['carrier-pigeon://', 'rabbit://host:no-port/'])
def test_unusable_url(url):
    with pytest.raises(ConfigurationError, match='transport_url cannot be used'):
        make_backend(url)
