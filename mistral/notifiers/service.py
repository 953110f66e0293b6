"""The notifier: routes the events of executions to the publishers that asked for them."""

import logging
import queue
import threading
from collections.abc import Mapping
from typing import Any

from mistral.notifiers.base import NotificationPublisher
from mistral.utils.plugins import EntryPoints, installed, load_plugins
from mistral.workflow.effects import Notify

LOG = logging.getLogger(__name__)


def load_publishers(source: EntryPoints = installed) -> dict[str, NotificationPublisher]:
    """The installed publishers by their type."""
    found = load_plugins('mistral.notification.publishers', source)
    return {name: publisher_class() for name, publisher_class in found}


class NotifierService:
    """Publishes in a thread of its own, so that a slow publisher holds up no engine.

    Delivery is at most once: an event that cannot be published is logged and forgotten.
    """

    def __init__(self, publishers: Mapping[str, NotificationPublisher]) -> None:
        self._publishers = publishers
        self._queue: queue.SimpleQueue[Notify | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name='notifier', daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Publish what is waiting, then stop."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def notify(self, effect: Notify) -> None:
        self._queue.put(effect)

    def _serve(self) -> None:
        while (effect := self._queue.get()) is not None:
            for entry in effect.publishers:
                if isinstance(entry, Mapping) and _wants(entry, effect.event):
                    self._publish(effect, entry)

    def _publish(self, effect: Notify, entry: Mapping[str, Any]) -> None:
        kind = entry.get('type')
        if kind is None:
            LOG.error('Notification publisher type is not specified.')
            return
        publisher = self._publishers.get(kind)
        if publisher is None:
            LOG.error(
                'There is no notification publisher "%s"; installed: %s',
                kind,
                ', '.join(sorted(self._publishers)),
            )
            return
        arguments = {key: value for key, value in entry.items() if key != 'type'}
        data = {**effect.data, 'event': effect.event}
        try:
            publisher.publish(
                None, effect.object_id, data, effect.event, effect.timestamp, **arguments
            )
        except Exception:
            LOG.exception('Unable to process event for publisher "%s".', kind)


def _wants(entry: Mapping[str, Any], event: str | None) -> bool:
    """Without `event_types` an entry receives everything."""
    wanted = entry.get('event_types')
    return not wanted or event in wanted
