"""Who may talk to the service: the plug-in interface behind `[DEFAULT] auth_type`."""

import abc
from typing import TYPE_CHECKING, Final

from mistral.exceptions import ConfigurationError
from mistral.utils.plugins import load_plugins

if TYPE_CHECKING:
    import webob

#: Entry points of authentication plug-ins.
NAMESPACE: Final = 'mistral.auth'


class AuthHandler(abc.ABC):
    """An authentication plug-in; there is one instance per process.

    It is not asked about the open paths, nor when `[pecan] auth_enable` is off.
    """

    @abc.abstractmethod
    def authenticate(self, req: 'webob.Request') -> None:
        """Return to accept the request, raise to refuse it (UnauthorizedException or any other).

        A handler that accepts makes sure that the request's headers tell the verified identity:
        X-Identity-Status, X-Project-Id, X-User-Id, X-User-Name, X-Project-Name and X-Roles.
        """


def load_handler(name: str) -> AuthHandler:
    """Make the plug-in of that name.

    Raises ConfigurationError if it is not installed.
    """
    plugins = dict(load_plugins(NAMESPACE))
    if name not in plugins:
        raise ConfigurationError(
            f"There is no authentication plug-in '{name}' ([DEFAULT] auth_type). Installed: "
            f'{", ".join(sorted(plugins)) or "none"}. Authentication is turned off by '
            '[pecan] auth_enable = False.'
        )
    handler: AuthHandler = plugins[name]()
    return handler
