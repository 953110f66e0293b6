"""Keys of realms are fetched when that may help, and not more often."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from mistral.auth.realm_keys import RealmKeys
from mistral.exceptions import UnauthorizedException, UnavailableException


def public_key(id):
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key))
    return {**jwk, 'kid': id, 'use': 'sig', 'alg': 'ES256'}


class Keycloak:
    """Publishes the keys of one set for all realms but those of `unknown`; `now` is what the
    clock shows."""

    def __init__(self):
        self.now = 1000.0
        self.published = [public_key('a')]
        self.fetched = []
        self.unknown = set()

    def fetch(self, realm):
        self.fetched.append(realm)
        if realm in self.unknown:
            raise UnauthorizedException('no such realm')
        return {'keys': self.published}


@pytest.fixture
def keycloak():
    return Keycloak()


@pytest.fixture
def keys(keycloak):
    return RealmKeys(keycloak.fetch, lambda: keycloak.now)


def refuses(keys, realm, key_id):
    with pytest.raises(UnauthorizedException, match='does not have'):
        keys.find(realm, key_id)
    return True


def test_keys_are_fetched_once_for_a_realm(keys, keycloak):
    for realm in ('red', 'red', 'blue', 'red'):
        assert keys.find(realm, 'a').key_id == 'a'
    assert keycloak.fetched == ['red', 'blue']


def test_keys_do_not_live_for_ever(keys, keycloak):
    keys.find('red', 'a')
    keycloak.published = [public_key('b')]
    keycloak.now += 599
    keys.find('red', 'a')
    keycloak.now += 2
    assert refuses(keys, 'red', 'a')


def test_unknown_key_is_looked_for_at_once_and_then_every_ten_seconds(keys, keycloak):
    keys.find('red', 'a')
    assert refuses(keys, 'red', 'b')
    assert len(keycloak.fetched) == 2
    keycloak.published.append(public_key('b'))
    keycloak.now += 9
    assert refuses(keys, 'red', 'b')
    assert len(keycloak.fetched) == 2
    keycloak.now += 2
    assert keys.find('red', 'b').key_id == 'b'
    assert len(keycloak.fetched) == 3


def test_token_without_a_key_id_gets_the_only_key(keys, keycloak):
    assert keys.find('red', None).key_id == 'a'
    keycloak.published.append(public_key('b'))
    assert refuses(keys, 'blue', None)


@pytest.mark.parametrize(
    'entry',
    [
        {**public_key('b'), 'use': 'enc'},
        {'kty': 'oct', 'kid': 'b', 'k': 'c2VjcmV0'},
        {'kty': 'EC', 'kid': 'b'},
        {'kty': 'unheard of', 'kid': 'b'},
    ],
)
def test_what_is_no_key_for_signatures_is_left_out(keys, keycloak, entry):
    keycloak.published.append(entry)
    assert refuses(keys, 'red', 'b')
    assert keys.find('red', 'a').key_id == 'a'


@pytest.mark.parametrize('answer', [None, [], {}, {'keys': None}])
def test_no_keys(answer):
    assert refuses(RealmKeys(lambda realm: answer), 'red', 'a')


def test_few_realms_are_remembered(keys, keycloak):
    for number in range(40):
        keys.find(f'realm{number}', 'a')
    assert len(keys._realms) == 32


def test_a_realm_that_does_not_exist_is_asked_about_every_ten_seconds(keys, keycloak):
    keycloak.unknown = {'green'}
    for seconds in (0, 9, 2, 9):
        keycloak.now += seconds
        with pytest.raises(UnauthorizedException, match='no such realm'):
            keys.find('green', 'a')
    assert keycloak.fetched == ['green', 'green']
    keycloak.unknown.clear()
    keycloak.now += 2
    assert keys.find('green', 'a').key_id == 'a'


def test_made_up_realms_do_not_push_out_real_ones(keys, keycloak):
    real = [f'real{number}' for number in range(31)]
    for realm in real:
        keys.find(realm, 'a')
    keycloak.unknown = {f'made up {number}' for number in range(100)}
    for realm in keycloak.unknown:
        with pytest.raises(UnauthorizedException):
            keys.find(realm, 'a')
    assert len(keys._realms) < 2 * 32
    keycloak.fetched.clear()
    for realm in real:
        keys.find(realm, 'a')
    assert keycloak.fetched == []


def test_a_fetch_that_fails_is_repeated_and_leaves_nothing_behind(keycloak):
    def fetch(realm):
        raise UnavailableException('away')

    keys = RealmKeys(fetch, lambda: keycloak.now)
    for number in range(100):
        with pytest.raises(UnavailableException):
            keys.find(f'realm{number}', 'a')
    assert len(keys._realms) <= 32
    keys._fetch = keycloak.fetch
    assert keys.find('realm99', 'a').key_id == 'a'
