"""The message bus of a process: one client, and servers."""

from typing import Any

from oslo_config import cfg

from mistral.rpc import base
from mistral.rpc.kombu import settings, topology
from mistral.rpc.kombu.client import KombuTransport
from mistral.rpc.kombu.links import Broker, Link, User
from mistral.rpc.kombu.server import KombuServer


class KombuBackend(base.Backend):
    """RabbitMQ, at least once."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Connects in the background.

        :raises ConfigurationError: for values that cannot be used.
        """
        self._settings = settings.read(conf)
        self._broker = Broker(self._settings)
        self._queues = topology.Queues(self._settings.quorum_queues)
        self._transport = KombuTransport(self._settings, self._queues, self._make_link)
        self._transport.start()

    @property
    def transport(self) -> KombuTransport:
        return self._transport

    def server(self, topic: str, endpoint: Any, *, threads: int, capacity: int) -> KombuServer:
        """See `mistral.rpc.base.Backend`.

        The broker counts `capacity` for each queue of the server on its own: that of the topic,
        that of its host and that of its own.
        """
        on_bus = self._settings.topics[topic]
        host = self._settings.server_hosts[topic]
        name = topology.unique_name()
        queues = [self._queues.shared(on_bus), self._queues.own(on_bus, name)]
        if host != base.NO_HOST:
            queues.append(self._queues.of_host(on_bus, host))
        return KombuServer(
            name,
            endpoint,
            self._transport,
            queues,
            self._make_link,
            threads=threads,
            capacity=capacity,
            stop_timeout=self._settings.shutdown_timeout or None,
        )

    @property
    def trouble(self) -> str | None:
        return self._broker.trouble

    def close(self) -> None:
        self._transport.close()

    def _make_link(self, name: str, user: User) -> Link:
        return Link(name, self._broker, user)
