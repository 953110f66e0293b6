import itertools
import socket

import pytest
import requests

from mistral.exceptions import UrlNotAllowedException
from mistral.tests.unit.utils.http_server import Answer, serve
from mistral.utils.egress import EgressPolicy, parse_networks
from mistral.utils.http import ResponseTooLargeException, open_session

ANYWHERE = EgressPolicy()


@pytest.fixture
def server():
    with serve() as server:
        yield server


def get(url, policy=ANYWHERE, limit=0, **kwargs):
    with open_session(policy, limit) as session:
        return session.get(url, timeout=5, **kwargs)


def test_a_plain_request(server):
    server.answers['/'] = Answer(body=b'hello')
    assert get(f'{server.url}/').text == 'hello'


def test_a_denied_address_is_not_contacted(server):
    with pytest.raises(UrlNotAllowedException):
        get(server.url, EgressPolicy(denied_networks=parse_networks(['127.0.0.0/8'])))
    assert server.received == []


def test_nor_is_one_behind_tls():
    with pytest.raises(UrlNotAllowedException, match='blocked address'):
        get('https://127.0.0.1/', EgressPolicy(denied_networks=parse_networks(['127.0.0.0/8'])))


def test_the_connection_goes_to_the_address_that_was_checked(server, monkeypatch):
    """A name that resolves to a good address first and to a bad one next gains nothing."""
    answers = iter(['127.0.0.1', '127.0.0.2'])
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        return real(next(answers) if host == 'rebinding.example' else host, port, *args, **kwargs)

    monkeypatch.setattr(socket, 'getaddrinfo', getaddrinfo)
    server.answers['/'] = Answer(body=b'hello')
    policy = EgressPolicy(denied_networks=parse_networks(['127.0.0.2/32']))
    assert get(f'http://rebinding.example:{server.port}/', policy).text == 'hello'
    assert server.received[0].headers['Host'] == f'rebinding.example:{server.port}'


def test_the_next_address_is_tried_when_one_does_not_answer(server, monkeypatch):
    policy = EgressPolicy()
    monkeypatch.setattr(EgressPolicy, 'resolve', lambda self, host: ['127.0.0.3', '127.0.0.1'])
    server.answers['/'] = Answer(body=b'hello')
    assert get(f'http://twice.example:{server.port}/', policy).text == 'hello'


@pytest.mark.parametrize(
    ('target', 'message'),
    [
        ('http://localhost:{port}/', "Host 'localhost' is not in"),
        ('file:///etc/passwd', "URL scheme 'file' is not allowed"),
    ],
)
def test_each_redirect_is_checked(server, target, message):
    server.answers['/'] = Answer(302, headers={'Location': target.format(port=server.port)})
    with pytest.raises(UrlNotAllowedException, match=message):
        get(server.url, EgressPolicy(allowed_hosts=frozenset({'127.0.0.1'})))
    assert len(server.received) == 1


def test_redirects_are_followed(server):
    server.answers['/'] = Answer(302, headers={'Location': '/next'})
    server.answers['/next'] = Answer(body=b'there')
    response = get(server.url)
    assert (response.text, [hop.status_code for hop in response.history]) == ('there', [302])


class TestProxies:
    def test_a_proxy_may_be_used(self, server):
        server.answers['http://far.example/'] = Answer(body=b'via proxy')
        response = get('http://far.example/', proxies={'http': server.url})
        assert response.text == 'via proxy'

    def test_the_proxy_itself_is_checked(self, server):
        policy = EgressPolicy(allowed_hosts=frozenset({'far.example'}))
        with pytest.raises(UrlNotAllowedException, match=r"Host '127\.0\.0\.1' is not in"):
            get('http://far.example/', policy, proxies={'http': server.url})

    def test_so_is_its_address(self, server):
        policy = EgressPolicy(denied_networks=parse_networks(['127.0.0.0/8']))
        with pytest.raises(UrlNotAllowedException, match='blocked address'):
            get('http://far.example/', policy, proxies={'http': server.url})
        assert server.received == []

    def test_a_proxy_does_not_open_denied_networks(self, server):
        policy = EgressPolicy(denied_networks=parse_networks(['169.254.0.0/16']))
        with pytest.raises(UrlNotAllowedException, match=r'169\.254\.169\.254'):
            get('http://169.254.169.254/', policy, proxies={'http': server.url})

    def test_variables_of_the_process_are_not_used(self, server, monkeypatch):
        monkeypatch.setenv('http_proxy', 'http://127.0.0.1:9')
        server.answers['/'] = Answer(body=b'direct')
        assert get(server.url).text == 'direct'

    def test_nor_is_its_netrc(self, server, monkeypatch, tmp_path):
        netrc = tmp_path / 'netrc'
        netrc.write_text('machine 127.0.0.1 login operator password secret')
        monkeypatch.setenv('NETRC', str(netrc))
        get(server.url)
        assert 'Authorization' not in server.received[0].headers


class TestResponseSize:
    def test_a_declared_length_is_enough_to_refuse(self, server):
        server.answers['/'] = Answer(body=b'x' * 11)
        with pytest.raises(ResponseTooLargeException) as error:
            get(server.url, limit=10)
        assert str(error.value) == (
            'HTTP response is too large (Content-Length=11, limit=10 bytes).'
        )

    def test_a_body_without_end_is_cut_off(self, server):
        server.answers['/'] = Answer(chunks=itertools.repeat(b'x' * 1024))
        with pytest.raises(ResponseTooLargeException) as error:
            get(server.url, limit=10_000)
        assert str(error.value) == 'HTTP response is too large (limit=10000 bytes).'

    def test_so_is_that_of_a_redirect(self, server):
        server.answers['/'] = Answer(
            302, headers={'Location': '/next'}, chunks=itertools.repeat(b'x' * 1024)
        )
        with pytest.raises(ResponseTooLargeException):
            get(server.url, limit=10_000)

    @pytest.mark.parametrize('limit', [10, 0])
    def test_what_fits_is_read(self, server, limit):
        server.answers['/'] = Answer(chunks=iter([b'12345', b'67890']))
        assert get(server.url, limit=limit).text == '1234567890'

    def test_a_head_request_has_no_body(self, server):
        server.answers['/'] = Answer(headers={'Content-Length': '1000'})
        with open_session(ANYWHERE, 10) as session:
            assert session.head(server.url, timeout=5).headers['Content-Length'] == '1000'


def test_a_refused_connection_is_an_error_of_requests():
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))
        with pytest.raises(requests.ConnectionError, match='refused') as error:
            get(f'http://127.0.0.1:{unused.getsockname()[1]}/')
    assert ' at 0x' not in str(error.value)


def test_so_is_an_unknown_name(monkeypatch):
    def resolve(self, host):
        raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')

    monkeypatch.setattr(EgressPolicy, 'resolve', resolve)
    with pytest.raises(requests.ConnectionError, match=r"Failed to resolve 'nowhere\.example'"):
        get('http://nowhere.example/')


def test_and_a_connection_that_takes_too_long(monkeypatch):
    def create_connection(*args, **kwargs):
        raise TimeoutError('timed out')

    monkeypatch.setattr('mistral.utils.http.create_connection', create_connection)
    with pytest.raises(requests.ConnectTimeout):
        get('http://127.0.0.1/')
