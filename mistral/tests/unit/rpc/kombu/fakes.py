"""Stands for py-amqp, without a broker."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any


class FakeChannel:
    """Notes what is done with it."""

    def __init__(self) -> None:
        self.events: Any = defaultdict(set)
        self.callbacks: dict[str, Any] = {}
        self.published: list[Any] = []
        self.acknowledged: list[int] = []
        self.rejected: list[tuple[int, bool]] = []
        self.declared: list[str] = []
        self.deleted: list[str] = []

    def confirm_select(self):
        pass

    def basic_qos(self, size, count, a_global):
        pass

    def queue_declare(self, name, **arguments):
        self.declared.append(name)

    def queue_delete(self, name, **arguments):
        self.deleted.append(name)

    def basic_consume(self, queue, callback):
        self.callbacks[queue] = callback

    def basic_ack(self, tag, multiple=False):
        self.acknowledged.append(tag)

    def basic_reject(self, tag, requeue):
        self.rejected.append((tag, requeue))

    def send_method(self, sig, format=None, args=None, content=None):
        self.published.append(content)

    def confirm(self, tag, multiple=False):
        for callback in self.events['basic_ack']:
            callback(tag, multiple)

    def refuse(self, tag):
        for callback in self.events['basic_nack']:
            callback(tag, False)

    def give_back(self, message):
        for callback in self.events['basic_return']:
            callback(None, '', '', message)


class FakeConnection:
    def __init__(self) -> None:
        self.channels: list[FakeChannel] = []
        self.is_blocked = False
        self.is_full = False

    def channel(self):
        self.channels.append(FakeChannel())
        return self.channels[-1]

    def flush(self):
        pass


class FakeLink:
    is_up = True

    def wake(self):
        pass

    def start(self):
        pass

    def stop(self):
        pass


def message(channel, tag, *, redelivered=False, body=b'', **properties):
    """One from the broker."""
    return SimpleNamespace(
        channel=channel,
        delivery_tag=tag,
        body=body,
        properties=properties,
        delivery_info={'redelivered': redelivered},
    )
