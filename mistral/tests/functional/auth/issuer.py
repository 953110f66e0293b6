"""An issuer of OpenID Connect tokens that answers like Keycloak, with real keys."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mistral.tests.unit.utils.http_server import Answer, Received, Server, serve

BASE: Final = '/auth'


@dataclass
class Key:
    """A private key and the id under which its public part is published."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    private: rsa.RSAPrivateKey = field(
        default_factory=partial(rsa.generate_private_key, public_exponent=65537, key_size=2048)
    )

    @property
    def public(self) -> dict[str, Any]:
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**jwk, 'kid': self.id, 'use': 'sig', 'alg': 'RS256'}

    @property
    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


class Issuer:
    """Realms with a key each. `is_away` lets it answer nothing but errors."""

    def __init__(self, server: Server, realms: tuple[str, ...]) -> None:
        self._server = server
        self.url = server.url + BASE
        self.keys = {realm: Key() for realm in realms}
        self.is_away = False
        self.revoked: set[str] = set()
        for realm in realms:
            path = f'{BASE}/realms/{realm}/protocol/openid-connect'
            server.answers[f'{path}/certs'] = partial(self._certificates, realm)
            server.answers[f'{path}/userinfo'] = self._user_info

    def claims(self, realm: str, **changes: Any) -> dict[str, Any]:
        """What a token of the realm says; a claim that is None is left out."""
        now = int(time.time())
        usual = {
            'iss': f'{self.url}/realms/{realm}',
            'sub': 'f2b7',
            'typ': 'Bearer',
            'aud': 'account',
            'iat': now,
            'exp': now + 300,
            'preferred_username': 'ada',
            'realm_access': {'roles': ['member', 'offline_access']},
        }
        return {name: v for name, v in {**usual, **changes}.items() if v is not None}

    def token(self, realm: str, key: Key | None = None, **changes: Any) -> str:
        """A token signed with the realm's key, or with another one."""
        key = key or self.keys[realm]
        claims = self.claims(realm, **changes)
        return jwt.encode(claims, key.private, algorithm='RS256', headers={'kid': key.id})

    def fetches(self, realm: str) -> int:
        """How often the keys of a realm have been fetched."""
        path = f'{BASE}/realms/{realm}/protocol/openid-connect/certs'
        return sum(request.path == path for request in self._server.received)

    def _certificates(self, realm: str, request: Received) -> Answer:
        if self.is_away:
            return Answer(503)
        return _json({'keys': [self.keys[realm].public]})

    def _user_info(self, request: Received) -> Answer:
        if self.is_away:
            return Answer(503)
        token = request.headers.get('Authorization', '').removeprefix('Bearer ')
        for key in self.keys.values():
            try:
                claims = jwt.decode(token, key.public_pem, ['RS256'], options={'verify_aud': False})
            except jwt.PyJWTError:
                continue
            if token not in self.revoked:
                return _json({'sub': claims['sub']})
        return Answer(401)


def _json(data: Any) -> Answer:
    return Answer(body=json.dumps(data).encode(), headers={'Content-Type': 'application/json'})


@contextmanager
def running_issuer(*realms: str) -> Iterator[Issuer]:
    with serve() as server:
        yield Issuer(server, realms)
