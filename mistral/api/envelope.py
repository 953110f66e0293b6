"""What goes around every request and its answer: an id, the log, headers for browsers."""

import logging
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import unquote_plus
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import wsme.exc
from oslo_context import context
from oslo_middleware.request_id import ENV_REQUEST_ID, GLOBAL_REQ_ID, ID_FORMAT
from oslo_utils.strutils import mask_password

from mistral.api import errors
from mistral.utils.ids import new_id

LOG = logging.getLogger(__name__)

REQUEST_ID_HEADER: Final = 'X-Openstack-Request-Id'

#: Answers are data of a project: not to be guessed at, shown in frames, or kept by anybody.
_HEADERS: Final = (
    ('X-Content-Type-Options', 'nosniff'),
    ('X-Frame-Options', 'DENY'),
    ('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"),
    ('Referrer-Policy', 'no-referrer'),
    ('Cache-Control', 'no-store'),
)

_GLOBAL_ID: Final = re.compile(ID_FORMAT)


def with_envelope(app: WSGIApplication) -> WSGIApplication:
    """Wrap the application.

    Its requests have an id (`request_id_of`), which answers tell and lines of the log begin with,
    along with the id that a caller gives to all that it has to do with one request of its own.
    Whatever comes out of the application is answered.
    """

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = environ[ENV_REQUEST_ID] = f'req-{new_id()}'
        global_id = environ.get('HTTP_X_OPENSTACK_REQUEST_ID', '')
        if _GLOBAL_ID.match(global_id):
            environ[GLOBAL_REQ_ID] = global_id
        begin = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            given = {name.lower() for name, _ in headers}
            headers += [(name, value) for name, value in _HEADERS if name.lower() not in given]
            headers.append((REQUEST_ID_HEADER, request_id))
            if LOG.isEnabledFor(logging.DEBUG):
                _log_request(environ, status, time.perf_counter() - begin)
            return start_response(status, headers, *exc_info)

        with _log_context(request_id, environ.get(GLOBAL_REQ_ID)):
            try:
                _check_path(environ)
                return app(environ, start)
            except Exception as error:  # noqa: BLE001 - the last place where it can be answered
                return errors.response_for(error, request_id)(environ, start)

    return serve


def request_id_of(environ: WSGIEnvironment) -> str:
    request_id: str = environ[ENV_REQUEST_ID]
    return request_id


def mark_log(user_id: str | None, project_id: str | None) -> None:
    """Tell the log who has sent the request that this thread works on."""
    current = context.get_current()
    if current is not None:
        current.user_id, current.project_id = user_id, project_id


@contextmanager
def _log_context(request_id: str, global_id: str | None) -> Iterator[None]:
    """Mark the lines that this thread writes meanwhile (`%(request_id)s` of oslo.log)."""
    context.RequestContext(request_id=request_id, global_request_id=global_id)
    try:
        yield
    finally:
        # The library has no other way to say that nothing goes on any more.
        context._request_store.context = None  # noqa: SLF001


def _check_path(environ: WSGIEnvironment) -> None:
    """Raise ClientSideError for a path that is no text: pecan would complain at length."""
    try:
        environ.get('PATH_INFO', '').encode('latin-1').decode()
    except UnicodeError:
        raise wsme.exc.ClientSideError('The URL is not valid UTF-8.') from None


def _log_request(environ: WSGIEnvironment, status: str, seconds: float) -> None:
    LOG.debug(
        '%s %s?%s: %s, %.1f ms',
        environ['REQUEST_METHOD'],
        environ.get('PATH_INFO', ''),
        mask_password(unquote_plus(environ.get('QUERY_STRING', ''))),
        status,
        seconds * 1000,
    )
