import base64
import json
import logging

import pytest
from mistral_lib.actions.context import ActionContext, ExecutionContext, SecurityContext
from oslo_config import cfg

from mistral.actions import options
from mistral.actions.http import HttpRequest, send
from mistral.actions.options import HttpOptions
from mistral.actions.std_actions import HTTPAction, MistralHTTPAction
from mistral.exceptions import ActionException, UrlNotAllowedException
from mistral.tests.unit.utils.http_server import Answer, serve
from mistral.utils.egress import EgressPolicy, parse_networks

JSON = {'Content-Type': 'application/json'}


@pytest.fixture
def server():
    with serve() as server:
        yield server


@pytest.fixture
def use_options(monkeypatch):
    def use(**changes):
        settings = HttpOptions(**{'policy': EgressPolicy(), 'default_timeout': 5, **changes})
        monkeypatch.setattr(options, 'http_options', lambda: settings)

    use()
    return use


@pytest.fixture
def run(server, use_options):
    def run(path='/', **parameters):
        return HTTPAction(f'{server.url}{path}', **parameters).run(None)

    return run


class TestRequest:
    def test_defaults(self, run, server):
        run()
        received = server.received[0]
        assert (received.method, received.path, received.body) == ('GET', '/', b'')

    def test_parameters_go_into_the_query(self, run, server):
        run(params={'a': 1, 'b': ['x', 'y']})
        assert server.received[0].path == '/?a=1&b=x&b=y'

    @pytest.mark.parametrize(
        ('parameters', 'body', 'content_type'),
        [
            ({'body': 'text'}, b'text', None),
            ({'body': {'a': 1}}, b'{"a": 1}', None),
            ({'json': {'a': 1}}, b'{"a": 1}', 'application/json'),
            ({'json': []}, b'[]', 'application/json'),
        ],
    )
    def test_bodies(self, run, server, parameters, body, content_type):
        run(method='POST', **parameters)
        received = server.received[0]
        assert received.body == body
        assert received.headers.get('Content-Type') == content_type

    def test_body_and_json_exclude_each_other(self):
        with pytest.raises(ActionException) as error:
            HTTPAction('http://host.example', json={}, body='x')
        assert str(error.value) == "Only one of the parameters 'json' and 'body' can be passed"

    def test_headers_are_text(self, run, server):
        run(headers={'X-Int': 1, 'X-Float': 1.5, 'X-Text': 'x', 'X-None': None})
        headers = server.received[0].headers
        assert (headers['X-Int'], headers['X-Float'], headers['X-Text']) == ('1', '1.5', 'x')
        assert 'X-None' not in headers

    def test_cookies(self, run, server):
        run(cookies={'a': 'b'})
        assert server.received[0].headers['Cookie'] == 'a=b'

    @pytest.mark.parametrize(
        ('auth', 'sent'),
        [
            ('user:secret', b'user:secret'),
            ('user:se:cret', b'user:se:cret'),
            (['user', 'secret'], b'user:secret'),
            (('user', 1234), b'user:1234'),
        ],
    )
    def test_basic_authentication(self, run, server, auth, sent):
        run(auth=auth)
        scheme, _, text = server.received[0].headers['Authorization'].partition(' ')
        assert (scheme, base64.b64decode(text)) == ('Basic', sent)

    @pytest.mark.parametrize('auth', ['user', ['user'], ['user', 'secret', 'more']])
    def test_other_authentication_is_refused(self, auth):
        with pytest.raises(ActionException, match="'user:password' or a list"):
            HTTPAction('http://host.example', auth=auth)


