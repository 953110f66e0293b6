"""Trusts of Keystone: a user lets the service act in his name, without his token, until further
notice.

All methods raise UnavailableException if Keystone cannot be asked at the moment.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1.token_endpoint import Token
from keystoneclient.v3.client import Client
from oslo_config import cfg

from mistral.auth import service_user
from mistral.auth.identity import Cloud
from mistral.context import RequestContext
from mistral.exceptions import ConfigurationError, NotAllowedException, UnavailableException

LOG = logging.getLogger(__name__)

#: What the service user's own scope is made of; a token of a trust has that of the trust.
_SCOPE: Final = (
    'project_id', 'project_name', 'project_domain_id', 'project_domain_name', 'domain_id',
    'domain_name', 'system_scope',
)  # fmt: skip

_AWAY: Final = (
    ksa_exceptions.ConnectionError,
    ksa_exceptions.DiscoveryFailure,
    ksa_exceptions.HttpServerError,
    ksa_exceptions.CatalogException,
)


class Trusts:
    """Makes, uses and deletes trusts, whose trustee is the service user."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Raises ConfigurationError if there is no service user that could be trusted."""
        self._conf = conf
        self._cloud = Cloud.from_config(conf)
        self._service_user = service_user.auth_plugin(conf)
        self._url = service_user.identity_url(self._service_user)

    def create(self, caller: RequestContext) -> str:
        """Have a caller trust the service with all roles that his token has.

        Returns the id of the trust. Raises NotAllowedException if Keystone does not let him, which
        it does not for tokens that rest on a trust or an application credential themselves.
        """
        with _errors('Keystone does not let a trust be made for the trigger'):
            own_session = service_user.session(self._conf, self._service_user)
            trust = self._client(self._token_of(caller)).trusts.create(
                trustee_user=own_session.get_user_id(),
                trustor_user=caller.user_id,
                impersonation=True,
                role_names=list(caller.roles),
                project=caller.project_id,
            )
        return str(trust.id)

    def caller_of(self, trust_id: str, project_id: str) -> RequestContext:
        """Whoever has made the trust, with a new token for his project and no roles.

        Raises NotAllowedException if the trust does not hold any more.
        """
        plugin = self._plugin_for(trust_id)
        with _errors(f'Keystone gives no token for trust {trust_id}'):
            access = plugin.get_access(service_user.session(self._conf, None))
        return RequestContext(
            project_id=project_id,
            user_id=access.user_id,
            security={
                **self._cloud.security,
                'auth_token': access.auth_token,
                'expires_at': access.expires.isoformat(),
                'trust_id': trust_id,
                'is_trust_scoped': True,
                'is_target': False,
                'service_catalog': None,
                'region_name': None,
            },
        )

    def renewed(self, caller: RequestContext) -> RequestContext:
        """The same caller with a new token of the same trust."""
        fresh = self.caller_of(caller.security['trust_id'], caller.project_id)
        return replace(caller, security={**caller.security, **fresh.security})

    def delete(self, trust_id: str) -> None:
        """Delete a trust; one that is gone already is none of anybody's concern.

        Raises NotAllowedException if Keystone does not let the service do it.
        """
        try:
            with _errors('Keystone does not let the trust be deleted'):
                self._client(self._plugin_for(trust_id)).trusts.delete(trust_id)
        except _GoneError:
            LOG.debug('Trust %s is gone already', trust_id)

    def _plugin_for(self, trust_id: str) -> Any:
        """The service user in the name of whoever has made the trust."""
        no_scope = dict.fromkeys(_SCOPE)
        try:
            return service_user.auth_plugin(self._conf, trust_id=trust_id, **no_scope)
        except TypeError as e:
            raise ConfigurationError(
                'Trusts need a service user with a password: [keystone_authtoken] auth_type = '
                'password'
            ) from e

    def _token_of(self, caller: RequestContext) -> Token:
        return Token(self._url, caller.security.get('auth_token'))

    def _client(self, plugin: Any) -> Client:
        session = service_user.session(self._conf, plugin)
        return Client(session=session, endpoint_override=self._url)


class _GoneError(NotAllowedException):
    """There is no such trust."""


@contextmanager
def _errors(what: str) -> Iterator[None]:
    try:
        yield
    except _AWAY as e:
        LOG.warning('Keystone cannot be asked: %s', e)
        raise UnavailableException('Keystone cannot be asked at the moment.') from e
    except ksa_exceptions.NotFound as e:
        raise _GoneError(f'{what}: {e}') from e
    except ksa_exceptions.ClientException as e:
        raise NotAllowedException(f'{what}: {e}') from e


def trusts_from(conf: cfg.ConfigOpts) -> Trusts | None:
    """None where callers are not authenticated by Keystone."""
    if not conf.pecan.auth_enable or conf.auth_type != 'keystone':
        return None
    try:
        return Trusts(conf)
    except ConfigurationError as e:
        # The API does not start like that. Other processes may have a file of their own.
        LOG.warning('Nothing is done here in the name of those who have made a trigger: %s', e)
        return None
