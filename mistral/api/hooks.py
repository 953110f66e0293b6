"""What happens around every request: its id, who is asking, and how errors are answered."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pecan.hooks
import webob

from mistral.api import errors
from mistral.auth import AuthHandler
from mistral.context import DEFAULT_PROJECT, RequestContext
from mistral.exceptions import UnauthorizedException
from mistral.utils.ids import new_id

#: Paths that are served without a token, besides the health check.
OPEN_PATHS: Final = frozenset({'/', '/info', '/v2', '/v2/', '/workflowv2/', '/workflowv2/v2/'})

_REQUEST_ID: Final = 'mistral.request_id'


class RequestIdHook(pecan.hooks.PecanHook):
    """Gives each request an id that its answer and the log carry."""

    priority = 10

    def on_route(self, state: Any) -> None:
        state.request.environ[_REQUEST_ID] = f'req-{new_id()}'

    def after(self, state: Any) -> None:
        request_id = state.request.environ.get(_REQUEST_ID)
        if request_id:
            state.response.headers['X-Openstack-Request-Id'] = request_id


class XmlBodyHook(pecan.hooks.PecanHook):
    """Refuses XML before anything looks at it."""

    priority = 20

    def on_route(self, state: Any) -> None:
        content_type = state.request.content_type.lower()
        if content_type in {'text/xml', 'application/xml'} or content_type.endswith('+xml'):
            raise webob.exc.HTTPUnsupportedMediaType('XML request bodies are not supported.')


class ErrorHook(pecan.hooks.PecanHook):
    """Answers every error, foreseen or not, in the API's one shape."""

    priority = 30

    def on_error(self, state: Any, error: Exception) -> webob.Response:
        return errors.response_for(error, state.request.environ.get(_REQUEST_ID, ''))


class CallerHook(pecan.hooks.PecanHook):
    """Finds out who is asking and leaves it in `request.context['caller']`.

    Without a handler nobody is verified: all rows belong to one project, and the request's own
    `X-Roles` is believed. On open paths the caller is nobody.
    """

    priority = 40

    def __init__(self, handler: AuthHandler | None) -> None:
        super().__init__()
        self._handler = handler

    def on_route(self, state: Any) -> None:
        request = state.request
        if self._handler is None:
            caller = _trusted_caller(request.headers)
        elif request.path_info in OPEN_PATHS:
            caller = RequestContext(project_id='')
        else:
            caller = _verified_caller(self._handler, request)
        request.context['caller'] = replace(caller, request_id=request.environ[_REQUEST_ID])


def _trusted_caller(headers: Mapping[str, str]) -> RequestContext:
    roles = _roles(headers)
    return RequestContext(project_id=DEFAULT_PROJECT, roles=roles, is_admin='admin' in roles)


def _verified_caller(handler: AuthHandler, request: webob.Request) -> RequestContext:
    try:
        handler.authenticate(request)
    except Exception as error:  # whatever a plug-in raises refuses the request
        raise UnauthorizedException(f'Failed to validate access token: {error}') from error
    headers = request.headers
    roles = _roles(headers)
    return RequestContext(
        project_id=headers.get('X-Project-Id', ''),
        user_id=headers.get('X-User-Id'),
        user_name=headers.get('X-User-Name'),
        project_name=headers.get('X-Project-Name'),
        roles=roles,
        is_admin='admin' in roles,
    )


def _roles(headers: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(role.strip() for role in headers.get('X-Roles', '').split(',') if role.strip())
