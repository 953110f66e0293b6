"""The HTTP server starts, serves, stops, and says so when its port is taken."""

import urllib.error
import urllib.request

import pytest

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
