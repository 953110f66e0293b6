"""Who may talk to the service: the plug-in interface behind `[DEFAULT] auth_type`."""

import abc
from typing import TYPE_CHECKING, Final

from mistral.exceptions import ConfigurationError
from mistral.utils.plugins import load_plugin

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    import webob
    from oslo_config import cfg

#: Entry points of authentication plug-ins.
NAMESPACE: Final = 'mistral.auth'

#: Where a handler that knows it leaves when the caller's token expires, in the WSGI environment:
#: a time in ISO form, in UTC.
EXPIRES_AT: Final = 'mistral.auth.expires_at'


class AuthHandler(abc.ABC):
    """An authentication plug-in; there is one instance per process, made without arguments.

    It is not asked about the open paths, nor when `[pecan] auth_enable` is off.
    """

    def configure(self, conf: 'cfg.ConfigOpts') -> None:  # noqa: B027 - not all need it
        """Read the configuration, once, before anything else.

        Raises ConfigurationError if nobody could be authenticated with it.
        """

    def wrap(self, app: 'WSGIApplication') -> 'WSGIApplication':
        """The application with the middleware that this plug-in needs in front of it, if any."""
        return app

    @abc.abstractmethod
    def authenticate(self, req: 'webob.Request') -> None:
        """Return to accept the request, raise to refuse it (UnauthorizedException or any other).

        UnavailableException says that it cannot be told at the moment who asks; the client is
        told to try again.

        A handler that accepts makes sure that the request's headers tell the verified identity:
        X-Identity-Status, X-Project-Id, X-User-Id, X-User-Name, X-Project-Name and X-Roles.
        """


def load_handler(conf: 'cfg.ConfigOpts') -> AuthHandler | None:
    """Make the plug-in that `[DEFAULT] auth_type` names; None if authentication is off.

    Raises ConfigurationError if it is not installed, or cannot work with its options.
    """
    if not conf.pecan.auth_enable:
        return None
    try:
        plugin = load_plugin(NAMESPACE, conf.auth_type, 'auth_type')
    except ConfigurationError as e:
        raise ConfigurationError(
            f'{e} Authentication is turned off by [pecan] auth_enable = False.'
        ) from e
    handler: AuthHandler = plugin()
    # Plug-ins for Mistral 23 may have nothing but `authenticate`.
    if isinstance(handler, AuthHandler):
        handler.configure(conf)
    return handler
