"""An HTTP session for requests whose target is chosen by users.

Every hop of a redirect and every connection, also to a proxy, goes through the egress rules;
connections are made to the very addresses that were checked. Proxy variables and netrc files of
the process are not used, and a body is never read beyond the limit.
"""

import functools
import socket
from collections.abc import Iterator, Mapping
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from mistral.exceptions import MistralException
from mistral.utils.egress import EgressPolicy


class ResponseTooLargeException(MistralException):
    """A response has more bytes than `[action_std_http] max_response_size_bytes`."""


def open_session(policy: EgressPolicy, max_response_size: int = 0) -> requests.Session:
    """A session that follows the egress rules.

    Besides the errors of requests, sending raises `UrlNotAllowedException` and
    `ResponseTooLargeException`.

    :param max_response_size: bytes of one response body, after decompression; 0 is no limit.
    """
    session = requests.Session()
    session.trust_env = False
    # The empty prefix gets all URLs, so that a redirect to another scheme meets the rules too.
    session.adapters.clear()
    session.mount('', _EgressAdapter(policy, max_response_size))
    return session


class _EgressAdapter(HTTPAdapter):
    def __init__(self, policy: EgressPolicy, max_response_size: int) -> None:
        self._policy = policy
        self._max_response_size = max_response_size
        super().__init__(pool_connections=1, pool_maxsize=1)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one hop; requests calls this again for each redirect."""
        url = request.url or ''
        self._policy.check_url(url)
        if proxy := select_proxy(url, proxies):
            # The proxy will look the name up, not we: the name is checked as far as we can see.
            self._policy.validate_url(url)
            self._policy.check_url(proxy if '://' in proxy else f'http://{proxy}')

        response = super().send(request, stream, timeout, verify, cert, proxies)
        if self._max_response_size:
            self._limit_body(response)
        return response

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = functools.partial(_CONNECTIONS[pool.scheme], self._policy)
        return pool

    def _limit_body(self, response: requests.Response) -> None:
        declared = response.headers.get('Content-Length', '')
        has_body = response.request.method != 'HEAD'
        if has_body and declared.isdecimal() and int(declared) > self._max_response_size:
            response.close()
            raise ResponseTooLargeException(
                f'HTTP response is too large (Content-Length={declared}, '
                f'limit={self._max_response_size} bytes).'
            )
        response.raw = _LimitedBody(response.raw, self._max_response_size)


class _LimitedBody:
    """A urllib3 response whose body ends in an error at the limit."""

    def __init__(self, raw: Any, limit: int) -> None:
        self._raw = raw
        self._limit = limit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, amt: int, decode_content: bool | None = None) -> Iterator[bytes]:
        size = 0
        for chunk in self._raw.stream(amt, decode_content=decode_content):
            size += len(chunk)
            if size > self._limit:
                self._raw.close()
                raise ResponseTooLargeException(
                    f'HTTP response is too large (limit={self._limit} bytes).'
                )
            yield chunk


class _CheckedConnection(HTTPConnection):
    """Connects only to addresses that the policy has seen and allowed."""

    def __init__(self, policy: EgressPolicy, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._policy = policy

    def _new_conn(self) -> socket.socket:
        try:
            addresses = self._policy.resolve(self.host)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error

        failure = OSError('the name has no address')
        for address in addresses:
            try:
                return create_connection(
                    (address, self.port),
                    self.timeout,
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(
                self, f'Connection to {self.host} timed out. (connect timeout={self.timeout})'
            ) from failure
        raise NewConnectionError(
            self, f'Failed to establish a new connection: {failure}'
        ) from failure


class _CheckedTlsConnection(_CheckedConnection, HTTPSConnection):
    pass


_CONNECTIONS: Final = {'http': _CheckedConnection, 'https': _CheckedTlsConnection}
