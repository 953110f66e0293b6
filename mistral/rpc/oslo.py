"""Calls over oslo.messaging: `fake://` within a process, `rabbit://` between processes."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import oslo_messaging as messaging
from oslo_config import cfg

from mistral.context import RequestContext
from mistral.exceptions import ConfigurationError, MistralException
from mistral.rpc import base, wire

LOG = logging.getLogger(__name__)

#: Where exceptions that come back may be found, to be raised again as what they are.
_EXCEPTION_MODULES: Final = ['mistral.exceptions', 'mistral_lib.exceptions']


class OsloTransport:
    """The client side. One per process."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Raises ConfigurationError for an unusable `transport_url`."""
        try:
            self.messaging = messaging.get_rpc_transport(
                conf, allowed_remote_exmods=_EXCEPTION_MODULES
            )
        except messaging.DriverLoadFailure as e:
            raise ConfigurationError(f'[DEFAULT] transport_url cannot be used: {e}') from e
        topics = topics_of(conf)
        self._clients = {
            name: messaging.get_rpc_client(self.messaging, messaging.Target(topic=topic))
            for name, topic in topics.items()
        }
        self._timeout: float = conf.rpc_response_timeout

    def call(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        arguments: Mapping[str, Any],
        *,
        server: str | None = None,
    ) -> Any:
        client = self._client(topic, server)
        try:
            answer = client.call(wire.dump_caller(caller), method, data=wire.dump(arguments))
        except messaging.MessagingTimeout as e:
            raise MistralException(
                f'This rpc call "{method}" took longer than configured {self._timeout} seconds.'
            ) from e
        return wire.load(answer)

    def cast(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        arguments: Mapping[str, Any],
        *,
        server: str | None = None,
    ) -> None:
        client = self._client(topic, server)
        client.cast(wire.dump_caller(caller), method, data=wire.dump(arguments))

    def close(self) -> None:
        self.messaging.cleanup()

    def _client(self, topic: str, server: str | None) -> Any:
        client = self._clients[topic]
        return client if server is None else client.prepare(server=server)


class OsloServer:
    """The server side: makes the methods of an endpoint callable on a topic."""

    def __init__(
        self, conf: cfg.ConfigOpts, transport: OsloTransport, topic: str, endpoint: Any
    ) -> None:
        host = conf[topic].host
        target = messaging.Target(topic=topics_of(conf)[topic], server=host)
        self._server = messaging.get_rpc_server(
            transport.messaging, target, [_Dispatched(endpoint)], executor='threading'
        )

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """Finish the calls in hand."""
        self._server.stop()
        self._server.wait()


def topics_of(conf: cfg.ConfigOpts) -> dict[str, str]:
    """The topic on the bus of each of our services."""
    return {name: conf[name].topic for name in (base.ENGINE, base.EXECUTOR)}


class _Dispatched:
    """Unpacks arguments and packs results around each method of an endpoint."""

    def __init__(self, endpoint: Any) -> None:
        self._endpoint = endpoint

    def __getattr__(self, name: str) -> Callable[..., str]:
        method = getattr(self._endpoint, name)

        def invoke(caller: Mapping[str, Any], data: str) -> str:
            return wire.dump(method(wire.load_caller(caller), **wire.load(data)))

        return messaging.expected_exceptions(MistralException)(invoke)
