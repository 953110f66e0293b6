"""The client side: calls and casts, and the answers to calls."""

import itertools
import time
from collections.abc import Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Final

from mistral.context import RequestContext
from mistral.exceptions import RpcError, RpcTimeoutError
from mistral.rpc.kombu import messages, topology
from mistral.rpc.kombu.connections import Connection
from mistral.rpc.kombu.links import MakeLink
from mistral.rpc.kombu.outbox import Batch, Done, Outbox
from mistral.rpc.kombu.settings import Settings

_PERSISTENT: Final = {'content_type': 'application/json', 'delivery_mode': 2}
#: Answers are not worth a disk: whoever misses one asks again.
_TRANSIENT: Final = {'content_type': 'application/json', 'delivery_mode': 1}

#: Seconds after which answers are acknowledged, if nothing else is sent before.
_ACK_DELAY: Final = 0.5


class KombuTransport:
    """Carries calls over one connection, which all threads of the process share."""

    def __init__(self, settings: Settings, queues: topology.Queues, make_link: MakeLink) -> None:
        self._topics = settings.topics
        self._timeout = settings.response_timeout
        self._queues = queues
        self._client = _Client([queues.shared(topic) for topic in self._topics.values()])
        self._link = make_link('rpc-client', self._client)
        self._ids = itertools.count(1)

    def start(self) -> None:
        self._link.start()

    def call(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        arguments: Mapping[str, Any],
        *,
        server: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Call and wait for the result; see `mistral.rpc.base.Transport`.

        While the broker is away it is tried again for as long as the caller waits.
        """
        seconds = self._timeout if timeout is None else timeout
        body = messages.CallWriter(method, caller).write(arguments)
        call_id = str(next(self._ids))
        answer: SimpleQueue[bytes | Exception] = SimpleQueue()

        def published(error: Exception | None) -> None:
            if error is not None:
                answer.put(error)

        batch = Batch(
            self._queue(topic, server), 1, published,
            deadline=time.monotonic() + seconds, server=server, expires=True,
            properties={
                **_PERSISTENT, 'correlation_id': call_id, 'reply_to': self._client.replies.name,
            },
        )  # fmt: skip
        self._client.answers[call_id] = answer
        try:
            self._post(batch, [body])
            outcome = answer.get(timeout=seconds)
        except Empty:
            batch.give_up()
            raise RpcTimeoutError(
                f'This rpc call "{method}" took longer than configured {seconds} seconds.'
            ) from None
        finally:
            self._client.answers.pop(call_id, None)
        if isinstance(outcome, Exception):
            raise outcome
        return messages.read_answer(outcome)

    def cast(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        calls: Sequence[Mapping[str, Any]],
        *,
        server: str | None = None,
    ) -> None:
        """Call once for each set of arguments; see `mistral.rpc.base.Transport`.

        Returns when the broker has all messages in safe hands. While it is away it is tried again
        for `[DEFAULT] rpc_response_timeout`. If it fails, servers may have got some of the calls.

        :raises ServerGoneError: if there is no such server.
        :raises SizeLimitExceededException: if one of them is too large for the broker.
        :raises RpcError: if the broker does not take the messages in time.
        """
        if not calls:
            return
        writer = messages.CallWriter(method, caller)
        bodies = [writer.write(arguments) for arguments in calls]
        outcome: SimpleQueue[Exception | None] = SimpleQueue()
        batch = Batch(
            self._queue(topic, server), len(bodies), outcome.put,
            deadline=time.monotonic() + self._timeout, server=server, properties=_PERSISTENT,
        )  # fmt: skip
        self._post(batch, bodies)
        try:
            error = outcome.get(timeout=self._timeout)
        except Empty:
            batch.give_up()
            raise RpcError(
                f'The message broker has not confirmed "{method}" within {self._timeout} seconds.'
            ) from None
        if error is not None:
            raise error

    def answer(self, reply_to: str, call_id: str, body: bytes, done: Done) -> None:
        """Publish the answer to a call and return at once.

        :param done: called when the broker has it, or when it can not be sent.
        """
        # The queue of a caller who is gone is gone, as well, and that is of no interest.
        batch = Batch(
            reply_to, 1, done,
            deadline=time.monotonic() + self._timeout, server=reply_to,
            properties={**_TRANSIENT, 'correlation_id': call_id},
        )  # fmt: skip
        self._post(batch, [body])

    def close(self) -> None:
        self._link.stop()

    def _post(self, batch: Batch, bodies: Sequence[bytes]) -> None:
        self._client.outbox.post(batch, bodies)
        self._link.wake()

    def _queue(self, topic: str, server: str | None) -> str:
        name = self._topics[topic]
        if server is None:
            return self._queues.shared(name).name
        return self._queues.name_for(name, server)


class _Client:
    """What happens on the connection; called by the thread of the link."""

    def __init__(self, shared: Sequence[topology.Queue]) -> None:
        self._shared = {queue.name: queue for queue in shared}
        self.replies = topology.reply_queue()
        self.outbox = Outbox(self._declare_again)
        #: Who waits for the answer to a call, by its correlation id.
        self.answers: dict[str, SimpleQueue[bytes | Exception]] = {}
        self._reply_channel: Any = None
        #: The latest answer that is not acknowledged, and when it has to be; 0: there is none.
        self._last_tag = 0
        self._ack_at = 0.0

    def opened(self, connection: Connection) -> None:
        channel = connection.channel()
        for queue in (*self._shared.values(), self.replies):
            queue.declare(channel)
        channel.basic_consume(self.replies.name, callback=self._on_answer)
        self._reply_channel = channel
        self.outbox.open(connection)

    def work(self) -> float | None:
        # Acknowledgements of answers wait for company: it does no harm if an answer comes twice.
        if self._last_tag and (self.outbox.has_work or time.monotonic() >= self._ack_at):
            self._reply_channel.basic_ack(self._last_tag, multiple=True)
            self._last_tag = 0
        wait = self.outbox.work()
        if wait is None and self._last_tag:
            wait = max(0.0, self._ack_at - time.monotonic())
        return wait

    def closing(self) -> None:
        # The channel of the outbox comes after it: the broker takes in what was published.
        self._reply_channel.queue_delete(self.replies.name, nowait=True)

    def closed(self, error: Exception | None) -> None:
        self.outbox.close(error)
        self._last_tag = 0

    def _on_answer(self, message: Any) -> None:
        if not self._last_tag:
            self._ack_at = time.monotonic() + _ACK_DELAY
        self._last_tag = message.delivery_tag
        # Nobody waits for an answer that comes twice, or too late.
        waiter = self.answers.pop(message.properties.get('correlation_id', ''), None)
        if waiter is not None:
            waiter.put(message.body)

    def _declare_again(self, channel: Any, name: str) -> None:
        """Make a shared queue that somebody has deleted."""
        if queue := self._shared.get(name):
            queue.declare(channel, nowait=True)
