"""`std.http` and `std.mistral_http` over TLS, through proxies and against hostile servers.

What needs no more than a plain server is tested in `mistral/tests/unit/actions/test_http.py`.
"""

import gzip
import itertools
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from mistral.exceptions import ActionException, UrlNotAllowedException
from mistral.tests.functional.actions.conftest import Override, Run
from mistral.tests.unit.utils.http_server import Answer, Server, serve
from mistral.utils.http import ResponseTooLargeException


@pytest.fixture(autouse=True)
def local_hosts(override: Override) -> None:
    """Let requests go to this machine."""
    override('action_std_http', denied_cidrs=[])


@pytest.fixture(scope='module')
def web() -> Iterator[Server]:
    with serve() as server:
        server.answers['/'] = Answer(body=b'{"ok": true}')
        yield server


@pytest.fixture(scope='module')
def secure_web(authority: trustme.CA) -> Iterator[Server]:
    """The same over TLS, as localhost."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert('localhost').configure_cert(tls)
    with serve(tls) as server:
        server.answers['/'] = Answer(body=b'{"ok": true}')
        yield server


@pytest.fixture(scope='module')
def bundle(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp('ca') / 'ca.pem'
    authority.cert_pem.write_to_path(str(path))
    return str(path)


class TestTls:
    def test_a_bundle_that_knows_the_authority(
        self, run: Run, secure_web: Server, bundle: str
    ) -> None:
        url = f'https://localhost:{secure_web.port}/'
        assert run('std.http', url=url, verify=bundle)['content'] == {'ok': True}

    @pytest.mark.filterwarnings('ignore:Unverified HTTPS request')
    def test_no_verification(self, run: Run, secure_web: Server) -> None:
        url = f'https://localhost:{secure_web.port}/'
        assert run('std.http', url=url, verify=False)['status'] == 200

    @pytest.mark.parametrize('verify', [None, True])
    def test_an_unknown_authority(self, run: Run, secure_web: Server, verify: Any) -> None:
        with pytest.raises(ActionException, match='CERTIFICATE_VERIFY_FAILED'):
            run('std.http', url=f'https://localhost:{secure_web.port}/', verify=verify)

    def test_another_host(self, run: Run, secure_web: Server, bundle: str) -> None:
        with pytest.raises(ActionException, match=r"doesn't match|not valid for|mismatch"):
            run('std.http', url=f'https://127.0.0.1:{secure_web.port}/', verify=bundle)

    def test_the_operators_bundle(
        self, run: Run, secure_web: Server, bundle: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv('REQUESTS_CA_BUNDLE', bundle)
        assert run('std.http', url=f'https://localhost:{secure_web.port}/')['status'] == 200

    def test_a_bundle_that_is_not_there(self, run: Run, secure_web: Server, tmp_path: Path) -> None:
        with pytest.raises(ActionException, match='Failed to send HTTP request'):
            run(
                'std.http',
                url=f'https://localhost:{secure_web.port}/',
                verify=str(tmp_path / 'no.pem'),
            )

    @pytest.mark.filterwarnings('ignore:Unverified HTTPS request')
    def test_a_connection_that_is_not_verified_is_not_used_again(
        self, run: Run, secure_web: Server
    ) -> None:
        """Whatever one action trusts, the next one starts anew."""
        url = f'https://localhost:{secure_web.port}/'
        run('std.http', url=url, verify=False)
        with pytest.raises(ActionException, match='CERTIFICATE_VERIFY_FAILED'):
            run('std.http', url=url)


@pytest.mark.parametrize('method', ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'REPORT'])
def test_methods(run: Run, web: Server, method: str) -> None:
    web.received.clear()
    assert run('std.http', url=f'{web.url}/', method=method, body='x')['status'] == 200
    assert [(r.method, r.body) for r in web.received] == [(method, b'x')]


def test_requests_share_no_cookies(run: Run, web: Server) -> None:
    web.answers['/login'] = Answer(headers={'Set-Cookie': 'session=1; Path=/'})
    assert run('std.http', url=f'{web.url}/login')['cookies'] == {'session': '1'}
    web.received.clear()
    run('std.http', url=f'{web.url}/')
    assert 'Cookie' not in web.received[0].headers


class TestTimeouts:
    @pytest.fixture
    def silent(self) -> Iterator[str]:
        """The URL of a server that takes connections and says nothing."""
        with socket.create_server(('127.0.0.1', 0)) as server:
            yield f'http://127.0.0.1:{server.getsockname()[1]}/'

    def test_of_the_request(self, run: Run, silent: str) -> None:
        with pytest.raises(ActionException, match=r'Read timed out.*read timeout=0.2'):
            run('std.http', url=silent, timeout=0.2)

    def test_of_the_operator(self, run: Run, override: Override, silent: str) -> None:
        override('action_std_http', default_timeout=1)
        with pytest.raises(ActionException, match=r'Read timed out.*read timeout=1'):
            run('std.http', url=silent)

    def test_none(self, run: Run, override: Override, web: Server) -> None:
        override('action_std_http', default_timeout=0)
        assert run('std.http', url=f'{web.url}/')['status'] == 200


class TestSizes:
    def test_a_small_answer_that_unpacks_to_a_large_one(
        self, run: Run, override: Override, web: Server
    ) -> None:
        override('action_std_http', max_response_size_bytes=100_000)
        body = gzip.compress(bytes(10_000_000))
        web.answers['/bomb'] = Answer(body=body, headers={'Content-Encoding': 'gzip'})
        with pytest.raises(ResponseTooLargeException, match='limit=100000 bytes'):
            run('std.http', url=f'{web.url}/bomb')

    def test_an_answer_without_end(self, run: Run, override: Override, web: Server) -> None:
        override('action_std_http', max_response_size_bytes=100_000)
        web.answers['/endless'] = Answer(chunks=itertools.repeat(b'x' * 10_000))
        with pytest.raises(ResponseTooLargeException, match='limit=100000 bytes'):
            run('std.http', url=f'{web.url}/endless')

    def test_no_limit(self, run: Run, override: Override, web: Server) -> None:
        override('action_std_http', max_response_size_bytes=0)
        web.answers['/large'] = Answer(body=b'x' * 6_000_000)
        assert len(run('std.http', url=f'{web.url}/large')['content']) == 6_000_000


class TestRules:
    def test_listed_hosts_only(self, run: Run, override: Override, web: Server) -> None:
        override('action_std_http', allowed_hosts=['localhost'])
        assert run('std.http', url=f'http://localhost:{web.port}/')['status'] == 200
        with pytest.raises(UrlNotAllowedException, match=r"Host '127.0.0.1' is not in"):
            run('std.http', url=f'{web.url}/')

    @pytest.mark.parametrize('host', ['127.0.0.1', 'localhost', '0.0.0.0', '[::ffff:127.0.0.1]'])
    def test_denied_networks(self, run: Run, override: Override, web: Server, host: str) -> None:
        override('action_std_http', denied_cidrs=['127.0.0.0/8', '::1/128'])
        web.received.clear()
        with pytest.raises(UrlNotAllowedException, match='resolves to a blocked address'):
            run('std.http', url=f'http://{host}:{web.port}/')
        assert web.received == []

    def test_hold_behind_a_redirect(self, run: Run, override: Override, web: Server) -> None:
        override('action_std_http', denied_cidrs=['127.0.0.2/32'])
        target = f'http://127.0.0.2:{web.port}/'
        web.answers['/away'] = Answer(302, headers={'Location': target})
        with pytest.raises(UrlNotAllowedException, match=r'127.0.0.2'):
            run('std.http', url=f'{web.url}/away', allow_redirects=True)

    def test_hold_for_proxies(self, run: Run, override: Override, web: Server) -> None:
        override('action_std_http', denied_cidrs=['127.0.0.2/32'])
        with pytest.raises(UrlNotAllowedException, match=r'127.0.0.2'):
            run('std.http', url=f'{web.url}/', proxies={'http': f'http://127.0.0.2:{web.port}'})


def test_a_proxy(run: Run, web: Server) -> None:
    web.received.clear()
    web.answers['http://127.0.0.1:9/there'] = Answer(body=b'by proxy')
    result = run('std.http', url='http://127.0.0.1:9/there', proxies={'http': web.url})
    assert result['content'] == 'by proxy'
    assert web.received[0].path == 'http://127.0.0.1:9/there'


class TestMistralHttp:
    def test_over_tls(self, run: Run, secure_web: Server, bundle: str) -> None:
        secure_web.received.clear()
        run('std.mistral_http', url=f'https://localhost:{secure_web.port}/', verify=bundle)
        sent = secure_web.received[0].headers
        assert {name: sent[name] for name in sent if name.startswith('Mistral-')} == {
            'Mistral-Workflow-Name': 'wf',
            'Mistral-Workflow-Execution-Id': 'wf-ex',
            'Mistral-Task-Id': 'task-ex',
            'Mistral-Action-Execution-Id': 'action-ex',
            'Mistral-Callback-URL': '/v2/action_executions/action-ex',
        }

    def test_the_rules_hold(self, run: Run, override: Override, web: Server) -> None:
        override('action_std_http', denied_cidrs=['127.0.0.0/8'])
        with pytest.raises(UrlNotAllowedException):
            run('std.mistral_http', url=f'{web.url}/')
