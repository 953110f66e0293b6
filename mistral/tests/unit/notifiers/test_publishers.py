"""The publishers that come with the service."""

import json
import logging
from collections.abc import Iterator

import pytest

from mistral import config
from mistral.exceptions import MistralException, UrlNotAllowedException
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
@pytest.mark.parametrize('status', [200, 201])
def test_webhook(web, status):
    web.answers['/hook'] = Answer(status)
    publish(f'{web.url}/hook', headers={'X-Token': 'secret'})
    (request,) = web.received
    assert (request.method, request.path) == ('POST', '/hook')
    assert json.loads(request.body) == DATA
    assert request.headers['X-Token'] == 'secret'
    assert 'Content-Type' not in request.headers


@pytest.mark.usefixtures('_reachable')
@pytest.mark.parametrize('status', [202, 302, 404, 500])
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
