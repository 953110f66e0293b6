"""Publishes events by HTTP."""

import json
import logging
from datetime import datetime
from typing import Any, Final

import requests

from mistral.actions.options import http_options
from mistral.exceptions import MistralException
from mistral.notifiers.base import NotificationPublisher
from mistral.utils.http import open_session

LOG = logging.getLogger(__name__)

#: Seconds to connect, and to wait for an answer.
_TIMEOUT: Final = (3, 10)
_ACCEPTED: Final = (200, 201)
_MAX_ANSWER: Final = 64 * 1024


class WebhookPublisher(NotificationPublisher):
    """POSTs the data as JSON to the entry's `url`, with its `headers`, without redirects."""

    def publish(
        self,
        ctx: Any,
        ex_id: str,
        data: dict[str, Any],
        event: str | None,
        timestamp: datetime | None,
        **kwargs: Any,
    ) -> None:
        url = str(kwargs.get('url'))
        try:
            with open_session(http_options().policy, max_response_size=_MAX_ANSWER) as session:
                response = session.post(
                    url,
                    data=json.dumps(data),
                    headers=kwargs.get('headers') or {},
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
        except requests.RequestException as e:
            raise MistralException(f'Webhook {url} cannot be reached: {e}') from e
        LOG.info('Webhook %s answered %s', url, response.status_code)
        if response.status_code not in _ACCEPTED:
            raise MistralException(
                f'Webhook {url} answered {response.status_code}: {response.text[:1000]}'
            )
