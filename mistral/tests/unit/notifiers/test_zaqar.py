"""What is posted to Zaqar; the functional tests post it to a real one."""

import json

import pytest

from mistral import config
from mistral.context import RequestContext
from mistral.exceptions import ConfigurationError, MistralException
from mistral.notifiers.base import UndeliverableError
from mistral.notifiers.publishers.zaqar import ZaqarPublisher
from mistral.tests.unit.utils.http_server import Answer, serve

DATA = {'id': 'e', 'state': 'SUCCESS'}
SIGNED = {
    'signature': 's1gn',
    'expires': '2026-01-01T12:00:00',
    'methods': ['POST'],
    'paths': ['/v2/queues/q 1/messages'],
    'project': 'theirs',
}


@pytest.fixture
def zaqar():
    with serve() as server:
        config.CONF.set_override('endpoint', f'{server.url}/v2/', 'notifier_zaqar')
        server.answers['/v2/queues/q%201/messages'] = Answer(201, b'{"resources": []}')
        yield server
        config.CONF.clear_override('endpoint', 'notifier_zaqar')


def publish(**entry):
    entry = {'queue': 'q 1', **entry}
    ctx = RequestContext(project_id='p')
    ZaqarPublisher().publish(ctx, 'e', DATA, 'WORKFLOW_SUCCEEDED', None, **entry)


@pytest.mark.parametrize(('entry', 'ttl'), [({}, 3600), ({'ttl': 60}, 60)])
def test_message(zaqar, entry, ttl):
    publish(**entry)
    (request,) = zaqar.received
    assert json.loads(request.body) == {'messages': [{'ttl': ttl, 'body': DATA}]}
    assert request.headers['X-Project-Id'] == 'p'
    assert len(request.headers['Client-ID']) == 36


def test_signed_url(zaqar):
    publish(signed_url=SIGNED)
    (request,) = zaqar.received
    assert {name: request.headers[name] for name in request.headers if 'URL' in name} == {
        'URL-Signature': 's1gn',
        'URL-Expires': '2026-01-01T12:00:00',
        'URL-Methods': 'POST',
        'URL-Paths': '/v2/queues/q 1/messages',
    }
    assert request.headers['X-Project-Id'] == 'theirs'


@pytest.mark.parametrize(
    'entry',
    [
        {'queue': None},
        {'queue': ''},
        {'queue': 7},
        {'ttl': 59},
        {'ttl': 'long'},
        {'signed_url': {'signature': 's1gn'}},
        {'signed_url': 'text'},
    ],
)
def test_what_can_never_work(zaqar, entry):
    with pytest.raises(UndeliverableError) as caught:
        publish(**entry)
    assert zaqar.received == []
    assert 's1gn' not in str(caught.value)


@pytest.mark.parametrize('status', [200, 404, 503])
def test_other_answers_are_failures(zaqar, status):
    zaqar.answers['/v2/queues/q%201/messages'] = Answer(status, b'out of order')
    with pytest.raises(MistralException, match=f'Zaqar answered {status} .*: out of order'):
        publish()


def test_zaqar_is_away():
    config.CONF.set_override('endpoint', 'http://127.0.0.1:1', 'notifier_zaqar')
    try:
        with pytest.raises(MistralException, match='Zaqar cannot be reached'):
            publish()
    finally:
        config.CONF.clear_override('endpoint', 'notifier_zaqar')


def test_nobody_knows_where_zaqar_is():
    with pytest.raises(ConfigurationError, match='service user'):
        publish()
