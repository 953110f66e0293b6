"""From an event to the plugin that it is for."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from mistral.context import DEFAULT_PROJECT, RequestContext
from mistral.db.store.notifications import Pending
from mistral.notifiers.base import NotificationPublisher, Notifier, UndeliverableError
from mistral.utils.plugins import EntryPoints, installed, load_plugins

LOG = logging.getLogger(__name__)

#: Publishes an event; raises what keeps it from that.
Deliver: TypeAlias = Callable[[Pending], None]


def load_publishers(source: EntryPoints = installed) -> dict[str, NotificationPublisher]:
    """The installed publishers by their type; what cannot be made is logged and left out."""
    publishers = {}
    for name, publisher_class in load_plugins('mistral.notification.publishers', source):
        try:
            publishers[name] = publisher_class()
        except Exception:
            LOG.exception('Notification publisher "%s" cannot be made', name)
    return publishers


def by_publishers(publishers: Mapping[str, NotificationPublisher]) -> Deliver:
    """Publish with the publisher that an event's entry names."""

    def deliver(event: Pending) -> None:
        kind = event.entry.get('type')
        if kind is None:
            raise UndeliverableError('Notification publisher type is not specified.')
        publisher = publishers.get(kind) if isinstance(kind, str) else None
        if publisher is None:
            raise UndeliverableError(
                f'There is no notification publisher "{kind}"; '
                f'installed: {", ".join(sorted(publishers))}'
            )
        arguments = {key: value for key, value in event.entry.items() if key != 'type'}
        publisher.publish(
            RequestContext(project_id=event.data.get('project_id') or DEFAULT_PROJECT),
            event.object_id,
            _told(event),
            event.event,
            event.timestamp,
            **arguments,
        )

    return deliver


def by_notifier(notifier: Notifier) -> Deliver:
    """Hand events to a plugin, whatever their entries are."""

    def deliver(event: Pending) -> None:
        notifier.notify(
            event.object_id,
            _told(event),
            event.event,
            event.timestamp,
            publishers=[dict(event.entry)],
        )

    return deliver


def _told(event: Pending) -> dict[str, Any]:
    return {**event.data, 'event': event.event}
