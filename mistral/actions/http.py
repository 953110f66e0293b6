"""What `std.http` does: prepare a request, send it, and put the response into plain data."""

import itertools
import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import requests
from mistral_lib.utils import mask_data
from oslo_utils.strutils import mask_password
from requests.utils import dict_from_cookiejar

from mistral.actions.options import HttpOptions
from mistral.exceptions import ActionException
from mistral.utils.http import open_session

LOG = logging.getLogger(__name__)

#: 307 and 308 ask to send the request again, so without that nothing has been done.
_GOOD_STATUSES: Final = range(200, 307)

_MASK: Final = '***'
_SECRET_HEADERS: Final = frozenset(
    {
        'authorization',
        'cookie',
        'proxy-authorization',
        'x-api-key',
        'x-auth-token',
        'x-service-token',
        'x-subject-token',
    }
)
_USER_INFO: Final = re.compile(r'//[^/@]+@')
#: What goes into the log of a body at most: characters, and items of each collection in it.
_LOGGED_BODY: Final = 1000
_LOGGED_ITEMS: Final = 20


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as the author of a workflow wrote it; `timeout` is in seconds.

    `auth` is a pair (user, password); `verify` is None for the usual bundle of certificates.
    """

    url: str
    method: str = 'GET'
    params: Mapping[str, Any] | None = None
    body: str | bytes | None = None
    json: Any = None
    headers: Mapping[str, Any] | None = None
    cookies: Mapping[str, str] | None = None
    auth: Sequence[str] | None = None
    timeout: float | None = None
    allow_redirects: bool = False
    proxies: Mapping[str, str] | None = None
    verify: bool | str | None = None


def encode_body(body: Any) -> Any:
    return json.dumps(body) if isinstance(body, dict) else body


def encode_headers(headers: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """HTTP knows text only, YAML makes numbers of what looks like one."""
    if not headers:
        return None
    return {
        name: str(value) if isinstance(value, int | float) else value
        for name, value in headers.items()
    }


def parse_auth(auth: str | Sequence[str] | None) -> list[str] | None:
    """The pair (user, password) from `user:password` or from a list of the two.

    :raises ActionException: for anything else.
    """
    if not auth:
        return None
    pair = auth.split(':', 1) if isinstance(auth, str) else list(auth)
    if len(pair) != 2:
        raise ActionException(
            "Parameter 'auth' must be 'user:password' or a list of user and password."
        )
    return [str(part) for part in pair]


def send(request: HttpRequest, options: HttpOptions) -> dict[str, Any]:
    """Send the request; return the result of `std.http`.

    :raises UrlNotAllowedException: if the URL, or one that it redirects to, is forbidden.
    :raises ResponseTooLargeException:
    :raises ActionException: if there is no response.
    """
    _log_request(request, options)
    options.policy.check_url(request.url)
    try:
        with open_session(options.policy, options.max_response_size) as session:
            response = session.request(
                request.method,
                request.url,
                params=request.params,
                data=request.body,
                json=request.json,
                headers=request.headers,
                cookies=dict(request.cookies) if request.cookies else None,
                auth=(request.auth[0], request.auth[1]) if request.auth else None,
                timeout=_timeout(request.timeout, options.default_timeout),
                allow_redirects=request.allow_redirects,
                proxies=dict(request.proxies) if request.proxies else None,
                verify=_verify(request.verify),
            )
    # ValueError and its like: requests lets through what other libraries say of odd parameters.
    except (requests.RequestException, OSError, ValueError, TypeError, AttributeError) as error:
        raise ActionException(f'Failed to send HTTP request: {error}') from error

    result = _result(response)
    _log_response(result, options)
    return result


def is_good(result: Mapping[str, Any]) -> bool:
    return result['status'] in _GOOD_STATUSES


def _timeout(timeout: float | None, default: int) -> float | None:
    return (default or None) if timeout is None else timeout


def _verify(verify: bool | str | None) -> bool | str:
    """The session trusts nothing in the environment but the operator's own certificates."""
    if verify is not None:
        return verify
    return os.environ.get('REQUESTS_CA_BUNDLE') or os.environ.get('CURL_CA_BUNDLE') or True


