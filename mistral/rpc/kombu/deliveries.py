"""Messages from the broker, until they are acknowledged."""

import time
from collections.abc import Mapping
from typing import Any, Final

from mistral.rpc.kombu.topology import OWN_PATIENCE, Queue

#: How many messages a server remembers after it has handled them, to know them when they come
#: again because their acknowledgement got lost: more than are acknowledged in a moment.
_REMEMBERED: Final = 5000


class Delivery:
    """A message in hand.

    `channel` and `tag` say which delivery of it is the latest: after a reconnection it may come
    again while it is still in hand. `since` is the time (`time.monotonic`) of that.
    """

    __slots__ = (
        'body',
        'call_id',
        'channel',
        'expires',
        'id',
        'is_acknowledged',
        'may_be_repeated',
        'queue',
        'redelivered',
        'reply_to',
        'since',
        'tag',
    )

    def __init__(self, queue: Queue, message: Any) -> None:
        properties: Mapping[str, Any] = message.properties
        self.queue = queue
        self.body: bytes | str = message.body
        self.id: str | None = properties.get('message_id')
        self.reply_to: str | None = properties.get('reply_to')
        self.call_id: str = properties.get('correlation_id', '')
        # One that a server has left behind may have been handled by it.
        deaths = (properties.get('application_headers') or {}).get('x-death') or ()
        self.redelivered: bool = message.delivery_info['redelivered'] or bool(deaths)
        #: Milliseconds that its sender has given it, if it has come by way of a server's own queue.
        self.expires = _original_expiration(deaths)
        #: False if it was acknowledged before it was handled, and must not be handled again.
        self.may_be_repeated = True
        self.deliver(message)

    @property
    def is_stale(self) -> bool:
        """Tell whether nobody waits for it any more.

        A server's own queue passes on what has run out of its sender's time, too.
        """
        return self.expires is not None and self.expires <= OWN_PATIENCE

    def deliver(self, message: Any) -> None:
        """It has come, or come again."""
        self.channel = message.channel
        self.tag: int = message.delivery_tag
        self.since = time.monotonic()
        self.is_acknowledged = False


class Ledger:
    """Which messages a server has in hand, or had lately, by their ids."""

    def __init__(self) -> None:
        self._in_hand: dict[str, Delivery] = {}
        self._done: dict[str, None] = {}

    def find(self, id: str | None) -> Delivery | None:
        return None if id is None else self._in_hand.get(id)

    def was_done(self, id: str | None) -> bool:
        return id in self._done

    def add(self, delivery: Delivery) -> None:
        if delivery.id is not None:
            self._in_hand[delivery.id] = delivery

    def remove(self, delivery: Delivery, *, is_done: bool) -> None:
        if delivery.id is None:
            return
        self._in_hand.pop(delivery.id, None)
        if is_done:
            self._done[delivery.id] = None
            if len(self._done) > _REMEMBERED:
                del self._done[next(iter(self._done))]


def _original_expiration(deaths: Any) -> int | None:
    for death in deaths:
        if (value := death.get('original-expiration')) is not None:
            return int(value)
    return None
