"""What happens before every request is handled: who is asking, whether there is maintenance. And
how errors are answered."""

from dataclasses import replace
from typing import Any, Final

import pecan.hooks
import webob
import webob.exc

from mistral import states
from mistral.api import errors
from mistral.api.envelope import mark_log, request_id_of
from mistral.api.requests import ApiRequest
from mistral.api.types import parse_json
from mistral.auth import AuthHandler
from mistral.auth.identity import Cloud, trusted_caller, verified_caller
from mistral.context import RequestContext
from mistral.db.store.maintenance import PAUSING, RUNNING
from mistral.exceptions import UnauthorizedException, UnavailableException
from mistral.services.maintenance import Maintenance

#: Paths that are served without a token, besides the health check.
OPEN_PATHS: Final = frozenset(
    {
        '/',
        '/info',
        '/v2',
        '/v2/',
        '/workflowv2/',
        '/workflowv2/v2/',
        '/v2/openapi.json',
        '/v2/docs',
    }
)

#: Paths that are served while there is maintenance, with any method.
_ALWAYS_SERVED: Final = frozenset({'/', '/v2', '/v2/', '/health', '/maintenance', '/maintenance/'})


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
        return errors.response_for(error, request_id_of(state.request.environ))


class CallerHook(pecan.hooks.PecanHook):
    """Finds out who is asking and leaves it in `request.context['caller']`.

    Without a handler nobody is verified: all rows belong to one project, and the request's own
    `X-Roles` is believed. On open paths the caller is nobody.
    """

    priority = 40

    def __init__(self, handler: AuthHandler | None, cloud: Cloud) -> None:
        """`cloud` is what callers' actions get to know as their own."""
        super().__init__()
        self._handler = handler
        self._cloud = cloud

    def on_route(self, state: Any) -> None:
        request = state.request
        if self._handler is None:
            caller = trusted_caller(request.headers)
        elif request.path_info in OPEN_PATHS:
            caller = RequestContext(project_id='')
        else:
            _authenticate(self._handler, request)
            caller = verified_caller(request.headers, request.environ, self._cloud)
        mark_log(caller.user_id, caller.project_id)
        request.context['caller'] = replace(caller, request_id=request_id_of(request.environ))


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


def _authenticate(handler: AuthHandler, request: webob.Request) -> None:
    try:
        handler.authenticate(request)
    except UnavailableException:
        raise
    except Exception as error:  # whatever a plug-in raises refuses the request
        raise UnauthorizedException(f'Failed to validate access token: {error}') from error
