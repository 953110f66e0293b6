"""What happens around every request: its id, who is asking, whether there is maintenance, and how
errors are answered."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pecan.hooks
import webob
import webob.exc

from mistral import states
from mistral.api import errors
from mistral.api.requests import ApiRequest
from mistral.api.types import parse_json
from mistral.auth import AuthHandler
from mistral.context import DEFAULT_PROJECT, RequestContext
from mistral.db.store.maintenance import PAUSING, RUNNING
from mistral.exceptions import UnauthorizedException
from mistral.services.maintenance import Maintenance
from mistral.utils.ids import new_id

#: Paths that are served without a token, besides the health check.
OPEN_PATHS: Final = frozenset({'/', '/info', '/v2', '/v2/', '/workflowv2/', '/workflowv2/v2/'})

#: Paths that are served while there is maintenance, with any method.
_ALWAYS_SERVED: Final = frozenset({'/', '/v2', '/v2/', '/health', '/maintenance', '/maintenance/'})

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


class MaintenanceHook(pecan.hooks.PecanHook):
    """Refuses what would change something while the service is paused, or about to be.

    Asynchronous actions may still end as long as others do, and executions can always be cancelled.
    """

    priority = 50

    def __init__(self, maintenance: Maintenance, max_body_bytes: int) -> None:
        super().__init__()
        self._maintenance = maintenance
        self._max_body_bytes = max_body_bytes

    def on_route(self, state: Any) -> None:
        request = state.request
        if request.method == 'GET' or request.path_info in _ALWAYS_SERVED:
            return
        status = self._maintenance.status()
        if status == RUNNING:
            return
        is_result = request.path_info.startswith('/v2/action_executions/')
        if request.method == 'PUT' and (
            (is_result and status == PAUSING) or self._is_cancellation(request)
        ):
            return
        raise webob.exc.HTTPLocked(f'Current Mistral state is {status}. Method is not allowed')

    def _is_cancellation(self, request: ApiRequest) -> bool:
        if not request.path_info.startswith('/v2/executions/'):
            return False
        # The handler is to read it once more.
        request.body = request.read_body(self._max_body_bytes)
        try:
            body = parse_json(request.body)
        except ValueError:
            return False
        return isinstance(body, dict) and body.get('state') == states.CANCELLED


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
