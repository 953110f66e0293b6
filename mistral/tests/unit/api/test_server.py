"""The HTTP server starts, serves, stops, and says so when its port is taken."""

import socket
import ssl
import urllib.error
import urllib.request

import pytest
import trustme

from mistral.api.server import ApiServer, TlsFiles
from mistral.exceptions import ConfigurationError


def hello(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [environ['PATH_INFO'].encode()]


@pytest.fixture
def server():
    server = ApiServer(hello, '127.0.0.1', 0, threads=2)
    server.start()
    yield server
    server.stop()


def test_serves_until_stopped(server):
    with urllib.request.urlopen(f'http://127.0.0.1:{server.port}/a%2Fb', timeout=5) as answer:
        assert answer.read() == b'/a%2Fb'

    server.stop()
    server.stop()
    with pytest.raises(OSError, match='refused'):
        urllib.request.urlopen(f'http://127.0.0.1:{server.port}/', timeout=5)


def test_the_head_of_a_request_is_bounded(server):
    request = urllib.request.Request(f'http://127.0.0.1:{server.port}/')
    request.add_header('X-Auth-Token', 'x' * 300_000)

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    caught.value.close()
    assert caught.value.code == 413


# cheroot leaves the socket that it could not bind to the garbage collector.
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
def test_busy_port_is_a_configuration_error(server):
    other = ApiServer(hello, '127.0.0.1', server.port)

    with pytest.raises(ConfigurationError) as caught:
        other.start()
    message = str(caught.value)
    assert f'127.0.0.1:{server.port}' in message
    assert '[api] host and port' in message
    assert '\n' not in message


def test_missing_certificate_is_a_configuration_error(tmp_path):
    files = TlsFiles(str(tmp_path / 'cert.pem'), str(tmp_path / 'key.pem'))

    with pytest.raises(ConfigurationError, match=r'\[ssl\] cert_file'):
        ApiServer(hello, '127.0.0.1', 0, tls=files)


@pytest.fixture
def tls_server(tmp_path):
    """Serves over TLS, with two threads; yields it with what a client trusts it by."""
    authority = trustme.CA()
    files = TlsFiles(str(tmp_path / 'cert.pem'), str(tmp_path / 'key.pem'))
    certificate = authority.issue_cert('127.0.0.1')
    certificate.cert_chain_pems[0].write_to_path(files.certificate)
    certificate.private_key_pem.write_to_path(files.key)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    server = ApiServer(hello, '127.0.0.1', 0, threads=2, tls=files)
    server.start()
    yield server, client
    server.stop()


def fetch(server, client):
    with urllib.request.urlopen(f'{server.url}/here', timeout=5, context=client) as answer:
        return answer.read()


def test_serves_over_tls(tls_server):
    server, client = tls_server
    assert server.url.startswith('https://')
    assert fetch(server, client) == b'/here'


def test_a_client_that_never_shakes_hands_keeps_nobody_out(tls_server):
    server, client = tls_server
    with socket.create_connection(('127.0.0.1', server.port)):
        assert fetch(server, client) == b'/here'
        assert fetch(server, client) == b'/here'


def test_a_client_without_tls_is_sent_away(tls_server, capsys):
    server, client = tls_server
    with socket.create_connection(('127.0.0.1', server.port), timeout=5) as plain:
        plain.sendall(b'GET / HTTP/1.0\r\n\r\n')
        assert b'200 OK' not in plain.recv(1000)
    assert fetch(server, client) == b'/here'
    assert 'Traceback' not in capsys.readouterr().err
