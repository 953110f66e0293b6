"""A server that takes tokens of Keycloak, and all that tries to pass for one."""

import base64
import json
import time

import jwt
import pytest

from mistral.tests.functional.auth.issuer import Key, running_issuer
from mistral.tests.functional.service.conftest import running_server
from mistral.tests.waiting import wait_for

NOT_VALID = 'Failed to validate access token: '


def options(issuer, **keycloak):
    return {
        'DEFAULT': {'auth_type': 'keycloak-oidc'},
        'pecan': {'auth_enable': True},
        'keycloak_oidc': {'auth_url': issuer.url, **keycloak},
    }


@pytest.fixture(scope='module')
def issuer():
    with running_issuer('red', 'blue') as issuer:
        yield issuer


@pytest.fixture(scope='module')
def rest(issuer, tmp_path_factory):
    with running_server(tmp_path_factory.mktemp('server'), options=options(issuer)) as server:
        yield server.rest


def get(rest, token, path='/environments', method='GET', **options):
    headers = {} if token is None else {'X-Auth-Token': token}
    headers.update(options.pop('headers', {}))
    return rest.request(method, path, headers=headers, **options)


def refusal(response):
    assert response.status_code == 401, response.text
    text = response.json()['faultstring']
    assert response.headers['WWW-Authenticate'] == response.headers['Server-Error-Message'] == text
    assert text.startswith(NOT_VALID)
    return text.removeprefix(NOT_VALID)


def segment(data):
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b'=').decode()


def without_signature(issuer):
    return f'{segment({"alg": "none"})}.{segment(issuer.claims("red"))}.'


def signed_with_the_public_key(issuer):
    """What a server takes that lets the token choose between a public key and a secret."""
    key = issuer.keys['red']
    header = {'alg': 'HS256', 'kid': key.id}
    signing_input = f'{segment(header)}.{segment(issuer.claims("red"))}'
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    # PyJWT itself refuses such a secret.
    signature = algorithm.sign(signing_input.encode(), key.public_pem)
    return f'{signing_input}.{base64.urlsafe_b64encode(signature).rstrip(b"=").decode()}'


def changed(issuer):
    """A token of a member who has made himself an administrator."""
    header, _, signature = issuer.token('red').split('.')
    claims = issuer.claims('red', realm_access={'roles': ['admin']})
    return f'{header}.{segment(claims)}.{signature}'


REFUSED = {
    'none': (lambda issuer: None, "Auth token must be provided in 'X-Auth-Token' header."),
    'garbage': (lambda issuer: 'garbage', "Token can't be decoded because of wrong format"),
    'two dots': (lambda issuer: 'a.b.c', "Token can't be decoded because of wrong format"),
    'expired': (lambda issuer: issuer.token('red', exp=int(time.time()) - 60), 'Token has expired'),
    'without an end': (lambda issuer: issuer.token('red', exp=None), 'Token is not valid: Token'),
    'not yet valid': (
        lambda issuer: issuer.token('red', nbf=int(time.time()) + 600),
        'Token is not valid: The token is not yet valid',
    ),
    'other issuer': (
        lambda issuer: issuer.token('red', iss='http://evil.example/auth/realms/red'),
        'Token is of an issuer that is not accepted',
    ),
    'no realm': (
        lambda issuer: issuer.token('red', iss=issuer.url),
        'Token does not name its realm',
    ),
    'realm with a path': (
        lambda issuer: issuer.token('red', iss=f'{issuer.url}/realms/../x'),
        'Token does not name its realm',
    ),
    'unknown realm': (
        lambda issuer: issuer.token('red', iss=f'{issuer.url}/realms/green'),
        "Keycloak has no realm 'green'",
    ),
    'key of another realm': (
        lambda issuer: issuer.token('red', issuer.keys['blue']),
        "Token is signed with a key that realm 'red' does not have",
    ),
    'wrong key of the right name': (
        lambda issuer: issuer.token('red', Key(issuer.keys['red'].id)),
        'Token is not valid: Signature verification failed',
    ),
    'changed': (changed, 'Token is not valid: Signature verification failed'),
    'no signature': (without_signature, "Token is signed with algorithm 'none'"),
    'public key as a secret': (
        signed_with_the_public_key,
        "Token is signed with algorithm 'HS256'",
    ),
    'identity token': (lambda issuer: issuer.token('red', typ='ID'), 'Token is not an access'),
}


@pytest.mark.parametrize('case', REFUSED)
def test_refused(rest, issuer, case):
    make, message = REFUSED[case]
    assert refusal(get(rest, make(issuer))).startswith(message)


def test_realm_is_the_project(rest, issuer):
    body = {'name': 'colour', 'variables': {'is': 'red'}}
    red = issuer.token('red')
    created = get(rest, red, method='POST', json=body)
    assert created.status_code == 201
    assert created.json()['project_id'] == 'red'
    assert get(rest, red, '/environments/colour').status_code == 200
    assert get(rest, issuer.token('blue'), '/environments/colour').status_code == 404


