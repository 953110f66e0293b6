"""Consumes the queues of a server.

The broker lets a server have `capacity` messages of each of its queues that are not acknowledged.
`accept`, `finish` and `give_back` may be called by any thread, the rest is called by the thread of
the link.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Any, Final

from amqp import spec

from mistral.rpc.kombu.connections import Connection
from mistral.rpc.kombu.deliveries import Delivery, Ledger
from mistral.rpc.kombu.links import Link, MakeLink
from mistral.rpc.kombu.topology import Queue

#: Seconds after which a message is acknowledged although it is still being handled. RabbitMQ closes
#: channels that leave a message unacknowledged for longer than its `consumer_timeout`, half an hour
#: by default. If the server dies after this time the message is lost: what takes so long has
#: heartbeats of its own.
PATIENCE: Final = 600

Accepted = SimpleQueue[bool]


class Intake:
    """:param take: called with each message; it must not block."""

    def __init__(
        self,
        queues: Sequence[Queue],
        capacity: int,
        take: Callable[[Delivery], None],
        make_link: MakeLink,
    ) -> None:
        self._queues = queues
        self._capacity = capacity
        self._take = take
        self._orders: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._ledger = Ledger()
        #: What the broker waits for an acknowledgement of, by delivery tag, oldest first.
        self._unacknowledged: dict[int, Delivery] = {}
        self._accepting: list[Accepted] = []
        self._is_cancelled = False
        self._connection: Connection | None = None
        self._channel: Any = None
        #: Set when no message comes any more.
        self.is_quiet = threading.Event()
        self._link: Link = make_link('rpc-server', self)

    def start(self) -> None:
        self._link.start()

    def cancel(self) -> None:
        """Take no more messages; `is_quiet` is set when that is so."""
        self._order(self._cancel)
        if not self._link.is_up:
            self._is_cancelled = True
            self.is_quiet.set()

    def stop(self) -> None:
        """Give back what is in hand and close the connection."""
        self._link.stop()
        self._is_cancelled = True
        for order, arguments in self._orders:
            if order == self._accept:
                arguments[1].put(False)

    def accept(self, delivery: Delivery) -> bool:
        """Acknowledge a message before it is handled, and wait until that is written.

        False: it belongs to another server by now and must not be handled.
        """
        accepted: Accepted = SimpleQueue()
        self._order(self._accept, delivery, accepted)
        return accepted.get()

    def finish(self, delivery: Delivery) -> None:
        """Acknowledge a message that has been handled."""
        self._order(self._finish, delivery)

    def give_back(self, delivery: Delivery) -> None:
        """Let another server have a message that has not been handled."""
        self._order(self._give_back, delivery)

    def _order(self, order: Callable[..., None], *arguments: Any) -> None:
        self._orders.append((order, arguments))
        self._link.wake()

    # From here on it is the thread of the link.

    def opened(self, connection: Connection) -> None:
        self._connection = connection
        self._channel = channel = connection.channel()
        channel.basic_qos(0, self._capacity, False)
        for queue in self._queues:
            queue.declare(channel)
        if not self._is_cancelled:
            for queue in self._queues:
                channel.basic_consume(queue.name, callback=partial(self._on_message, queue))

    def work(self) -> float | None:
        while self._orders:
            order, arguments = self._orders.popleft()
            order(*arguments)
        if self._accepting and self._connection is not None:
            self._connection.flush()
            self._end_accepting(True)
        if self._is_cancelled and not self._channel.callbacks:
            self.is_quiet.set()
        return self._acknowledge_old()

    def closing(self) -> None:
        for delivery in list(self._unacknowledged.values()):
            if delivery.queue.gives_way:
                self._channel.basic_reject(delivery.tag, requeue=False)
        if self.is_quiet.is_set():
            # Callers learn at once that this server is gone. If there is something in it after
            # all, it stays, and what is in it goes to the other servers a little later.
            for queue in self._queues:
                if queue.gives_way:
                    self._channel.queue_delete(queue.name, if_empty=True, nowait=True)

    def closed(self, error: Exception | None) -> None:
        self._connection = self._channel = None
        self._unacknowledged.clear()
        self._end_accepting(False)
        if self._is_cancelled:
            self.is_quiet.set()

    def _on_message(self, queue: Queue, message: Any) -> None:
        if self._is_cancelled:
            self._channel.basic_reject(message.delivery_tag, requeue=True)
            return
        message_id = message.properties.get('message_id')
        if delivery := self._ledger.find(message_id):
            if delivery.channel is self._channel:
                # Published twice. The first one stands for both.
                self._channel.basic_ack(message.delivery_tag)
                return
            delivery.deliver(message)
            self._unacknowledged[delivery.tag] = delivery
            if not delivery.may_be_repeated:
                self._acknowledge(delivery)
            return
        delivery = Delivery(queue, message)
        self._unacknowledged[delivery.tag] = delivery
        if self._ledger.was_done(message_id) or delivery.is_stale:
            self._acknowledge(delivery)
            return
        self._ledger.add(delivery)
        self._take(delivery)

    def _cancel(self) -> None:
        self._is_cancelled = True
        for tag in self._channel.callbacks:
            # `basic_cancel` would wait for the answer, which `receive` has to read.
            self._channel.send_method(spec.Basic.Cancel, 'sb', (tag, False))

    def _accept(self, delivery: Delivery, accepted: Accepted) -> None:
        if delivery.channel is not self._channel:
            self._ledger.remove(delivery, is_done=False)
            accepted.put(False)
            return
        delivery.may_be_repeated = False
        self._acknowledge(delivery)
        self._accepting.append(accepted)

    def _finish(self, delivery: Delivery) -> None:
        self._ledger.remove(delivery, is_done=True)
        self._acknowledge(delivery)

    def _give_back(self, delivery: Delivery) -> None:
        self._ledger.remove(delivery, is_done=False)
        if not delivery.is_acknowledged and delivery.channel is self._channel:
            delivery.is_acknowledged = True
            self._unacknowledged.pop(delivery.tag, None)
            # A server's own queue passes on what is rejected, others have it again.
            self._channel.basic_reject(delivery.tag, requeue=not delivery.queue.gives_way)

    def _acknowledge(self, delivery: Delivery) -> None:
        """Once, and only on the channel that it has come by."""
        if not delivery.is_acknowledged and delivery.channel is self._channel:
            delivery.is_acknowledged = True
            self._unacknowledged.pop(delivery.tag, None)
            self._channel.basic_ack(delivery.tag)

    def _end_accepting(self, outcome: bool) -> None:
        for accepted in self._accepting:
            accepted.put(outcome)
        self._accepting.clear()

    def _acknowledge_old(self) -> float | None:
        """Returns the seconds until the next message is old."""
        now = time.monotonic()
        while self._unacknowledged:
            tag, oldest = next(iter(self._unacknowledged.items()))
            if now < oldest.since + PATIENCE:
                return oldest.since + PATIENCE - now
            del self._unacknowledged[tag]
            self._acknowledge(oldest)
        return None