def _result(response: requests.Response) -> dict[str, Any]:
    return {
        'content': _content(response),
        'status': response.status_code,
        'headers': dict(response.headers),
        'url': response.url,
        'history': [
            {'status': hop.status_code, 'url': hop.url, 'headers': dict(hop.headers)}
            for hop in response.history
        ],
        'encoding': response.encoding,
        'reason': response.reason,
        'cookies': dict_from_cookiejar(response.cookies),
        'elapsed': response.elapsed.total_seconds(),
    }


def _content(response: requests.Response) -> Any:
    """The body as JSON data, or else as text."""
    text = _text(response)
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(name: str) -> None:
    raise ValueError(f'{name} is not JSON')


def _text(response: requests.Response) -> str:
    """The body decoded as declared, else as UTF-8, else as what HTTP says for its type.

    Bytes that fit nowhere are replaced: a binary body gives an odd text, never an error.
    """
    body = response.content
    declared = 'charset=' in response.headers.get('Content-Type', '').lower()
    guesses = [response.encoding] if declared else ['utf-8-sig', response.encoding]
    for encoding in guesses:
        try:
            return body.decode(encoding or 'utf-8')
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode('utf-8', errors='replace')


def _log_request(request: HttpRequest, options: HttpOptions) -> None:
    if not LOG.isEnabledFor(logging.INFO):
        return
    hidden = 'Request body hidden due to action_logging configuration.'
    LOG.info(
        'Sending HTTP request: method=%s, url=%s, params=%s, body=%s, json=%s, headers=%s, '
        'cookies=%s, auth=%s, timeout=%s, allow_redirects=%s, verify=%s',
        request.method,
        _masked_url(request.url),
        _masked(request.params),
        hidden if options.hide_request_body and request.body else _masked(request.body),
        hidden if options.hide_request_body and request.json else _masked(request.json),
        _loggable_headers(request.headers or {}, options.sensitive_headers),
        request.cookies and _MASK,
        request.auth and (request.auth[0], _MASK),
        request.timeout,
        request.allow_redirects,
        request.verify,
    )


def _log_response(result: Mapping[str, Any], options: HttpOptions) -> None:
    if not LOG.isEnabledFor(logging.INFO):
        return
    hidden = 'Response body hidden due to action_logging configuration.'
    LOG.info(
        'Received HTTP response: url=%s, status=%s, body=%s',
        _masked_url(result['url']),
        result['status'],
        hidden if options.hide_response_body else _masked(result['content']),
    )


def _loggable_headers(headers: Mapping[str, Any], left_out: frozenset[str]) -> dict[str, Any]:
    return {
        name: _MASK if name.lower() in _SECRET_HEADERS else value
        for name, value in headers.items()
        if name.lower() not in left_out
    }


def _masked_url(url: str) -> str:
    return _USER_INFO.sub(f'//{_MASK}@', mask_password(url))


def _masked(value: Any) -> str | None:
    """The value for the log: secrets masked, and not too long."""
    if value is None:
        return None
    text = str(mask_data(_excerpt(value)))
    return text if len(text) <= _LOGGED_BODY else f'{text[:_LOGGED_BODY]}...'


def _excerpt(value: Any, depth: int = 4) -> Any:
    """The beginning of the value: looking for secrets in all of a large one would take long."""
    if isinstance(value, dict | list) and not depth:
        return '...'
    if isinstance(value, dict):
        items = itertools.islice(value.items(), _LOGGED_ITEMS)
        return {key: _excerpt(item, depth - 1) for key, item in items}
    if isinstance(value, list):
        return [_excerpt(item, depth - 1) for item in value[:_LOGGED_ITEMS]]
    return value[: 2 * _LOGGED_BODY] if isinstance(value, str) else value
