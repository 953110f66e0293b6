"""Authentication by access tokens of Keycloak (OpenID Connect): `auth_type = keycloak-oidc`.

The realm is the project. A token is believed if a key of its realm has signed it, or if Keycloak
says so at its user info endpoint. Which host is asked is told by the configuration alone.
"""

import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import jwt
import requests
import webob
from oslo_config import cfg

from mistral.auth import EXPIRES_AT, AuthHandler
from mistral.auth.identity import IDENTITY_HEADERS
from mistral.auth.realm_keys import RealmKeys
from mistral.exceptions import ConfigurationError, UnauthorizedException, UnavailableException

LOG = logging.getLogger(__name__)

#: Signatures that need a private key. With HMAC the public key would be the secret.
_ALGORITHMS: Final = (
    'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA',
)  # fmt: skip

#: Seconds that clocks may differ.
_LEEWAY: Final = 5

#: Seconds that Keycloak has to answer.
_TIMEOUT: Final = 10

#: Names of realms; nothing that would mean something in a URL.
_REALM: Final = re.compile(r'[\w.~ -]+')


@dataclass(frozen=True, slots=True)
class KeycloakSettings:
    """`[keycloak_oidc]`. `issuer`, `user_info_url` and `certificates_url` may hold %s for the
    realm; without `user_info_url` signatures are checked here."""

    issuer: str
    certificates_url: str
    user_info_url: str | None = None
    audience: tuple[str, ...] = ()
    verify: bool | str = True
    client_certificate: tuple[str, str] | None = None

    @classmethod
    def from_config(cls, conf: cfg.ConfigOpts) -> Self:
        """Raises ConfigurationError if nobody could log in."""
        group = conf.keycloak_oidc
        base = (group.auth_url or '').rstrip('/')
        asks_keycloak = group.user_info_endpoint_url.startswith(('http://', 'https://'))
        if not base and not (asks_keycloak and group.keycloak_iss):
            raise ConfigurationError(
                '[keycloak_oidc] auth_url is not set; it is the base URL of Keycloak, such as '
                'https://host:8443/auth.'
            )
        return cls(
            issuer=group.keycloak_iss or f'{base}/realms/%s',
            certificates_url=base + group.public_cert_url,
            user_info_url=group.user_info_endpoint_url if asks_keycloak else None,
            audience=tuple(group.audience),
            verify=False if group.insecure else group.cafile or _system_authorities(),
            client_certificate=(
                (group.certfile, group.keyfile) if group.certfile and group.keyfile else None
            ),
        )


