"""The top of the tree of URLs: versions, service information, maintenance."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import webob.exc

from mistral.api.answers import TEXT, Other, array_of, json_object
from mistral.api.controllers.description import DescriptionController
from mistral.api.controllers.maintenance import MaintenanceController
from mistral.api.controllers.v2.root import V2Controller
from mistral.api.exposure import expose
from mistral.api.openapi import Description
from mistral.api.requests import ApiRequest, Call
from mistral.api.routing import Fork, Handler, Route, path_of
from mistral.api.services import ApiServices
from mistral.exceptions import InfoEndpointNotAvailableException

_LINK: Final = json_object({'href': TEXT, 'target': TEXT, 'rel': TEXT})
_VERSION: Final = json_object({'id': TEXT, 'status': TEXT, 'links': array_of(_LINK)})
_VERSIONS: Final = Other(json_object({'versions': array_of(_VERSION)}))


class RootController:
    def __init__(self, services: ApiServices) -> None:
        self.services = services
        self._description = DescriptionController(services, self.routes)
        self._tree = Fork(
            {'GET': self.index},
            {
                'info': Fork({'GET': self.info}),
                'maintenance': MaintenanceController(services),
                'v2': V2Controller(services).tree(self._description),
            },
        )

    def find_handler(self, segments: list[str], request: ApiRequest) -> tuple[Handler, list[str]]:
        """The handler of a request and its path arguments.

        Raises HTTPNotFound, HTTPMethodNotAllowed, or HTTPFound for a redirection.
        """
        if segments == ['v2']:
            raise webob.exc.HTTPFound(location=f'{request.root_url}/v2/')
        return self._tree.find_handler(path_of(segments), request.method)

    def routes(self) -> Iterator[Route]:
        """All that `find_handler` may find."""
        return self._tree.routes()

    @property
    def description(self) -> Description:
        return self._description.description

    @expose(None, answer=_VERSIONS)
    def index(self, call: Call) -> dict[str, Any]:
        """The versions of the API."""
        link = {'href': f'{call.request.root_url}/v2', 'target': 'v2', 'rel': 'self'}
        return {'versions': [{'id': 'v2.0', 'status': 'CURRENT', 'links': [link]}]}

    @expose(None, ignore_unknown=True, answer=Other({}))
    def info(self, _call: Call) -> Any:
        """What the operator tells about the service."""
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
