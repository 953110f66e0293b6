"""Publishes events to the log."""

import logging
from datetime import datetime
from typing import Any

from mistral.notifiers.base import NotificationPublisher

LOG = logging.getLogger(__name__)


class NoopPublisher(NotificationPublisher):
    def publish(
        self,
        ctx: Any,
        ex_id: str,
        data: dict[str, Any],
        event: str | None,
        timestamp: datetime | None,
        **kwargs: Any,
    ) -> None:
        LOG.info(
            'The event %s for [name=%s, id=%s] is published by the noop notification publisher.',
            event,
            data.get('name'),
            ex_id,
        )
