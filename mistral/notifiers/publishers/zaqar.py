"""Publishes events as messages of Zaqar queues (version 2 of its API)."""

import functools
import logging
import urllib.parse
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import noauth
from keystoneauth1.session import Session
from oslo_config import cfg

from mistral.auth import service_user
from mistral.exceptions import ConfigurationError, MistralException
from mistral.notifiers.base import NotificationPublisher, UndeliverableError

LOG = logging.getLogger(__name__)

#: Seconds that a message stays in its queue, and what Zaqar allows by default.
_TTL: Final = 3600
_MIN_TTL: Final = 60
_MAX_TTL: Final = 14 * 24 * 3600

#: Seconds to wait for an answer.
_TIMEOUT: Final = 10.0

#: What of a pre-signed URL, as Zaqar's `share` gives it, goes into which header.
_SIGNED_HEADERS: Final = {
    'signature': 'URL-Signature',
    'expires': 'URL-Expires',
    'methods': 'URL-Methods',
    'paths': 'URL-Paths',
    'project': 'X-Project-Id',
}


class ZaqarPublisher(NotificationPublisher):
    """Posts the data to the entry's `queue`; `ttl` is in seconds.

    It does so as the service user of `[keystone_authtoken]`, in that one's project; with
    `signed_url`, what Zaqar's `POST /v2/queues/{queue}/share` has answered, in the project of that.
    Where there is no service user the project of the execution is named, for a Zaqar without
    authentication.
    """

    def __init__(self) -> None:
        self._client_id = str(uuid.uuid4())

    def publish(
        self,
        ctx: Any,
        ex_id: str,
        data: dict[str, Any],
        event: str | None,
        timestamp: datetime | None,
        **kwargs: Any,
    ) -> None:
        queue = kwargs.get('queue')
        if not isinstance(queue, str) or not queue:
            raise UndeliverableError('Publisher "zaqar" needs "queue", the name of a queue.')
        headers = {'Client-ID': self._client_id, **_identity(ctx, kwargs.get('signed_url'))}
        body = {'messages': [{'ttl': _ttl(kwargs.get('ttl')), 'body': data}]}
        path = f'/v2/queues/{urllib.parse.quote(queue, safe="")}/messages'
        try:
            response = self._session.post(
                path,
                json=body,
                headers=headers,
                authenticated='URL-Signature' not in headers,
                raise_exc=False,
                timeout=_TIMEOUT,
                # Tokens and signatures are none of the log's business.
                log=False,
                **self._place,
            )
        except ksa_exceptions.ClientException as e:
            raise MistralException(f'Zaqar cannot be reached: {e}') from e
        if response.status_code != 201:
            raise MistralException(
                f'Zaqar answered {response.status_code} for queue "{queue}": {response.text[:1000]}'
            )
        LOG.info('Queue %s has got event %s of %s', queue, event, ex_id)

    @functools.cached_property
    def _place(self) -> dict[str, Any]:
        """Where Zaqar is, as arguments of a session."""
        group = cfg.CONF.notifier_zaqar
        if group.endpoint:
            return {'endpoint_override': group.endpoint.rstrip('/').removesuffix('/v2')}
        selection = {
            'service_type': 'messaging',
            'interface': group.interface,
            'region_name': group.region_name,
        }
        return {'endpoint_filter': selection}

    @functools.cached_property
    def _session(self) -> Session:
        """Raises ConfigurationError if there is neither a service user nor an endpoint."""
        try:
            auth = service_user.auth_plugin(cfg.CONF)
        except ConfigurationError:
            if not cfg.CONF.notifier_zaqar.endpoint:
                raise
            return Session(auth=noauth.NoAuth())
        return service_user.session(cfg.CONF, auth)


def _identity(ctx: Any, signed_url: Any) -> dict[str, str]:
    if signed_url is None:
        return {'X-Project-Id': str(getattr(ctx, 'project_id', None) or '')}
    if not isinstance(signed_url, Mapping) or not signed_url.keys() >= _SIGNED_HEADERS.keys():
        raise UndeliverableError(
            f'"signed_url" of publisher "zaqar" needs {", ".join(sorted(_SIGNED_HEADERS))}, as '
            'Zaqar gives them.'
        )
    return {header: _joined(signed_url[name]) for name, header in _SIGNED_HEADERS.items()}


def _joined(value: Any) -> str:
    return ','.join(map(str, value)) if isinstance(value, list) else str(value)


def _ttl(given: Any) -> int:
    if given is None:
        return _TTL
    if not isinstance(given, int) or not _MIN_TTL <= given <= _MAX_TTL:
        raise UndeliverableError(
            f'"ttl" of publisher "zaqar" has to be from {_MIN_TTL} to {_MAX_TTL} seconds.'
        )
    return given
