"""The interface of publisher plugins (entry points `mistral.notification.publishers`)."""

import abc
from datetime import datetime
from typing import Any


class NotificationPublisher(abc.ABC):
    """Made once, without arguments. An exception is logged and stops nobody else."""

    @abc.abstractmethod
    def publish(
        self,
        ctx: Any,
        ex_id: str,
        data: dict[str, Any],
        event: str | None,
        timestamp: datetime | None,
        **kwargs: Any,
    ) -> None:
        """Publish the event of an execution; `kwargs` are the other keys of the notify entry."""
