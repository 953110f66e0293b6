"""The top of the tree of URLs: versions, service information, maintenance."""

import json
from pathlib import Path
from typing import Any

import webob.exc

from mistral.api.controllers.maintenance import MaintenanceController
from mistral.api.controllers.v2.root import V2Controller
from mistral.api.exposure import expose
from mistral.api.requests import ApiRequest, Call
from mistral.api.routing import Handler, method_not_allowed, not_found, path_of
from mistral.api.services import ApiServices
from mistral.exceptions import InfoEndpointNotAvailableException


class RootController:
    def __init__(self, services: ApiServices) -> None:
        self.services = services
        self._v2 = V2Controller(services)
        self._maintenance = MaintenanceController(services)

    def find_handler(self, segments: list[str], request: ApiRequest) -> tuple[Handler, list[str]]:
        """The handler of a request and its path arguments.

        Raises HTTPNotFound, HTTPMethodNotAllowed, or HTTPFound for a redirection.
        """
        if segments == ['v2']:
            raise webob.exc.HTTPFound(location=f'{request.root_url}/v2/')
        match path_of(segments):
            case []:
                return _only_get(request, self.index), []
            case ['info']:
                return _only_get(request, self.info), []
            case ['maintenance', *path]:
                return self._maintenance.find_handler(path, request.method)
            case ['v2', *path]:
                return self._v2.find_handler(path, request.method)
        raise not_found()

    @expose(None)
    def index(self, call: Call) -> dict[str, Any]:
        link = {'href': f'{call.request.root_url}/v2', 'target': 'v2', 'rel': 'self'}
        return {'versions': [{'id': 'v2.0', 'status': 'CURRENT', 'links': [link]}]}

    @expose(None, ignore_unknown=True)
    def info(self, _call: Call) -> Any:
        settings = self.services.settings
        if not settings.enable_info_endpoint:
            raise InfoEndpointNotAvailableException
        try:
            return json.loads(Path(settings.info_json_file_path).read_text(encoding='utf-8'))
        except OSError:
            raise InfoEndpointNotAvailableException('Incorrect path to info json file.') from None
        except ValueError as error:
            raise InfoEndpointNotAvailableException(
                f'The info json file is not valid JSON: {error}'
            ) from None


def _only_get(request: ApiRequest, handler: Handler) -> Handler:
    if request.method != 'GET':
        raise method_not_allowed(request.method, {'GET': handler})
    return handler
