"""Authentication by tokens of Keystone: `auth_type = keystone`."""

import logging
from typing import Any, Final
from wsgiref.types import WSGIApplication

import webob
from keystoneauth1 import exceptions as ksa_exceptions
from keystonemiddleware import auth_token
from oslo_config import cfg

from mistral.auth import AuthHandler, service_user
from mistral.exceptions import UnauthorizedException, UnavailableException

LOG = logging.getLogger(__name__)

_CONFIRMED: Final = 'Confirmed'

#: Set in the WSGI environment if Keystone could not be asked about a token.
_IS_AWAY: Final = 'mistral.auth.keystone_is_away'

#: Where keystonemiddleware leaves what it has found; no header can bring it.
_FINDINGS: Final = 'keystone.token_auth'

_UNREACHABLE: Final = (
    ksa_exceptions.ConnectFailure,
    ksa_exceptions.DiscoveryFailure,
    ksa_exceptions.RequestTimeout,
    auth_token.ServiceError,
)


class KeystoneAuthHandler(AuthHandler):
    """Lets keystonemiddleware look at the tokens, and decides by what it has found.

    A request of another service may bring that service's token beside its user's, or alone: then
    the service asks for itself.
    """

    _conf: cfg.ConfigOpts

    def configure(self, conf: cfg.ConfigOpts) -> None:
        service_user.auth_plugin(conf)
        self._conf = conf

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        return _TokenMiddleware(app, self._conf)

    def authenticate(self, req: webob.Request) -> None:
        headers = req.headers
        is_asked = req.environ.get(_FINDINGS) is not None
        if is_asked and headers.get('X-Identity-Status') == _CONFIRMED:
            _require_project(headers)
            return
        if is_asked and headers.get('X-Service-Identity-Status') == _CONFIRMED:
            _take_service_for_user(headers)
            _require_project(headers)
            return
        if req.environ.get(_IS_AWAY):
            raise UnavailableException('Keystone cannot be asked about the token at the moment.')
        raise UnauthorizedException(
            'Auth token is invalid' if headers.get('X-Auth-Token') else 'Authentication required'
        )


class _TokenMiddleware(auth_token.AuthProtocol):
    """keystonemiddleware, which marks requests and refuses none.

    By itself it takes a token that Keystone cannot be asked about for an invalid one.
    """

    def __init__(self, app: WSGIApplication, conf: cfg.ConfigOpts) -> None:
        self._whole_conf = conf
        super().__init__(app, {'oslo_config_config': conf, 'delay_auth_decision': True})
        if not conf.keystone_authtoken.www_authenticate_uri:
            # Else each refusal would ask Keystone where it is.
            self._www_authenticate_uri: str = self._auth.auth_url

    def _create_auth_plugin(self) -> Any:
        return service_user.auth_plugin(self._whole_conf)

    def process_request(self, request: webob.Request) -> webob.Response | None:
        try:
            return super().process_request(request)
        except _KeystoneIsAwayError:
            request.environ[_IS_AWAY] = True
            request.headers['X-Identity-Status'] = 'Invalid'
            return None

    def fetch_token(self, token: str, allow_expired: bool = False) -> Any:
        try:
            return super().fetch_token(token, allow_expired=allow_expired)
        except auth_token.InvalidToken as e:
            if isinstance(e.__context__, _UNREACHABLE):
                raise _KeystoneIsAwayError from e
            raise
        except ksa_exceptions.CatalogException as e:
            LOG.error(
                'Keystone is not in its own catalog, see [keystone_authtoken] interface: %s', e
            )
            raise _KeystoneIsAwayError from e


class _KeystoneIsAwayError(Exception):
    """Whether a token is good cannot be told."""


def _take_service_for_user(headers: Any) -> None:
    for name in ('User-Id', 'User-Name', 'User-Domain-Id', 'User-Domain-Name', 'Project-Id',
                 'Project-Name', 'Project-Domain-Id', 'Project-Domain-Name', 'Roles'):  # fmt: skip
        headers[f'X-{name}'] = headers.get(f'X-Service-{name}', '')
    headers['X-Auth-Token'] = headers.get('X-Service-Token', '')


def _require_project(headers: Any) -> None:
    """Callers without a project would share what belongs to none of them."""
    roles = {role.strip() for role in headers.get('X-Roles', '').split(',')}
    if not headers.get('X-Project-Id') and 'admin' not in roles:
        raise UnauthorizedException('The token is not scoped to a project')
