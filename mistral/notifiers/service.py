"""The notifier: routes the events of executions to the publishers that asked for them."""

import logging
import queue
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from mistral import metrics
from mistral.exceptions import MistralException
from mistral.notifiers.base import NotificationPublisher
from mistral.utils.plugins import EntryPoints, installed, load_plugins
from mistral.workflow.effects import Notify

LOG = logging.getLogger(__name__)

_MAX_WAITING: Final = 20_000

#: Seconds that events get to be published when the service stops.
_STOP_TIMEOUT: Final = 10

#: Nobody wants this; who waits for an event sees that there is something else to do.
_WAKE_UP: Final = Notify('', None, {}, None)


def load_publishers(source: EntryPoints = installed) -> dict[str, NotificationPublisher]:
    """The installed publishers by their type."""
    found = load_plugins('mistral.notification.publishers', source)
    return {name: publisher_class() for name, publisher_class in found}


class NotifierService:
    """Publishes in a thread of its own, so that a slow publisher holds up no engine.

    Delivery is at most once: an event that cannot be published is logged and forgotten, and so are
    those that come while `max_waiting` others wait.
    """

    def __init__(
        self, publishers: Mapping[str, NotificationPublisher], max_waiting: int = _MAX_WAITING
    ) -> None:
        self._publishers = publishers
        self._queue: queue.Queue[Notify] = queue.Queue(max_waiting)
        metrics.WAITING_NOTIFICATIONS.set_function(self._queue.qsize)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name='notifier', daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = _STOP_TIMEOUT) -> None:
        """Publish what is waiting, for at most `timeout` seconds."""
        self._stopping.set()
        with suppress(queue.Full):
            self._queue.put_nowait(_WAKE_UP)
        if self._thread.is_alive():
            self._thread.join(timeout)
        if self._thread.is_alive():
            LOG.warning('The notifier stops with %d events unpublished', self._queue.qsize())

    def notify(self, effects: Iterable[Notify]) -> None:
        for effect in effects:
            try:
                self._queue.put_nowait(effect)
            except queue.Full:
                LOG.error(
                    'Too many events wait: %s of %s is dropped', effect.event, effect.object_id
                )

    def _serve(self) -> None:
        while not (self._stopping.is_set() and self._queue.empty()):
            effect = self._queue.get()
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
        except MistralException as e:
            LOG.error('Unable to process event for publisher "%s": %s', kind, e)
        except Exception:
            LOG.exception('Unable to process event for publisher "%s".', kind)


def _wants(entry: Mapping[str, Any], event: str | None) -> bool:
    """Without `event_types` an entry receives everything."""
    wanted = entry.get('event_types')
    return not wanted or event in wanted
