"""Publishes events by HTTP."""

import hashlib
import hmac
import json
import logging
from datetime import datetime
from typing import Any, Final

import requests

from mistral.actions.options import http_options
from mistral.exceptions import MistralException
from mistral.notifiers.base import NotificationPublisher, UndeliverableError
from mistral.utils.http import open_session

LOG = logging.getLogger(__name__)

#: Seconds to connect, and to wait for an answer.
_CONNECT_TIMEOUT: Final = 3.0
_READ_TIMEOUT: Final = 10.0

#: The longest `timeout` that an entry may ask for: it costs a thread for as long.
_MAX_TIMEOUT: Final = 60.0

#: 202 and 204 are what queues and gateways answer.
_ACCEPTED: Final = range(200, 300)

_MAX_ANSWER: Final = 64 * 1024

#: Carries the signature of the body, if the entry has a `secret`.
SIGNATURE_HEADER: Final = 'X-Mistral-Signature-256'


class WebhookPublisher(NotificationPublisher):
    """POSTs the data as JSON to the entry's `url`, without redirects.

    The entry may have `headers`, `timeout` (seconds to wait for an answer) and `secret`: with it, a
    header `X-Mistral-Signature-256: sha256=<hex>` carries the HMAC-SHA256 of the body. Where
    requests may go is up to `[action_std_http]`, as for `std.http`.
    """

    def publish(
        self,
        ctx: Any,
        ex_id: str,
        data: dict[str, Any],
        event: str | None,
        timestamp: datetime | None,
        **kwargs: Any,
    ) -> None:
        url = kwargs.get('url')
        if not isinstance(url, str):
            raise UndeliverableError('A webhook needs "url", a text.')
        body = json.dumps(data).encode()
        headers = _headers(kwargs.get('headers'), kwargs.get('secret'), body)
        timeout = (_CONNECT_TIMEOUT, _read_timeout(kwargs.get('timeout')))
        try:
            with open_session(http_options().policy, max_response_size=_MAX_ANSWER) as session:
                response = session.post(
                    url, data=body, headers=headers, timeout=timeout, allow_redirects=False
                )
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader) as e:
            raise UndeliverableError(f'Webhook {url} cannot be called: {e}') from e
        except requests.RequestException as e:
            raise MistralException(f'Webhook {url} cannot be reached: {e}') from e
        LOG.info('Webhook %s answered %s', url, response.status_code)
        if response.status_code not in _ACCEPTED:
            raise MistralException(
                f'Webhook {url} answered {response.status_code}: {response.text[:1000]}'
            )


def signature(secret: str, body: bytes) -> str:
    """The value of the header: receivers compute it from the body as it came."""
    return 'sha256=' + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _headers(given: Any, secret: Any, body: bytes) -> dict[str, str]:
    if not isinstance(given or {}, dict):
        raise UndeliverableError('"headers" of a webhook has to be a mapping.')
    headers = {str(name): str(value) for name, value in (given or {}).items()}
    if secret is not None:
        headers[SIGNATURE_HEADER] = signature(str(secret), body)
    return headers


def _read_timeout(given: Any) -> float:
    if given is None:
        return _READ_TIMEOUT
    if isinstance(given, bool) or not isinstance(given, int | float) or given <= 0:
        raise UndeliverableError('"timeout" of a webhook has to be a number of seconds above 0.')
    return min(float(given), _MAX_TIMEOUT)
