"""The publishers that come with the service."""

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Iterator

import pytest

from mistral import config
from mistral.exceptions import MistralException, UrlNotAllowedException
from mistral.notifiers.base import UndeliverableError
from mistral.notifiers.publishers.log import LogPublisher
from mistral.notifiers.publishers.noop import NoopPublisher
from mistral.notifiers.publishers.webhook import WebhookPublisher
from mistral.tests.unit.utils.http_server import Answer, Server, serve

DATA = {'id': 'e', 'name': 'wf', 'state': 'SUCCESS'}


@pytest.fixture
def web() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def deny():
    """Sets the networks that must not be reached."""
    yield lambda networks: config.CONF.set_override('denied_cidrs', networks, 'action_std_http')
    config.CONF.clear_override('denied_cidrs', 'action_std_http')


@pytest.fixture
def _reachable(deny):
    """This machine may be reached, too."""
    deny([])


def publish(url, **entry):
    WebhookPublisher().publish(None, 'e', DATA, 'WORKFLOW_SUCCEEDED', None, url=url, **entry)


@pytest.mark.usefixtures('_reachable')
@pytest.mark.parametrize('status', [200, 201, 202, 204])
def test_webhook(web, status):
    web.answers['/hook'] = Answer(status)
    publish(f'{web.url}/hook', headers={'X-Token': 'secret'})
    (request,) = web.received
    assert (request.method, request.path) == ('POST', '/hook')
    assert json.loads(request.body) == DATA
    assert request.headers['X-Token'] == 'secret'
    assert 'Content-Type' not in request.headers


@pytest.mark.usefixtures('_reachable')
@pytest.mark.parametrize('status', [302, 404, 500])
def test_other_answers_are_failures(web, status):
    web.answers['/hook'] = Answer(status, b'out of order', {'Location': f'{web.url}/elsewhere'})
    with pytest.raises(MistralException, match=f'answered {status}: out of order'):
        publish(f'{web.url}/hook')
    assert [request.path for request in web.received] == ['/hook']


@pytest.mark.usefixtures('_reachable')
@pytest.mark.parametrize('url', ['http://127.0.0.1:1/', None, 'nonsense'])
def test_webhook_that_cannot_be_reached(url):
    with pytest.raises(MistralException):
        publish(url)


def test_denied_network(web, deny):
    deny(['127.0.0.0/8'])
    with pytest.raises(UrlNotAllowedException, match='blocked address'):
        publish(f'{web.url}/hook')
    assert web.received == []


def test_noop(caplog):
    with caplog.at_level(logging.INFO):
        NoopPublisher().publish(None, 'e', DATA, 'WORKFLOW_SUCCEEDED', None)
    assert 'The event WORKFLOW_SUCCEEDED for [name=wf, id=e]' in caplog.text


@pytest.mark.usefixtures('_reachable')
def test_webhook_with_a_signature(web):
    web.answers['/hook'] = Answer(200)
    publish(f'{web.url}/hook', secret='s3cret')
    (request,) = web.received
    expected = hmac.new(b's3cret', request.body, hashlib.sha256).hexdigest()
    assert request.headers['X-Mistral-Signature-256'] == f'sha256={expected}'


@pytest.mark.usefixtures('_reachable')
def test_webhook_that_hangs(web):
    released = threading.Event()
    web.answers['/hook'] = lambda request: released.wait(10) and Answer(200)
    with pytest.raises(MistralException, match=r'cannot be reached: .*timed out'):
        publish(f'{web.url}/hook', timeout=0.1)
    released.set()


@pytest.mark.usefixtures('_reachable')
@pytest.mark.parametrize(
    'entry',
    [
        {'url': None},
        {'url': 7},
        {'headers': 'X-Token'},
        {'headers': {'X': 'a\nb'}},
        {'timeout': 0},
        {'timeout': 'long'},
        {'timeout': True},
        {'url': 'http://'},
    ],
)
def test_webhook_that_can_never_work(web, entry):
    with pytest.raises((UndeliverableError, UrlNotAllowedException)) as caught:
        publish(**{'url': f'{web.url}/hook', **entry})
    assert not web.received
    assert 's3cret' not in str(caught.value)


@pytest.mark.parametrize('level', ['INFO', 'warning'])
def test_log(caplog, level):
    with caplog.at_level(logging.INFO):
        LogPublisher().publish(None, 'e', DATA, 'WORKFLOW_SUCCEEDED', None, level=level)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ('mistral.notifications', level.upper())
    assert json.loads(record.getMessage()) == DATA


def test_log_of_an_unknown_level():
    with pytest.raises(UndeliverableError, match='"level" of publisher "log" is LOUD'):
        LogPublisher().publish(None, 'e', DATA, 'WORKFLOW_SUCCEEDED', None, level='loud')


def test_log_to_a_file_that_is_rotated(tmp_path):
    path = tmp_path / 'events.log'
    config.CONF.set_override('log_file', str(path), 'notifier')
    try:
        publisher = LogPublisher()
    finally:
        config.CONF.clear_override('log_file', 'notifier')
    for n in range(3):
        if n == 2:
            path.rename(tmp_path / 'events.log.1')
        publisher.publish(None, 'e', {'n': n}, 'WORKFLOW_SUCCEEDED', None)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    old = [json.loads(line) for line in (tmp_path / 'events.log.1').read_text().splitlines()]
    assert (old, lines) == ([{'n': 0}, {'n': 1}], [{'n': 2}])