class TestResult:
    def test_shape(self, run, server):
        server.answers['/'] = Answer(
            body=b'{"a": [1]}', headers={**JSON, 'Set-Cookie': 'c=d', 'X-Other': 'y'}
        )
        result = run().data
        assert result.pop('headers')['X-Other'] == 'y'
        assert isinstance(result.pop('elapsed'), float)
        assert result == {
            'content': {'a': [1]},
            'status': 200,
            'url': f'{server.url}/',
            'history': [],
            'encoding': 'utf-8',
            'reason': 'OK',
            'cookies': {'c': 'd'},
        }

    @pytest.mark.parametrize(
        ('body', 'content_type', 'content'),
        [
            (b'[1, 2]', 'text/plain', [1, 2]),
            (b'"x"', None, 'x'),
            (b'', 'application/json', ''),
            (b'{broken', 'application/json', '{broken'),
            (b'NaN', 'application/json', 'NaN'),
            (b'[' * 100_000, 'application/json', '[' * 100_000),
            (b'\xef\xbb\xbf{"a": 1}', 'application/json', {'a': 1}),
            ('grün'.encode('latin-1'), 'text/plain; charset=iso-8859-1', 'grün'),
            ('grün'.encode('latin-1'), 'text/plain', 'grün'),
            ('grün'.encode(), 'text/plain', 'grün'),
            ('grün'.encode(), 'text/plain; charset=no-such-charset', 'grün'),
            (b'\x89PNG\xff', 'image/png', '\ufffdPNG\ufffd'),
        ],
    )
    def test_content(self, run, server, body, content_type, content):
        headers = {'Content-Type': content_type} if content_type else {}
        server.answers['/'] = Answer(body=body, headers=headers)
        assert run().data['content'] == content

    @pytest.mark.parametrize('status', [200, 204, 302, 306])
    def test_good_statuses(self, run, server, status):
        server.answers['/'] = Answer(status, headers={'Location': '/next'})
        result = run()
        assert result.is_success()
        assert result.data['status'] == status

    @pytest.mark.parametrize('status', [307, 308, 400, 404, 500])
    def test_bad_statuses(self, run, server, status):
        server.answers['/'] = Answer(status, body=b'why')
        result = run()
        assert result.is_error()
        assert (result.error['status'], result.error['content']) == (status, 'why')

    def test_redirects_are_followed_on_demand_and_recorded(self, run, server):
        server.answers['/'] = Answer(302, headers={'Location': '/next'})
        server.answers['/next'] = Answer(body=b'there')
        result = run(allow_redirects=True).data
        assert (result['content'], result['url']) == ('there', f'{server.url}/next')
        [hop] = result['history']
        assert (hop['status'], hop['url']) == (302, f'{server.url}/')
        assert hop['headers']['Location'] == '/next'

    def test_is_json_data(self, run, server):
        server.answers['/'] = Answer(302, headers={'Location': '/next'})
        server.answers['/next'] = Answer(body=b'there')
        result = run(allow_redirects=True).data
        assert json.loads(json.dumps(result)) == result


class TestFailures:
    def test_a_forbidden_host_is_not_contacted(self, run, server, use_options):
        use_options(policy=EgressPolicy(denied_networks=parse_networks(['127.0.0.0/8'])))
        with pytest.raises(UrlNotAllowedException) as error:
            run()
        assert str(error.value) == (
            "URL host '127.0.0.1' resolves to a blocked address (127.0.0.1)."
        )
        assert server.received == []

    def test_no_connection(self, use_options):
        with pytest.raises(ActionException, match=r'^Failed to send HTTP request: ') as error:
            HTTPAction('http://127.0.0.1:1/').run(None)
        assert ' at 0x' not in str(error.value)

    @pytest.mark.parametrize(
        'parameters',
        [{'headers': {'X-Bad': 'a\nb'}}, {'timeout': 0}, {'timeout': 'soon'}, {'params': 1}],
    )
    def test_odd_parameters(self, run, parameters):
        with pytest.raises(ActionException, match=r'^Failed to send HTTP request: '):
            run(**parameters)

    def test_a_large_response(self, run, server, use_options):
        use_options(max_response_size=10)
        server.answers['/'] = Answer(body=b'x' * 11)
        with pytest.raises(Exception, match='is too large'):
            run()


@pytest.mark.parametrize(
    ('given', 'default', 'used'), [(None, 60, 60), (None, 0, None), (2.5, 60, 2.5), (2, 0, 2)]
)
def test_timeouts(given, default, used, server, monkeypatch):
    seen = []

    def spy(session, *args, **kwargs):
        seen.append(kwargs['timeout'])
        raise OSError('enough')

    monkeypatch.setattr('requests.Session.request', spy)
    request = HttpRequest(server.url, timeout=given)
    with pytest.raises(ActionException):
        send(request, HttpOptions(EgressPolicy(), default_timeout=default))
    assert seen == [used]


