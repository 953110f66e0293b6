"""Options of authentication: `[keycloak_oidc]`, `[keystone_authtoken]`, `[keystone]`,
`[credentials]`."""

from collections.abc import Mapping, Sequence
from typing import Final

from keystoneauth1 import loading
from keystonemiddleware import opts as keystonemiddleware_opts
from oslo_config import cfg

_KEYCLOAK: Final = (
    cfg.StrOpt('auth_url', help='Base URL of Keycloak, such as https://host:8443/auth.'),
    cfg.StrOpt('certfile', help='Certificate to show to Keycloak; used along with keyfile only.'),
    cfg.StrOpt('keyfile', help='Private key of certfile.'),
    cfg.StrOpt(
        'cafile',
        help="Certificates of the authorities that may vouch for Keycloak; the system's if unset.",
    ),
    cfg.BoolOpt('insecure', default=False, help="Do not check Keycloak's certificate."),
    cfg.StrOpt(
        'user_info_endpoint_url',
        default='/realms/%s/protocol/openid-connect/userinfo',
        help='Where Keycloak tells about the owner of a token. An absolute http(s) URL is asked '
        'with each token; with a relative one the signature is checked here instead. %s stands '
        'for the realm.',
    ),
    cfg.StrOpt(
        'public_cert_url',
        default='/realms/%s/protocol/openid-connect/certs',
        help='Where Keycloak publishes its keys: appended to auth_url, %s stands for the realm.',
    ),
    cfg.StrOpt(
        'keycloak_iss',
        help='Issuer that tokens must name; %s in it stands for the realm. If unset, '
        'auth_url/realms/%s.',
    ),
    cfg.ListOpt(
        'audience',
        default=[],
        help='Tokens must be meant for one of these (their "aud"); if empty, for anybody.',
    ),
)

#: Names of old configuration files; plug-ins read them, too.
_LEGACY_SERVICE_USER: Final = (
    cfg.StrOpt(
        'admin_user',
        help='Name of the service user. Only used if auth_type is unset; new files say username.',
    ),
    cfg.StrOpt(
        'admin_password',
        secret=True,
        help='Password of admin_user. Only used if auth_type is unset.',
    ),
    cfg.StrOpt(
        'admin_tenant_name',
        default='admin',
        help='Project of admin_user. Only used if auth_type is unset.',
    ),
)

_CREDENTIALS: Final = (
    cfg.ListOpt(
        'encryption_keys',
        default=[],
        secret=True,
        help='Pass phrases that encrypt the tokens of callers in the database while their '
        'workflows run. The first one encrypts, all of them decrypt, so that a new one can be put '
        'in front. All engines need the same. If empty, the password of [keystone_authtoken] is '
        'taken; if there is none either, tokens are stored as they are.',
    ),
)

OPTIONS: Final[Mapping[str, Sequence[cfg.Opt]]] = {
    'keycloak_oidc': _KEYCLOAK,
    'keystone': tuple(loading.get_session_conf_options()),
    'keystone_authtoken': _LEGACY_SERVICE_USER,
    'credentials': _CREDENTIALS,
}


def register_middleware(conf: cfg.ConfigOpts) -> None:
    """Make the options of keystonemiddleware readable; plug-ins need them in every process."""
    for group, options in keystonemiddleware_opts.list_auth_token_opts():
        conf.register_opts(options, group)
