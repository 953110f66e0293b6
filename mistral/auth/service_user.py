"""The service user of `[keystone_authtoken]`: who Mistral itself is at Keystone."""

from typing import Any, Final

from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import loading
from keystoneauth1.identity import v3
from keystoneauth1.session import Session
from oslo_config import cfg

from mistral.exceptions import ConfigurationError

_GROUP: Final = 'keystone_authtoken'

#: Seconds that Keystone has to answer if `[keystone] timeout` does not say.
_TIMEOUT: Final = 30


def auth_plugin(conf: cfg.ConfigOpts, **overrides: Any) -> Any:
    """How the service user logs in, as a plug-in of keystoneauth1.

    :param overrides: options of the plug-in that are to have another value.
    :raises ConfigurationError: if `[keystone_authtoken]` is not complete.
    """
    # The section that auth_section names is known from here on.
    loading.register_auth_conf_options(conf, _GROUP)
    group = conf[_GROUP]
    if not (group.auth_section or group.auth_type) and group.admin_user:
        return _legacy_plugin(conf, **overrides)
    try:
        plugin = loading.load_auth_from_conf_options(conf, _GROUP, **overrides)
    except ksa_exceptions.AuthPluginException as e:
        raise ConfigurationError(f'[{_GROUP}] cannot be used: {e}') from e
    if plugin is None:
        raise ConfigurationError(
            f'Authentication by Keystone needs a service user: set [{_GROUP}] auth_type, auth_url, '
            'username, password, project_name, user_domain_name and project_domain_name. '
            'Authentication is turned off by [pecan] auth_enable = False.'
        )
    return plugin


def session(conf: cfg.ConfigOpts, auth: Any) -> Session:
    """A session by the options of `[keystone]`, and where these are silent by those of
    `[keystone_authtoken]`."""
    given, fallback = conf.keystone, conf[_GROUP]
    return loading.load_session_from_conf_options(
        conf,
        'keystone',
        auth=auth,
        insecure=given.insecure or fallback.insecure,
        cacert=given.cafile or fallback.cafile,
        cert=given.certfile or fallback.certfile,
        key=given.keyfile or fallback.keyfile,
        timeout=given.timeout or _TIMEOUT,
    )


def identity_url(plugin: Any) -> str:
    """The URL of version 3 of Keystone's API, by the service user's plug-in."""
    url = str(plugin.auth_url).rstrip('/').removesuffix('/v2.0')
    return url if url.endswith('/v3') else f'{url}/v3'


def secret(conf: cfg.ConfigOpts) -> str | None:
    """What the service user proves its identity with; None if there is no service user."""
    try:
        auth_plugin(conf)
    except ConfigurationError:
        return None
    section = conf[conf[_GROUP].auth_section or _GROUP]
    names = ('password', 'application_credential_secret', 'admin_password')
    # Which of them there are depends on the type.
    values = (getattr(section, name, None) for name in names)
    return next((str(value) for value in values if value), None)


def _legacy_plugin(conf: cfg.ConfigOpts, **overrides: Any) -> Any:
    """The service user of files from before keystoneauth1."""
    group = conf[_GROUP]
    if not group.www_authenticate_uri:
        raise ConfigurationError(f'[{_GROUP}] admin_user needs www_authenticate_uri.')
    url = group.www_authenticate_uri.rstrip('/').removesuffix('/v2.0').removesuffix('/v3')
    options: dict[str, Any] = {
        'auth_url': f'{url}/v3',
        'username': group.admin_user,
        'password': group.admin_password,
        'project_name': group.admin_tenant_name,
        'user_domain_id': 'default',
        'project_domain_id': 'default',
        **overrides,
    }
    return v3.Password(**options)