class KeycloakAuthHandler(AuthHandler):
    _settings: KeycloakSettings
    _keys: RealmKeys

    def configure(self, conf: cfg.ConfigOpts) -> None:
        self._settings = KeycloakSettings.from_config(conf)
        self._keys = RealmKeys(self._fetch_keys)

    def authenticate(self, req: webob.Request) -> None:
        token = req.headers.get('X-Auth-Token')
        if not token:
            raise UnauthorizedException("Auth token must be provided in 'X-Auth-Token' header.")
        header, claimed = _read(token)
        realm = _realm(claimed)
        # First what costs nothing: anybody can make Keycloak be asked about what gets through.
        claims = self._check_claims(token, realm)
        if self._settings.user_info_url is None:
            claims = self._check_signature(token, header, realm)
        else:
            self._ask_keycloak(token, realm, claims)
        if str(claims.get('typ', 'Bearer')).lower() != 'bearer':
            raise UnauthorizedException('Token is not an access token')
        _set_identity(req, realm, claims)

    def _check_signature(self, token: str, header: Mapping[str, Any], realm: str) -> dict[str, Any]:
        if header.get('alg') not in _ALGORITHMS:
            raise UnauthorizedException(
                f"Token is signed with algorithm '{header.get('alg')}', which is not accepted"
            )
        key = self._keys.find(realm, header.get('kid'))
        return self._check_claims(token, realm, key)

    def _check_claims(self, token: str, realm: str, key: jwt.PyJWK | None = None) -> dict[str, Any]:
        """The claims if they hold; without a key the signature is not checked."""
        settings = self._settings
        try:
            return jwt.decode(
                token,
                key or '',
                algorithms=_ALGORITHMS,
                issuer=_fill_in(settings.issuer, realm),
                audience=list(settings.audience) or None,
                leeway=_LEEWAY,
                options={
                    'verify_signature': key is not None,
                    'require': ['exp', 'iss'],
                    'verify_exp': True,
                    'verify_nbf': True,
                    'verify_iat': True,
                    'verify_iss': True,
                    'verify_aud': bool(settings.audience),
                },
            )
        except jwt.ExpiredSignatureError as e:
            raise UnauthorizedException('Token has expired') from e
        except jwt.InvalidIssuerError as e:
            LOG.info(
                'A token of another issuer than %s is refused; see [keycloak_oidc] keycloak_iss',
                _fill_in(settings.issuer, realm),
            )
            raise UnauthorizedException('Token is of an issuer that is not accepted') from e
        except jwt.InvalidAudienceError as e:
            raise UnauthorizedException('Token is meant for somebody else (its audience)') from e
        except jwt.PyJWTError as e:
            raise UnauthorizedException(f'Token is not valid: {e}') from e

    def _ask_keycloak(self, token: str, realm: str, claims: Mapping[str, Any]) -> None:
        """Have Keycloak check the token."""
        url = _fill_in(str(self._settings.user_info_url), realm)
        response = self._get(url, {'Authorization': f'Bearer {token}'})
        if response.status_code >= 500:
            raise _unreachable(url)
        if not response.ok:
            raise UnauthorizedException(f'Keycloak refuses the token (HTTP {response.status_code})')
        info = _json(response)
        if isinstance(info, dict) and info.get('sub', claims.get('sub')) != claims.get('sub'):
            raise UnauthorizedException('Keycloak knows the token as that of somebody else')

    def _fetch_keys(self, realm: str) -> Any:
        url = _fill_in(self._settings.certificates_url, realm)
        response = self._get(url, {})
        if response.status_code >= 500:
            raise _unreachable(url)
        if not response.ok:
            raise UnauthorizedException(f"Keycloak has no realm '{realm}'")
        return _json(response)

    def _get(self, url: str, headers: dict[str, str]) -> requests.Response:
        try:
            return requests.get(
                url,
                headers=headers,
                verify=self._settings.verify,
                cert=self._settings.client_certificate,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as e:
            LOG.warning('Keycloak does not answer at %s: %s', url, e)
            raise _unreachable(url) from e


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token, none of it verified."""
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={'verify_signature': False})
    except jwt.PyJWTError as e:
        raise UnauthorizedException(f"Token can't be decoded because of wrong format: {e}") from e
    return header, claims


def _realm(claims: Mapping[str, Any]) -> str:
    issuer = claims.get('iss')
    _, separator, realm = str(issuer).rpartition('/realms/')
    if not separator or not _REALM.fullmatch(realm) or realm in {'.', '..'}:
        raise UnauthorizedException('Token does not name its realm')
    return realm


def _fill_in(template: str, realm: str) -> str:
    return template.replace('%s', realm)


def _set_identity(req: webob.Request, realm: str, claims: Mapping[str, Any]) -> None:
    for name in IDENTITY_HEADERS:
        req.headers.pop(name, None)
    access = claims.get('realm_access')
    roles = access.get('roles', ()) if isinstance(access, dict) else ()
    # A comma would make two roles of one.
    names = [role for role in roles if isinstance(role, str) and ',' not in role]
    req.headers['X-Identity-Status'] = 'Confirmed'
    req.headers['X-Project-Id'] = realm
    req.headers['X-Project-Name'] = realm
    req.headers['X-Roles'] = ','.join(names)
    for header, claim in (('X-User-Id', 'sub'), ('X-User-Name', 'preferred_username')):
        if isinstance(claims.get(claim), str):
            req.headers[header] = claims[claim]
    expires_at = datetime.fromtimestamp(int(claims['exp']), UTC)
    req.environ[EXPIRES_AT] = expires_at.strftime('%Y-%m-%dT%H:%M:%SZ')


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError as e:
        LOG.warning('Keycloak does not answer JSON at %s', response.url)
        raise _unreachable(response.url) from e


def _unreachable(url: str) -> UnavailableException:
    return UnavailableException(f"Can't connect to the keycloak server with address '{url}'.")


def _system_authorities() -> bool | str:
    """The system's certificates of authorities, else those that come with requests."""
    paths = ssl.get_default_verify_paths()
    candidates = (paths.cafile, paths.openssl_cafile, '/etc/ssl/certs/ca-certificates.crt')
    return next((path for path in candidates if path and Path(path).is_file()), True)
