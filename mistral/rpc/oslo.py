"""Calls over oslo.messaging: `fake://` within a process, `rabbit://` between processes.

A server acknowledges a message before it handles it, so a message dies with the server that has
it in hand.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any

import oslo_messaging as messaging
from oslo_config import cfg

from mistral.context import RequestContext
from mistral.exceptions import (
    ConfigurationError,
    MistralException,
    RpcError,
    RpcTimeoutError,
    UnavailableException,
)
from mistral.rpc import base, errors, wire

LOG = logging.getLogger(__name__)


class OsloBackend(base.Backend):
    """The bus of `[DEFAULT] transport_url`, with all options of oslo.messaging."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Raises ConfigurationError for an unusable `transport_url`."""
        self._conf = conf
        try:
            self._bus = messaging.get_rpc_transport(conf)
        except (messaging.DriverLoadFailure, messaging.InvalidTransportURL, ValueError) as e:
            raise ConfigurationError(f'[DEFAULT] transport_url cannot be used: {e}') from e
        self._transport = OsloTransport(conf, self._bus)

    @property
    def transport(self) -> base.Transport:
        return self._transport

    def server(self, topic: str, endpoint: Any, *, threads: int, capacity: int) -> base.Server:
        """oslo.messaging has one pool of threads for each server, `executor_thread_pool_size`."""
        return OsloServer(self._conf, self._bus, topic, endpoint)

    def close(self) -> None:
        self._bus.cleanup()


class OsloTransport:
    """The client side."""

    def __init__(self, conf: cfg.ConfigOpts, bus: Any) -> None:
        self._clients = {
            topic: messaging.get_rpc_client(bus, messaging.Target(topic=conf[topic].topic))
            for topic in base.TOPICS
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
        timeout: float | None = None,
    ) -> Any:
        client = self._prepare(topic, server, timeout)
        try:
            answer = client.call({}, method, **_packed(caller, arguments))
        except messaging.MessagingTimeout as e:
            seconds = self._timeout if timeout is None else timeout
            raise RpcTimeoutError(
                f'This rpc call "{method}" took longer than configured {seconds:g} seconds.'
            ) from e
        except messaging.MessageDeliveryFailure as e:
            raise RpcError(f'The rpc call "{method}" cannot be sent: {e}') from e
        return _unpacked(answer)

    def cast(
        self,
        topic: str,
        method: str,
        caller: RequestContext,
        calls: Sequence[Mapping[str, Any]],
        *,
        server: str | None = None,
    ) -> None:
        client = self._prepare(topic, server, None)
        for arguments in calls:
            try:
                client.cast({}, method, **_packed(caller, arguments))
            except messaging.MessageDeliveryFailure as e:
                raise RpcError(f'The rpc call "{method}" cannot be sent: {e}') from e

    def _prepare(self, topic: str, server: str | None, timeout: float | None) -> Any:
        changes: dict[str, Any] = {}
        if server is not None:
            changes['server'] = server
        if timeout is not None:
            changes['timeout'] = timeout
        client = self._clients[topic]
        return client.prepare(**changes) if changes else client


class OsloServer:
    """The server side: makes the methods of an endpoint callable on a topic."""

    def __init__(self, conf: cfg.ConfigOpts, bus: Any, topic: str, endpoint: Any) -> None:
        host = conf[topic].host
        target = messaging.Target(topic=conf[topic].topic, server=host)
        self._name = None if host == base.NO_HOST else host
        self._server = messaging.get_rpc_server(bus, target, [_Dispatched(endpoint)])
        self._stop_timeout: float | None = conf.graceful_shutdown_timeout or None

    @property
    def name(self) -> str | None:
        return self._name

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """Finish the calls in hand, as far as there is time."""
        self._server.stop()
        waiting = threading.Thread(target=self._server.wait, name='rpc-stop', daemon=True)
        waiting.start()
        waiting.join(self._stop_timeout)
        if waiting.is_alive():
            LOG.warning('Not all calls in hand have ended in time')


class _Dispatched:
    """Unpacks arguments and packs results around each method of an endpoint."""

    def __init__(self, endpoint: Any) -> None:
        self._endpoint = endpoint

    def __getattr__(self, name: str) -> Callable[..., str]:
        method = getattr(self._endpoint, name)

        def invoke(_context: Any, caller: Mapping[str, Any], data: str) -> str:
            try:
                answer = method(wire.load_caller(caller), **wire.load(data))
                result = answer.result() if isinstance(answer, Future) else answer
                return wire.dump({'result': result})
            except CancelledError:
                cancelled = UnavailableException(f'"{name}" was cancelled')
                return wire.dump({'error': errors.dump(cancelled)})
            except Exception as e:
                error = errors.as_told(e)
                if not isinstance(error, MistralException):
                    LOG.error('Failed to handle a call of %s', name, exc_info=e)
                return wire.dump({'error': errors.dump(error)})

        return invoke


def _packed(caller: RequestContext, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {'caller': wire.dump_caller(caller), 'data': wire.dump(arguments)}


def _unpacked(answer: str) -> Any:
    """The result; raises the error that came instead."""
    content = wire.load(answer)
    if 'error' in content:
        raise errors.load(content['error'])
    return content['result']