def test_roles_are_those_of_the_realm(rest, issuer):
    body = {'name': 'public', 'variables': {}, 'scope': 'public'}
    for roles, status in ((['member'], 403), (['x,admin'], 403), (['member', 'admin'], 201)):
        token = issuer.token('red', realm_access={'roles': roles})
        assert get(rest, token, method='POST', json=body).status_code == status
    assert get(rest, issuer.token('red', realm_access=None)).status_code == 200


def test_headers_of_the_request_say_nothing(rest, issuer):
    headers = {'X-Project-Id': 'blue', 'X-Roles': 'admin', 'X-Identity-Status': 'Confirmed'}
    body = {'name': 'mine', 'variables': {}}
    created = get(rest, issuer.token('red'), method='POST', json=body, headers=headers)
    assert created.json()['project_id'] == 'red'
    assert refusal(get(rest, None, headers=headers))


def test_workflow_knows_its_caller_and_no_secret(rest, issuer):
    token = issuer.token('red')
    workflow = """
    version: '2.0'
    who:
      output: {caller: <% $.openstack %>}
      tasks:
        nothing: {action: std.noop}
    """
    text = {'Content-Type': 'text/plain'}
    get(rest, token, '/workflows', method='POST', data=workflow, headers=text)
    body = {'workflow_name': 'who'}
    started = get(rest, token, '/executions', method='POST', json=body).json()

    def output():
        found = get(rest, token, f'/executions/{started["id"]}').json()
        return json.loads(found['output']).get('caller')

    caller = wait_for(output, 'output')
    assert (caller['project_id'], caller['user_id'], caller['user_name']) == ('red', 'f2b7', 'ada')
    assert caller['roles'] == ['member', 'offline_access']
    assert caller['auth_token'] == '***'


def test_new_key_is_fetched_and_unknown_ones_do_not_flood_keycloak(rest, issuer):
    assert get(rest, issuer.token('blue')).status_code == 200
    old, issuer.keys['blue'] = issuer.keys['blue'], Key()
    before = issuer.fetches('blue')
    assert get(rest, issuer.token('blue')).status_code == 200
    assert issuer.fetches('blue') == before + 1

    assert refusal(get(rest, issuer.token('blue', old)))
    for _ in range(5):
        assert refusal(get(rest, issuer.token('blue', Key())))
    assert issuer.fetches('blue') == before + 1


def test_keys_are_not_fetched_for_what_is_refused_anyway(rest, issuer):
    violet = {'iss': f'{issuer.url}/realms/violet'}
    for changes in ({'iss': 'http://evil.example/realms/violet'}, {**violet, 'exp': 1}):
        assert refusal(get(rest, issuer.token('red', **changes)))
    assert issuer.fetches('violet') == 0
    for _ in range(3):
        assert refusal(get(rest, issuer.token('red', **violet))) == "Keycloak has no realm 'violet'"
    assert issuer.fetches('violet') == 1


@pytest.fixture(scope='module')
def asking(issuer, tmp_path_factory):
    """A server that asks Keycloak about each token, and takes those for itself only."""
    asked = options(
        issuer,
        user_info_endpoint_url=f'{issuer.url}/realms/%s/protocol/openid-connect/userinfo',
        audience='mistral',
    )
    with running_server(tmp_path_factory.mktemp('asking'), options=asked) as server:
        yield server.rest


def test_keycloak_is_asked(asking, issuer):
    token = issuer.token('red', aud=['mistral', 'account'])
    assert get(asking, token).status_code == 200
    issuer.revoked.add(token)
    assert refusal(get(asking, token)) == 'Keycloak refuses the token (HTTP 401)'


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'exp': 1}, 'Token has expired'),
        ({'aud': 'somebody'}, 'Token is meant for somebody else (its audience)'),
        ({'aud': None}, 'Token is not valid: Token is missing the "aud" claim'),
        ({'iss': 'http://evil.example/realms/red'}, 'Token is of an issuer that is not accepted'),
    ],
)
def test_what_keycloak_is_not_even_asked_about(asking, issuer, changes, message):
    assert refusal(get(asking, issuer.token('red', **{'aud': 'mistral', **changes}))) == message


def test_forged_token_is_refused_by_keycloak(asking, issuer):
    token = issuer.token('red', Key(), aud='mistral')
    assert refusal(get(asking, token)) == 'Keycloak refuses the token (HTTP 401)'


def test_keycloak_that_is_away_is_nobodys_fault(asking, issuer, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(issuer, 'is_away', True)
        answer = get(asking, issuer.token('red', aud='mistral'))
    assert answer.status_code == 503
    assert "Can't connect to the keycloak server with address" in answer.json()['faultstring']
    assert get(asking, issuer.token('red', aud='mistral')).status_code == 200
