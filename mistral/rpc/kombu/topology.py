"""Queues: their names, arguments and how long they live.

All messages go through the default exchange, straight to a queue:

- The servers of a topic share one queue. It is there for ever, and clients declare it too, so
  calls wait for a server that has yet to come.
- Servers with the same `[<topic>] host` share a queue of that name, for calls that want that host.
  It goes when no server has used it for half an hour, with what is in it.
- Each server has a queue of its own. It could be exclusive to the connection, and vanish with it;
  but then a broken connection would lose what is in it. So it outlives its server by a minute, and
  what nobody takes from it goes to the other servers of the topic after `_OWN_PATIENCE`. Callers
  who ask for a server that is gone for longer are told so.
- Each process has a queue for the answers to its calls, which waits for it to reconnect.

Every name ends in what the queue is: 'durable', or 'quorum' if the queues are replicated
(`[oslo_messaging_rabbit] rabbit_quorum_queue`). So queues that were made with other arguments, and
those of oslo.messaging, do not get in the way.
"""

import socket
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

#: Milliseconds that a queue lives without a consumer.
_HOST_EXPIRES: Final = 30 * 60 * 1000
_OWN_EXPIRES: Final = 60 * 1000
_REPLY_EXPIRES: Final = 3 * 60 * 1000

#: Milliseconds that a message waits for the one server it is meant for, before any other gets it.
#: Longer than it takes to reconnect, and shorter than the queue lives.
OWN_PATIENCE: Final = 10 * 1000


@dataclass(frozen=True)
class Queue:
    """`gives_way`: other servers get what it holds when its server is gone."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    gives_way: bool = False

    def declare(self, channel: Any, *, nowait: bool = False) -> None:
        """Make it if it is not there; raises an error of amqp if there is one of another kind.

        :param nowait: do not wait for the broker; it closes the channel if it cannot.
        """
        channel.queue_declare(
            self.name,
            durable=True,
            auto_delete=False,
            arguments=self.arguments,
            nowait=nowait,
        )


class Queues:
    """The queues of topics."""

    def __init__(self, quorum: bool) -> None:
        self._kind = 'quorum' if quorum else 'durable'
        self._arguments = {'x-queue-type': 'quorum'} if quorum else {}

    def shared(self, topic: str) -> Queue:
        """The queue of all servers of a topic."""
        return Queue(f'{topic}.{self._kind}', dict(self._arguments))

    def of_host(self, topic: str, host: str) -> Queue:
        """The queue of the servers that have a host in common."""
        return Queue(self.name_for(topic, host), {**self._arguments, 'x-expires': _HOST_EXPIRES})

    def own(self, topic: str, server: str) -> Queue:
        """The queue of one server, by its unique name."""
        arguments = {
            **self._arguments,
            'x-expires': _OWN_EXPIRES,
            'x-message-ttl': OWN_PATIENCE,
            'x-dead-letter-exchange': '',
            'x-dead-letter-routing-key': self.shared(topic).name,
        }
        return Queue(self.name_for(topic, server), arguments, gives_way=True)

    def name_for(self, topic: str, server: str) -> str:
        """Where calls go that are meant for a server, by its host or its unique name."""
        return f'{topic}.{server}.{self._kind}'


def reply_queue() -> Queue:
    """A queue for the answers to the calls of this process, with a name that no other has."""
    arguments = {'x-expires': _REPLY_EXPIRES}
    return Queue(f'mistral_reply.{unique_name()}', arguments)


def unique_name() -> str:
    """A name that begins with the host, for people, and that nobody else has."""
    return f'{socket.gethostname()}.{uuid.uuid4().hex[:12]}'
