"""The WSGI application of the REST API."""

from typing import Any
from wsgiref.types import WSGIApplication

from pecan.core import ExplicitPecan

from mistral.api.controllers.root import RootController
from mistral.api.envelope import with_envelope
from mistral.api.hooks import (
    CallerHook,
    ErrorHook,
    MaintenanceHook,
    XmlBodyHook,
)
from mistral.api.requests import ApiRequest
from mistral.api.routing import Handler
from mistral.api.services import ApiServices
from mistral.api.settings import ApiSettings
from mistral.auth import AuthHandler
from mistral.exceptions import ConfigurationError
from mistral.services.maintenance import Maintenance

__all__ = ['ApiServices', 'ApiSettings', 'create_app']


class _Application(ExplicitPecan):
    """pecan without what makes it slow: for each request it would look into signatures, to walk
    the tree of controllers and to call them. Our controllers know their handlers, and handlers
    make their responses."""

    def route(self, req: ApiRequest, node: RootController, path: str) -> tuple[Handler, list[str]]:
        return node.find_handler(path.split('/')[1:], req)

    def invoke_controller(
        self, controller: Handler, args: list[Any], kwargs: dict[str, Any], state: Any
    ) -> None:
        state.response = controller(*args, **kwargs)


def create_app(services: ApiServices) -> WSGIApplication:
    """Build the application; raises ConfigurationError if it cannot authenticate anybody."""
    if services.settings.auth_enable and services.auth_handler is None:
        raise ConfigurationError(
            'Authentication is on ([pecan] auth_enable) but there is no plug-in for it; '
            'set [DEFAULT] auth_type, or turn authentication off.'
        )
    handler = services.auth_handler if services.settings.auth_enable else None
    maintenance = MaintenanceHook(Maintenance(services.database), services.settings.max_body_bytes)
    app: WSGIApplication = _Application(
        RootController(services),
        hooks=[
            XmlBodyHook(),
            ErrorHook(),
            CallerHook(handler, services.settings.cloud),
            maintenance,
        ],
        request_cls=ApiRequest,
        force_canonical=False,
        guess_content_type_from_ext=False,
    )
    if isinstance(handler, AuthHandler):
        app = handler.wrap(app)
    return with_envelope(app)
