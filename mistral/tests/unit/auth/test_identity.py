"""From headers to callers."""

import base64
import json

import pytest

from mistral.auth.identity import Cloud, trusted_caller, verified_caller
from mistral.context import DEFAULT_PROJECT, shown_to_workflows
from mistral.exceptions import InputException

CLOUD = Cloud('http://keystone/v3', '/ca.pem', insecure=False)

HEADERS = {
    'X-Auth-Token': 'secret',
    'X-Project-Id': 'p',
    'X-Project-Name': 'project',
    'X-User-Id': 'u',
    'X-User-Name': 'user',
    'X-Roles': 'member, reader',
    'X-User-Domain-Id': 'default',
    'X-Region-Name': 'here',
}

TOKEN = {'expires_at': '2030-01-01T00:00:00.000000Z', 'catalog': [{'type': 'compute'}]}
ENVIRON = {'keystone.token_info': {'token': {**TOKEN, 'auth_token': 'secret', 'version': 'v3'}}}

TARGET = {
    'X-Target-Auth-Uri': 'http://elsewhere',
    'X-Target-Auth-Token': 'other secret',
    'X-Target-Project-Id': 'q',
    'X-Target-User-Id': 'v',
    'X-Target-User-Name': 'other',
    'X-Target-Region-Name': 'there',
    'X-Target-Service-Catalog': base64.b64encode(b'{"catalog": []}').decode(),
    'X-Target-Insecure': 'True',
}


def test_verified():
    caller = verified_caller(HEADERS, ENVIRON, CLOUD)
    assert (caller.project_id, caller.project_name) == ('p', 'project')
    assert (caller.user_id, caller.user_name) == ('u', 'user')
    assert (caller.roles, caller.is_admin) == (('member', 'reader'), False)
    expected = {
        'auth_token': 'secret',
        'auth_uri': 'http://keystone/v3',
        'auth_cacert': '/ca.pem',
        'insecure': False,
        'region_name': 'here',
        'service_catalog': TOKEN,
        'expires_at': TOKEN['expires_at'],
        'user_domain_id': 'default',
        'trust_id': None,
        'is_trust_scoped': False,
        'is_target': False,
    }
    assert caller.security.items() >= expected.items()


@pytest.mark.parametrize(
    ('roles', 'is_admin'),
    [('admin', True), ('member,admin', True), ('Admin', False), ('sysadmin', False), ('', False)],
)
def test_administrator(roles, is_admin):
    assert verified_caller({**HEADERS, 'X-Roles': roles}, {}, CLOUD).is_admin is is_admin
    assert trusted_caller({'X-Roles': roles}).is_admin is is_admin


def test_secrets_are_not_shown():
    caller = verified_caller(HEADERS, ENVIRON, CLOUD)
    assert 'secret' not in repr(caller)
    shown = shown_to_workflows(caller)
    assert 'secret' not in json.dumps(shown)
    assert (shown['auth_token'], shown['service_catalog']) == ('***', '***')
    assert (shown['project_id'], shown['user'], shown['user_id']) == ('p', 'u', 'u')


def test_without_authentication_nothing_is_believed_but_roles():
    caller = trusted_caller(HEADERS)
    assert caller.project_id == DEFAULT_PROJECT
    assert (caller.user_id, caller.security) == (None, {})
    assert shown_to_workflows(caller) is None


@pytest.mark.parametrize('is_verified', [True, False])
def test_target_cloud_is_for_actions_only(is_verified):
    if is_verified:
        caller = verified_caller({**HEADERS, **TARGET}, ENVIRON, CLOUD)
        assert (caller.project_id, caller.user_id) == ('p', 'u')
    else:
        caller = trusted_caller({**HEADERS, **TARGET})
        assert (caller.project_id, caller.user_id) == (DEFAULT_PROJECT, None)
    expected = {
        'is_target': True,
        'auth_uri': 'http://elsewhere',
        'auth_token': 'other secret',
        'auth_cacert': None,
        'insecure': True,
        'project_id': 'q',
        'user_id': 'v',
        'user_name': 'other',
        'region_name': 'there',
        'service_catalog': {'catalog': []},
    }
    assert caller.security.items() >= expected.items()


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'X-Target-Auth-Token': ''}, 'must be present'),
        ({'X-Target-Insecure': 'true'}, 'must be either "True", "False" or not provided'),
        ({'X-Target-Service-Catalog': 'e30'}, 'JSON encoded in base64'),
        ({'X-Target-Service-Catalog': 'bm8='}, 'JSON encoded in base64'),
    ],
)
def test_target_that_makes_no_sense(changes, message):
    with pytest.raises(InputException, match=message):
        verified_caller({**HEADERS, **TARGET, **changes}, {}, CLOUD)


def test_other_target_headers_alone_mean_nothing():
    headers = {**HEADERS, 'X-Target-Project-Id': 'q', 'X-Target-Insecure': 'nonsense'}
    assert verified_caller(headers, {}, CLOUD).security['is_target'] is False
