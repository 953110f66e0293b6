"""How errors look to clients: the only place that chooses HTTP statuses.

Every error answers with one shape, `{"faultcode", "faultstring", "debuginfo"}`. Errors in
definitions add `problems`, all that was found and where.
"""

import dataclasses
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

import mistral_lib.exceptions as lib_exc
import webob
import webob.exc
import webob.request
import wsme.exc

from mistral import exceptions as exc
from mistral.api.answers import (
    TEXT,
    TEXT_OR_NULL,
    Schema,
    array_of,
    json_object,
)
from mistral.db.database import DatabaseFailure
from mistral.db.retry import is_transient, without_sql

LOG = logging.getLogger(__name__)

#: The status of an error is that of the first class of its ancestry listed here.
_STATUSES: Final[Mapping[type[BaseException], int]] = {
    exc.DBDuplicateEntryError: 409,
    exc.DBEntityNotFoundError: 404,
    exc.DBError: 400,
    exc.DSLParsingException: 400,
    exc.EvaluationException: 400,
    exc.DataAccessException: 400,
    exc.ActionException: 400,
    lib_exc.ActionException: 400,
    exc.WorkflowException: 400,
    exc.EventTriggerException: 400,
    exc.InputException: 400,
    exc.InvalidResultException: 400,
    exc.InvalidStateTransitionException: 400,
    exc.SizeLimitExceededException: 400,
    exc.ApplicationContextNotFoundException: 400,
    exc.InfoEndpointNotAvailableException: 400,
    exc.NotAllowedException: 403,
    exc.UnauthorizedException: 401,
    exc.UnavailableException: 503,
    exc.RpcError: 503,
    exc.MistralError: 500,
    webob.request.DisconnectionError: 400,
}

_INTEGER_OR_NULL: Final[Schema] = {'type': ['integer', 'null']}

#: What `problems` of errors in definitions hold (`mistral.exceptions.Problem`).
PROBLEM: Final = json_object(
    {
        'message': TEXT,
        'path': TEXT,
        'line': _INTEGER_OR_NULL,
        'column': _INTEGER_OR_NULL,
        'hint': TEXT_OR_NULL,
    }
)

#: The schema of what `fault` answers.
FAULT: Final = json_object(
    {
        'faultcode': {'enum': ['Client', 'Server']},
        'faultstring': TEXT,
        'debuginfo': TEXT_OR_NULL,
        'problems': array_of(PROBLEM),
    },
    optional=('problems',),
)

#: Characters of a message about arguments.
_LONGEST_MESSAGE: Final = 2000

_UNAVAILABLE: Final = 'The service is temporarily unavailable: its database cannot be used.'

_UNFORESEEN: Final = (
    'The service failed to handle the request; its log tells why under the request id {}.'
)


def response_for(error: Exception, request_id: str) -> webob.Response:
    """Turn whatever ended a request into its answer; what was not foreseen goes to the log."""
    match error:
        case webob.exc.HTTPException():
            return _http_response(error)
        case wsme.exc.ClientSideError():
            return fault(error.code, _shortened(error.faultstring))

    trouble = error if isinstance(error, DatabaseFailure) else error.__cause__
    if trouble is not None and is_transient(trouble):
        LOG.warning(
            'The database cannot be used [request_id=%s]: %s', request_id, without_sql(trouble)
        )
        return fault(503, _UNAVAILABLE)
    status = next((_STATUSES[cls] for cls in type(error).__mro__ if cls in _STATUSES), None)
    if status is None:
        LOG.error('Request failed [request_id=%s]', request_id, exc_info=error)
        return fault(500, _UNFORESEEN.format(request_id))
    if status == 503:
        LOG.warning('Request failed [request_id=%s]: %s', request_id, error)
    elif status >= 500:
        LOG.warning('Request failed [request_id=%s]', request_id, exc_info=error)
    return fault(status, str(error), problems=getattr(error, 'problems', ()))


def fault(
    status: int,
    message: str,
    *,
    problems: tuple[exc.Problem, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> webob.Response:
    """An error answer; 401, 415 and 423 tell their message in a header, too."""
    body: dict[str, Any] = {
        'faultcode': 'Client' if status < 500 else 'Server',
        'faultstring': message,
        'debuginfo': None,
    }
    if problems:
        body['problems'] = [dataclasses.asdict(problem) for problem in problems]
    response = webob.Response(
        status=status, body=json.dumps(body).encode(), content_type='application/json'
    )
    if status in {401, 415, 423}:
        response.headers['Server-Error-Message'] = one_line(message)
    if status == 401:
        response.headers['WWW-Authenticate'] = one_line(message)
    response.headers.update(headers or {})
    return response


def one_line(text: str) -> str:
    """The text as an HTTP header can carry it."""
    return ' '.join(text.split()).encode('latin-1', 'replace').decode('latin-1')


def _shortened(message: str) -> str:
    """Messages about arguments repeat what was sent, which may be a lot."""
    if len(message) <= _LONGEST_MESSAGE:
        return message
    half = _LONGEST_MESSAGE // 2
    return f'{message[:half]} ... {message[-half:]}'


def _http_response(error: webob.exc.HTTPException) -> webob.Response:
    if 300 <= error.status_int < 400:
        return error
    headers = {'Allow': error.headers['Allow']} if 'Allow' in error.headers else {}
    # pecan refuses a request that it cannot decode without a word.
    default = 'The URL is not valid UTF-8.' if error.status_int == 400 else error.title
    return fault(error.status_int, error.detail or default, headers=headers)
