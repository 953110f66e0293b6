"""The interfaces of plugins that tell others about executions."""

import abc
from datetime import datetime
from typing import Any

from mistral.exceptions import MistralException


class UndeliverableError(MistralException):
    """An event cannot be published, now or later: it is given up at once."""


class NotificationPublisher(abc.ABC):
    """A way to publish events (entry points `mistral.notification.publishers`).

    Made once for each process, without arguments. Events of several executions may be published at
    the same time, by several threads. An exception is logged, and the event comes again later; it
    may also come again because a process was killed. Other publishers do not notice.
    """

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
        """Publish an event of a workflow or a task.

        :param ctx: `mistral.context.RequestContext` with the project of the execution.
        :param ex_id: id of the workflow execution or task execution that has changed.
        :param data: what it is like now, plain JSON; `event` is among it.
        :param event: such as `TASK_SUCCEEDED`; None for changes without a name.
        :param timestamp: when it changed (UTC).
        :param kwargs: the keys of the entry in `notify` without `type`.
        :raises UndeliverableError: if there is no sense in trying again.
        """


class Notifier(abc.ABC):
    """A way to pass all events on (entry points `mistral.notifiers`, chosen by `[notifier] type`).

    Made once for each process with an engine, without arguments. What is said of threads and
    exceptions of `NotificationPublisher` holds here, too.
    """

    @abc.abstractmethod
    def notify(
        self,
        ex_id: str,
        data: dict[str, Any],
        event: str | None,
        timestamp: datetime | None,
        **kwargs: Any,
    ) -> None:
        """Pass an event on; `kwargs` has `publishers`, a list with the entry of `notify`."""
