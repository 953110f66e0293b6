"""Who is asking: with and without an authentication plug-in."""

import pytest

from mistral.auth import AuthHandler
from mistral.exceptions import ConfigurationError, UnauthorizedException
from mistral.tests.unit.api.conftest import ADMIN

BODY = {'name': 'env', 'variables': {}}
MESSAGE = 'Failed to validate access token: Authentication required'


class TokenIsProject(AuthHandler):
    """Takes the token for the name of the project; `admin` is one of administrators."""

    def authenticate(self, req):
        token = req.headers.get('X-Auth-Token')
        if not token:
            raise UnauthorizedException('Authentication required')
        if token == 'broken':
            raise ValueError('broken')
        req.headers['X-Project-Id'] = token
        req.headers['X-Roles'] = 'admin' if token == 'admin' else 'member'


@pytest.fixture
def secured(make_api):
    return make_api(TokenIsProject(), auth_enable=True)


def as_project(name):
    return {'X-Auth-Token': name}


def test_without_authentication_all_rows_belong_to_one_project(api):
    headers = {'X-Project-Id': 'p1'}
    created = api.request('POST', '/v2/environments', json=BODY, headers=headers).json

    assert created['project_id'] == '<default-project>'


@pytest.mark.parametrize('path', ['/v2/workflows', '/v2/nope', '/nope', '/info/'])
def test_token_is_needed(secured, path):
    answer = secured.request('GET', path, status=401)

    assert answer.json['faultstring'] == MESSAGE
    assert answer.headers['Server-Error-Message'] == MESSAGE
    assert answer.headers['WWW-Authenticate'] == MESSAGE


@pytest.mark.parametrize(
    ('path', 'status'), [('/', 200), ('/v2/', 200), ('/v2', 302), ('/info', 400)]
)
def test_open_paths(secured, path, status):
    secured.request('GET', path, status=status)


def test_any_error_of_the_plug_in_refuses(secured):
    answer = secured.request('GET', '/v2/workflows', status=401, headers=as_project('broken'))

    assert answer.json['faultstring'] == 'Failed to validate access token: broken'


def test_rows_belong_to_the_project_of_the_token(secured):
    path = '/v2/environments'
    created = secured.request('POST', path, json=BODY, headers=as_project('p1'), status=201).json

    assert created['project_id'] == 'p1'
    secured.get(f'{path}/env', headers=as_project('p1'))
    secured.get(f'{path}/env', headers=as_project('p2'), status=404)
    secured.get(f'{path}/env', headers=as_project('admin'))


def test_conflicts_name_the_real_project(secured):
    options = {'json': BODY, 'headers': as_project('p1')}
    secured.request('POST', '/v2/environments', status=201, **options)

    assert secured.fault('POST', '/v2/environments', 409, **options) == (
        "Duplicate entry for Environment ['name', 'project_id']: env, p1"
    )


def test_roles_of_the_request_are_believed_only_without_authentication(secured, api):
    public = {**BODY, 'scope': 'public'}
    headers = {**as_project('p1'), **ADMIN}

    secured.request('POST', '/v2/environments', json=public, headers=headers, status=403)
    api.request('POST', '/v2/environments', json=public, headers=headers, status=201)


def test_authentication_needs_a_plug_in(make_api):
    with pytest.raises(ConfigurationError, match='auth_type'):
        make_api(auth_enable=True)
