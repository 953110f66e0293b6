"""`/v2/openapi.json` and `/v2/docs`: the description of the API, for machines and for people."""

import functools
from collections.abc import Callable, Iterator
from typing import Final

import webob

from mistral.api.answers import HTML, TEXT, Other
from mistral.api.exposure import expose
from mistral.api.hooks import OPEN_PATHS
from mistral.api.openapi import CONTENT_SECURITY_POLICY, Description, render_page
from mistral.api.requests import Call
from mistral.api.routing import Fork, Route
from mistral.api.services import ApiServices
from mistral.config.loading import service_version

_ANY_OBJECT: Final = {'type': 'object'}


class DescriptionController:
    def __init__(self, services: ApiServices, routes: Callable[[], Iterator[Route]]) -> None:
        """`routes` tells all URLs of the API; it is called once, when somebody asks."""
        self.services = services
        self._routes = routes

    def forks(self) -> dict[str, Fork]:
        return {
            'openapi.json': Fork({'GET': self.document}),
            'docs': Fork({'GET': self.page}),
        }

    @expose(None, ignore_unknown=True, answer=Other(_ANY_OBJECT))
    def document(self, call: Call) -> webob.Response:
        """This document."""
        text = self.description.text(call.request.root_url)
        return webob.Response(body=text.encode('ascii'), content_type='application/json')

    @expose(None, ignore_unknown=True, answer=Other(TEXT, HTML))
    def page(self, call: Call) -> webob.Response:
        """The API as a page to read."""
        page = render_page(self.description.document(call.request.root_url))
        response = webob.Response(text=page, content_type=HTML, charset='utf-8')
        response.headers['Content-Security-Policy'] = CONTENT_SECURITY_POLICY
        return response

    @functools.cached_property
    def description(self) -> Description:
        return Description(
            list(self._routes()),
            open_paths=OPEN_PATHS,
            needs_token=self.services.settings.auth_enable,
            version=service_version(),
        )
