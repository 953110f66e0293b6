"""The layers around the application do their part and are left out when idle."""

import pytest
import webtest
from oslo_config import cfg

from mistral.api.middleware import with_middleware
from mistral.config import set_defaults

ORIGIN = 'https://ui.example'
PREFLIGHT = {'Origin': ORIGIN, 'Access-Control-Request-Method': 'PUT'}


def echo(environ, start_response):
    """Answers the URL of the application as the request has it."""
    start_response('200 OK', [('Content-Type', 'text/plain')])
    scheme, host = environ['wsgi.url_scheme'], environ['HTTP_HOST']
    return [f'{scheme}://{host}{environ["SCRIPT_NAME"]}'.encode()]


@pytest.fixture
def make_client(tmp_path):
    """Makes a client of the wrapped application: `make_client('[cors]...', healthcheck=True)`."""

    def make(config='', **options):
        path = tmp_path / 'mistral.conf'
        path.write_text(config)
        set_defaults()
        conf = cfg.ConfigOpts()
        conf(['--config-file', str(path)])
        return webtest.TestApp(with_middleware(echo, conf, **options))

    return make


def test_nothing_is_added_by_default(make_client):
    client = make_client()

    assert client.get('/healthcheck').text == 'http://localhost:80'
    assert 'Access-Control-Allow-Origin' not in client.get('/', headers=PREFLIGHT).headers


def test_options_without_cors_get_a_plain_answer(make_client):
    answer = make_client().options('/v2/workflows', headers=PREFLIGHT)

    assert (answer.status_int, answer.body) == (200, b'')


def test_proxy_headers_count_only_when_enabled(make_client):
    headers = {
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'openstack',
        'X-Forwarded-Prefix': '/workflowv2',
    }
    config = '[oslo_middleware]\nenable_proxy_headers_parsing = true\n'

    assert make_client().get('/', headers=headers).text == 'http://localhost:80'
    assert make_client(config).get('/', headers=headers).text == 'https://openstack/workflowv2'


def test_health_check_answers_its_exact_path_only(make_client):
    client = make_client(healthcheck=True)
    answer = client.get('/healthcheck')

    assert (answer.status_int, answer.body, answer.content_type) == (200, b'', 'text/plain')
    assert client.get('/healthcheck/').text == 'http://localhost:80'
    assert client.get('/v2/').text == 'http://localhost:80'


def test_health_check_in_json(make_client):
    answer = make_client(healthcheck=True).get(
        '/healthcheck', headers={'Accept': 'application/json'}
    )

    assert answer.json == {'detailed': False, 'reasons': []}


def test_health_check_without_body(make_client):
    assert make_client(healthcheck=True).head('/healthcheck').status_int == 204


def test_health_check_that_fails(make_client, tmp_path):
    marker = tmp_path / 'disabled'
    marker.touch()
    config = f'[healthcheck]\nbackends = disable_by_file\ndisable_by_file_path = {marker}\n'

    make_client(config, healthcheck=True).get('/healthcheck', status=503)


def test_cors(make_client):
    client = make_client(f'[cors]\nallowed_origin = {ORIGIN}\n')
    preflight = client.options(
        '/v2/workflows', headers=PREFLIGHT | {'Access-Control-Request-Headers': 'X-Auth-Token'}
    )

    assert preflight.headers['Access-Control-Allow-Origin'] == ORIGIN
    assert preflight.headers['Access-Control-Allow-Methods'] == 'PUT'
    assert preflight.headers['Access-Control-Allow-Headers'] == 'X-Auth-Token'
    exposed = client.get('/', headers={'Origin': ORIGIN}).headers['Access-Control-Expose-Headers']
    assert 'X-Subject-Token' in exposed
    foreign = client.options('/', headers=PREFLIGHT | {'Origin': 'https://other.example'})
    assert 'Access-Control-Allow-Origin' not in foreign.headers