@pytest.mark.parametrize(
    ('given', 'environment', 'used'),
    [
        (None, {}, True),
        (None, {'REQUESTS_CA_BUNDLE': '/ca.pem'}, '/ca.pem'),
        (False, {'REQUESTS_CA_BUNDLE': '/ca.pem'}, False),
        ('/own.pem', {}, '/own.pem'),
    ],
)
def test_certificates(given, environment, used, monkeypatch):
    seen = []

    def spy(session, *args, **kwargs):
        seen.append(kwargs['verify'])
        raise OSError('enough')

    monkeypatch.setattr('requests.Session.request', spy)
    for name in ('REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ActionException):
        send(HttpRequest('https://host.example', verify=given), HttpOptions(EgressPolicy()))
    assert seen == [used]


class TestMistralHttp:
    context = ActionContext(
        SecurityContext(),
        ExecutionContext(
            workflow_execution_id='w',
            task_execution_id='t',
            action_execution_id='a',
            workflow_name='flow',
            callback_url='/v2/action_executions/a',
        ),
    )

    def test_tells_where_the_result_goes(self, server, use_options):
        server.answers['/'] = Answer()
        MistralHTTPAction(server.url, headers={'X-Own': 1}).run(self.context)
        headers = server.received[0].headers
        assert headers['X-Own'] == '1'
        assert {name: text for name, text in headers.items() if name.startswith('Mistral-')} == {
            'Mistral-Workflow-Name': 'flow',
            'Mistral-Workflow-Execution-Id': 'w',
            'Mistral-Task-Id': 't',
            'Mistral-Action-Execution-Id': 'a',
            'Mistral-Callback-URL': '/v2/action_executions/a',
        }

    def test_leaves_out_what_is_unknown(self, server, use_options):
        server.answers['/'] = Answer()
        MistralHTTPAction(server.url).run(ActionContext(SecurityContext(), ExecutionContext()))
        assert not any(name.startswith('Mistral-') for name in server.received[0].headers)


class TestLog:
    parameters = {  # noqa: RUF012
        'method': 'POST',
        'params': {'password': 'hush-1', 'page': 7},
        'json': {'admin_pass': 'hush-2', 'name': 'bob'},
        'headers': {'Authorization': 'hush-3', 'X-Auth-Token': 'hush-4', 'X-Plain': 'plain'},
        'cookies': {'session': 'hush-5'},
        'auth': 'user:hush-6',
    }

    @pytest.fixture(autouse=True)
    def info(self, caplog):
        caplog.set_level(logging.INFO, 'mistral.actions.http')

    def test_shows_the_request_without_secrets(self, run, caplog):
        run(**self.parameters)
        assert 'hush' not in caplog.text
        for text in ("'page': 7", "'name': 'bob'", "'X-Plain': 'plain'", "('user', '***')"):
            assert text in caplog.text

    def test_leaves_out_sensitive_headers(self, run, caplog, use_options):
        use_options(sensitive_headers=frozenset({'x-plain'}))
        run(**self.parameters)
        assert 'X-Plain' not in caplog.text
        assert "'Authorization': '***'" in caplog.text

    def test_hides_bodies_on_demand(self, run, server, caplog, use_options):
        use_options(hide_request_body=True, hide_response_body=True)
        server.answers['/'] = Answer(body=b'answer')
        run(method='POST', body='question')
        run(method='POST', json={'q': 'question'})
        assert 'question' not in caplog.text
        assert 'answer' not in caplog.text
        assert 'Request body hidden due to action_logging configuration.' in caplog.text
        assert 'Response body hidden due to action_logging configuration.' in caplog.text

    def test_cuts_long_bodies(self, run, server, caplog):
        server.answers['/'] = Answer(body=b'x' * 5000)
        run()
        assert 'x' * 1000 + '...' in caplog.text
        assert 'x' * 1001 not in caplog.text

    def test_shows_the_beginning_of_large_data(self, run, server, caplog):
        server.answers['/'] = Answer(body=json.dumps([[[[[1]]]], *range(100)]).encode())
        run()
        assert 'body=[[[[...]]], 0, 1, 2, 3, ' in caplog.text.replace("'", '')
        assert ', 18]' in caplog.text.replace("'", '')

    def test_masks_a_password_in_the_url(self, server, caplog, use_options):
        HTTPAction(f'http://user:hush@127.0.0.1:{server.port}/').run(None)
        assert 'hush' not in caplog.text


def test_options_come_from_the_configuration():
    conf = cfg.ConfigOpts()
    conf.register_opts(
        [
            cfg.ListOpt('allowed_hosts', default=['API.example']),
            cfg.ListOpt('denied_cidrs', default=['127.0.0.0/8', 'nonsense']),
            cfg.IntOpt('default_timeout', default=7),
            cfg.IntOpt('max_response_size_bytes', default=8),
        ],
        'action_std_http',
    )
    conf.register_opts(
        [
            cfg.BoolOpt('hide_request_body', default=True),
            cfg.BoolOpt('hide_response_body', default=False),
            cfg.ListOpt('sensitive_headers', default=['X-Secret']),
        ],
        'action_logging',
    )
    assert HttpOptions.from_config(conf) == HttpOptions(
        policy=EgressPolicy(frozenset({'api.example'}), parse_networks(['127.0.0.0/8'])),
        default_timeout=7,
        max_response_size=8,
        hide_request_body=True,
        hide_response_body=False,
        sensitive_headers=frozenset({'x-secret'}),
    )
