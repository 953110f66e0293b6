"""Listening to the notifications of other services, with oslo.messaging.

All event engines read from the same queues, one for each exchange: a notification goes to one of
them, and to another one if that dies before it has handled it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import oslo_messaging
from oslo_config import cfg
from oslo_messaging import opts
from oslo_messaging.notify.dispatcher import NotificationResult
from oslo_messaging.notify.listener import NotificationServer

from mistral.exceptions import ConfigurationError
from mistral.services.event_firing import Notification

LOG = logging.getLogger(__name__)

#: Those that oslo.messaging knows.
_PRIORITIES: Final = ('audit', 'critical', 'debug', 'error', 'info', 'sample', 'warn')

#: Notifications of a group that are handled at the same time, and that wait for that.
_THREADS: Final = 8
_PREFETCH: Final = 100

#: Takes a notification; False: it has to come again, to this event engine or another.
Handle = Callable[[Notification], bool]


class Listeners:
    """One listener for each group, that is an exchange and a topic."""

    def __init__(self, conf: cfg.ConfigOpts, handle: Handle) -> None:
        """The bus is `[oslo_messaging_notifications] transport_url`, or that of the service.

        Raises ConfigurationError if its URL cannot be used.
        """
        for group, options in opts.list_opts():
            conf.register_opts(options, group)
        # Otherwise the broker hands over all there is, however long it takes to handle it.
        conf.set_default('rabbit_qos_prefetch_count', _PREFETCH, 'oslo_messaging_rabbit')
        self._pool: str = conf.event_engine.listener_pool_name
        self._handle = handle
        self._servers: dict[tuple[str, str], NotificationServer] = {}
        try:
            self._transport = oslo_messaging.get_notification_transport(conf)
        except (
            oslo_messaging.DriverLoadFailure,
            oslo_messaging.InvalidTransportURL,
            ValueError,
        ) as e:
            # The URL itself has passwords in it, and stays out of the message.
            raise ConfigurationError(
                'The message bus of notifications cannot be used, see [DEFAULT] and '
                f'[oslo_messaging_notifications] transport_url: {type(e).__name__}.'
            ) from e

    def listen_to(self, groups: Iterable[tuple[str, str]]) -> None:
        """Listen to these groups and no others; waits for the bus if it is away."""
        wanted = set(groups)
        unwanted = sorted(self._servers.keys() - wanted)
        _stop([self._servers.pop(group) for group in unwanted])
        for group in unwanted:
            LOG.info('Listens no longer to exchange %s, topic %s', *group)
        for exchange, topic in sorted(wanted - self._servers.keys()):
            server = self._server(exchange, topic)
            server.start(override_pool_size=_THREADS)
            self._servers[exchange, topic] = server
            LOG.info('Listens to exchange %s, topic %s', exchange, topic)

    def close(self) -> None:
        """Give back what is not handled, and close the connections."""
        self.listen_to(())
        self._transport.cleanup()

    def _server(self, exchange: str, topic: str) -> NotificationServer:
        return NotificationServer(
            self._transport,
            [oslo_messaging.Target(exchange=exchange, topic=topic)],
            _Reader(exchange, self._handle),
            executor='threading',
            allow_requeue=True,
            pool=f'mistral-{exchange}-{self._pool}',
        )


class _Reader:
    """Reads messages of an exchange, whatever their topic: its listeners share a queue."""

    supported_priorities = _PRIORITIES

    def __init__(self, exchange: str, handle: Handle) -> None:
        self._exchange = exchange
        self._handle = handle

    def dispatch(self, incoming: Any) -> str:
        """Called by oslo.messaging with a message; tells what is to become of it."""
        is_handled = True
        try:
            notification = read(self._exchange, incoming.ctxt, incoming.message)
            is_handled = notification is None or self._handle(notification)
        except Exception:
            # It would fail the next time, too.
            LOG.exception('A notification on exchange %s is dropped', self._exchange)
        result: str = NotificationResult.HANDLED if is_handled else NotificationResult.REQUEUE
        return result


def read(
    exchange: str, context: Mapping[str, Any] | None, message: Mapping[str, Any]
) -> Notification | None:
    """A notification from its message; None if it has no event type."""
    event_type = message.get('event_type')
    if not isinstance(event_type, str):
        LOG.warning('A message on exchange %s is dropped: it has no event type', exchange)
        return None
    return Notification(
        exchange=exchange,
        topic=_topic_of(message),
        event_type=event_type,
        publisher=message.get('publisher_id'),
        timestamp=message.get('timestamp'),
        message_id=message.get('message_id'),
        payload=message.get('payload'),
        context=_with_old_names(context or {}),
    )


def _topic_of(message: Any) -> str | None:
    """The topic, from the routing key `topic.priority`; None where there is none."""
    raw = getattr(message, '_raw_message', None)
    key = (getattr(raw, 'delivery_info', None) or {}).get('routing_key')
    return key.rpartition('.')[0] or None if isinstance(key, str) else None


def _with_old_names(context: Mapping[str, Any]) -> dict[str, Any]:
    """Senders with a current oslo.context call the user's id 'user', older ones 'user_id'."""
    return {
        **context,
        'user_id': context.get('user_id') or context.get('user'),
        'project_id': context.get('project_id') or context.get('tenant'),
    }


def _stop(servers: Sequence[NotificationServer]) -> None:
    """Stop listeners, all at the same time: each of them takes seconds to notice."""
    if servers:
        with ThreadPoolExecutor(len(servers)) as pool:
            for stopping in [pool.submit(_stop_one, server) for server in servers]:
                stopping.result()


def _stop_one(server: NotificationServer) -> None:
    server.stop()
    server.wait()
