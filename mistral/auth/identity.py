"""From a request that has been authenticated to its caller, with what OpenStack actions need.

The headers and their meaning are those of keystonemiddleware; other plug-ins set the same ones.
`X-Target-*` headers name another cloud for actions. They concern nothing but actions: whose rows
a caller sees is told by the verified headers alone.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from oslo_config import cfg

from mistral.auth import EXPIRES_AT
from mistral.context import DEFAULT_PROJECT, RequestContext
from mistral.exceptions import InputException

#: Headers that say who asks. Whoever sends them himself says nothing with that.
IDENTITY_HEADERS: Final = (
    *(
        f'X-{prefix}{name}'
        for prefix in ('', 'Service-')
        for name in (
            'Identity-Status', 'Roles', 'User-Id', 'User-Name', 'User-Domain-Id',
            'User-Domain-Name', 'Project-Id', 'Project-Name', 'Project-Domain-Id',
            'Project-Domain-Name', 'Domain-Id', 'Domain-Name',
        )
    ),
    'X-Service-Catalog', 'X-Is-Admin-Project', 'OpenStack-System-Scope', 'X-User', 'X-Tenant',
    'X-Tenant-Id', 'X-Tenant-Name', 'X-Role',
)  # fmt: skip

#: Names of the security context by the header that they are taken from.
_DOMAINS: Final = {
    'user_domain_id': 'X-User-Domain-Id',
    'user_domain_name': 'X-User-Domain-Name',
    'project_domain_id': 'X-Project-Domain-Id',
    'project_domain_name': 'X-Project-Domain-Name',
    'domain_id': 'X-Domain-Id',
    'domain_name': 'X-Domain-Name',
    'system_scope': 'OpenStack-System-Scope',
}

_TARGET: Final = 'X-Target-'


@dataclass(frozen=True, slots=True)
class Cloud:
    """The cloud of the service itself, for actions: `[keystone_authtoken]`."""

    auth_uri: str | None = None
    cafile: str | None = None
    insecure: bool = False

    @classmethod
    def from_config(cls, conf: cfg.ConfigOpts) -> Self:
        group = conf.keystone_authtoken
        return cls(group.www_authenticate_uri or None, group.cafile or None, bool(group.insecure))

    @property
    def security(self) -> dict[str, Any]:
        return {
            'auth_uri': self.auth_uri,
            'auth_cacert': self.cafile,
            'insecure': self.insecure,
        }


def verified_caller(
    headers: Mapping[str, str], environ: Mapping[str, Any], cloud: Cloud
) -> RequestContext:
    """The caller whom an authentication plug-in has accepted.

    Raises InputException for headers about a target cloud that make no sense.
    """
    roles = _roles(headers)
    found = (environ.get('keystone.token_info') or {}).get('token') or {}
    # What Keystone tells about the token, without what keystonemiddleware adds.
    token = {name: value for name, value in found.items() if name not in {'auth_token', 'version'}}
    security = {
        **cloud.security,
        **{name: headers.get(header) for name, header in _DOMAINS.items()},
        'auth_token': headers.get('X-Auth-Token'),
        'service_catalog': token or None,
        'expires_at': token.get('expires_at') or environ.get(EXPIRES_AT),
        'region_name': headers.get('X-Region-Name'),
        'trust_id': None,
        'is_trust_scoped': False,
        'is_target': False,
    }
    return RequestContext(
        project_id=headers.get('X-Project-Id', ''),
        user_id=headers.get('X-User-Id'),
        user_name=headers.get('X-User-Name'),
        project_name=headers.get('X-Project-Name'),
        roles=roles,
        is_admin='admin' in roles,
        security={**security, **_target(headers)},
    )


def trusted_caller(headers: Mapping[str, str]) -> RequestContext:
    """The caller while authentication is off: roles are believed, nothing else is.

    Raises InputException as `verified_caller` does.
    """
    roles = _roles(headers)
    return RequestContext(
        project_id=DEFAULT_PROJECT,
        roles=roles,
        is_admin='admin' in roles,
        security=_target(headers),
    )


def _roles(headers: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(role.strip() for role in headers.get('X-Roles', '').split(',') if role.strip())


def _target(headers: Mapping[str, str]) -> dict[str, Any]:
    """What the security context gets from another cloud that a request names."""
    uri = headers.get(f'{_TARGET}Auth-Uri')
    if not uri:
        return {}
    token = headers.get(f'{_TARGET}Auth-Token')
    if not token:
        raise InputException(
            'Target auth URI (X-Target-Auth-Uri) target auth token (X-Target-Auth-Token) must be '
            'present'
        )
    return {
        'is_target': True,
        'auth_uri': uri,
        'auth_token': token,
        'auth_cacert': None,
        'expires_at': None,
        'project_id': headers.get(f'{_TARGET}Project-Id'),
        'project_name': None,
        'user_id': headers.get(f'{_TARGET}User-Id'),
        'user_name': headers.get(f'{_TARGET}User-Name'),
        'region_name': headers.get(f'{_TARGET}Region-Name'),
        'insecure': _target_insecure(headers),
        'service_catalog': _target_catalog(headers),
    }


def _target_insecure(headers: Mapping[str, str]) -> bool:
    text = headers.get(f'{_TARGET}Insecure') or 'False'
    if text not in {'True', 'False'}:
        raise InputException(
            'X-Target-Insecure must be either "True", "False" or not provided. The default is '
            '"False".'
        )
    return text == 'True'


def _target_catalog(headers: Mapping[str, str]) -> Any:
    text = headers.get(f'{_TARGET}Service-Catalog')
    if not text:
        return None
    try:
        return json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as e:
        raise InputException('X-Target-Service-Catalog must be JSON encoded in base64.') from e
