"""Messages to the broker, until it has confirmed them.

Any thread may post batches. The rest is called by the thread of the link, which publishes what is
posted, in order, and counts the confirms as they come: however many messages there are, they cost
no round trip each. What is not confirmed when the connection is lost is published again on the
next one.
"""

import itertools
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import amqp
from amqp import spec

from mistral.exceptions import RpcError, ServerGoneError, SizeLimitExceededException
from mistral.rpc.kombu.connections import Connection

#: Called once, by the thread of the link: with None when all messages are confirmed, or with why
#: one of them is not.
Done = Callable[[Exception | None], None]

#: Declares a shared queue on a channel, without waiting.
DeclareAgain = Callable[[Any, str], None]


class Batch:
    """Messages for one queue, and what they have in common.

    :param queue: the name of the queue.
    :param deadline: the time (`time.monotonic`) from which on they are not worth publishing.
    :param server: who alone they are meant for. The batch fails if there is no such queue.
    :param properties: of AMQP, for all messages.
    :param expires: the broker shall drop them at the deadline if nobody has taken them.
    """

    __slots__ = ('_left', 'deadline', 'done', 'error', 'expires', 'properties', 'queue', 'server')

    def __init__(
        self,
        queue: str,
        size: int,
        done: Done,
        *,
        deadline: float,
        server: str | None = None,
        properties: dict[str, Any] | None = None,
        expires: bool = False,
    ) -> None:
        self.queue = queue
        self.done = done
        self.deadline = deadline
        self.server = server
        self.properties = properties or {}
        self.expires = expires
        self.error: Exception | None = None
        self._left = size

    def give_up(self) -> None:
        """Publish no more of it; any thread may call this."""
        self.deadline = 0

    def settle(self, error: Exception | None = None) -> None:
        """One message is done with."""
        self.error = self.error or error
        self._left -= 1
        if not self._left:
            self.done(self.error)


class _Publication:
    """One message. `is_returned`: the broker has no such queue, its confirm comes nevertheless."""

    __slots__ = ('batch', 'body', 'id', 'is_returned')

    def __init__(self, batch: Batch, id: str, body: bytes) -> None:
        self.batch = batch
        self.id = id
        self.body = body
        self.is_returned = False


class Outbox:
    def __init__(self, declare_again: DeclareAgain) -> None:
        """:param declare_again: what to do about a shared queue that is gone."""
        self._declare_again = declare_again
        self._waiting: deque[_Publication] = deque()
        #: By delivery tag, in order; and those of them that the broker may return.
        self._unconfirmed: dict[int, _Publication] = {}
        self._by_id: dict[str, _Publication] = {}
        self._tags = itertools.count(1)
        self._ids = itertools.count(1)
        # Receivers tell by the id what they have seen already, so no two processes share one.
        self._prefix = uuid.uuid4().hex[:16]
        self._connection: Connection | None = None
        self._channel: Any = None

    @property
    def has_work(self) -> bool:
        return bool(self._waiting)

    def post(self, batch: Batch, bodies: Sequence[bytes]) -> None:
        """Have messages published; the link has to be woken. Any thread may call this."""
        self._waiting.extend(
            [_Publication(batch, f'{self._prefix}.{next(self._ids)}', body) for body in bodies]
        )

    def open(self, connection: Connection) -> None:
        """Publish over a new connection, what the last one has not confirmed first."""
        channel = connection.channel()
        channel.confirm_select()
        channel.events['basic_ack'].add(self._on_ack)
        channel.events['basic_nack'].add(self._on_nack)
        channel.events['basic_return'].add(self._on_return)
        self._tags = itertools.count(1)
        self._connection = connection
        self._channel = channel

    def close(self, error: Exception | None = None) -> None:
        """Keep what is not confirmed for the next connection.

        :param error: why there is none. One message may be to blame: that is not sent again.
        """
        unconfirmed = list(self._unconfirmed.values())
        if unconfirmed and _is_about_size(error):
            # The broker does not say which one it was, but it can only be the largest.
            culprit = max(unconfirmed, key=lambda publication: len(publication.body))
            unconfirmed.remove(culprit)
            culprit.batch.settle(
                SizeLimitExceededException(f'The message is too large for the broker: {error}')
            )
        self._unconfirmed.clear()
        self._by_id.clear()
        self._waiting.extendleft(reversed(unconfirmed))
        self._connection = self._channel = None

    def work(self) -> float | None:
        """Publish; returns 0 if there is more."""
        connection = self._connection
        if connection is None or connection.is_blocked:
            return None
        now = time.monotonic()
        while self._waiting:
            if connection.is_full:
                return 0
            publication = self._waiting.popleft()
            if publication.batch.deadline <= now:
                publication.batch.settle(RpcError('There was no time left to send it'))
            else:
                self._publish(publication, now)
        return None

    def _publish(self, publication: _Publication, now: float) -> None:
        batch = publication.batch
        publication.is_returned = False
        # First, so that it is published again if writing it breaks the connection.
        self._unconfirmed[next(self._tags)] = publication
        self._by_id[publication.id] = publication
        properties = batch.properties
        if batch.expires:
            milliseconds = max(1, int((batch.deadline - now) * 1000))
            properties = {**properties, 'expiration': str(milliseconds)}
        message = amqp.Message(publication.body, message_id=publication.id, **properties)
        # As `basic_publish` does, without its look at the socket before each message.
        self._channel.send_method(
            spec.Basic.Publish, 'Bssbb', (0, '', batch.queue, True, False), message
        )

    def _on_ack(self, tag: int, multiple: bool) -> None:
        for publication in self._confirmed(tag, multiple):
            if not publication.is_returned:
                publication.batch.settle()
            elif server := publication.batch.server:
                publication.batch.settle(ServerGoneError(f'Nobody serves as "{server}"'))
            else:
                self._declare_again(self._channel, publication.batch.queue)
                self._waiting.append(publication)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        for publication in self._confirmed(tag, multiple):
            publication.batch.settle(RpcError('The message broker has refused the message'))

    def _on_return(self, _error: Exception, _exchange: str, _queue: str, message: Any) -> None:
        publication = self._by_id.get(message.properties['message_id'])
        if publication is not None:
            publication.is_returned = True

    def _confirmed(self, tag: int, multiple: bool) -> list[_Publication]:
        unconfirmed = self._unconfirmed
        if multiple:
            tags = list(itertools.takewhile(lambda each: each <= tag, unconfirmed))
        else:
            tags = [tag] if tag in unconfirmed else []
        found = [unconfirmed.pop(each) for each in tags]
        for publication in found:
            del self._by_id[publication.id]
        return found


def _is_about_size(error: Exception | None) -> bool:
    """Nothing else can be wrong with messages as they are published here."""
    return isinstance(error, amqp.PreconditionFailed) and error.method_sig == spec.Basic.Publish
