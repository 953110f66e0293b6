"""The backends that the contract tests run with, and what each of them can do."""

import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from oslo_config import cfg

from mistral import config
from mistral.rpc import base
from mistral.rpc.kombu import settings


@dataclass(frozen=True)
class Kind:
    """`abilities` are names of marks `needs(...)`; tests that need another one are left out."""

    factory: str
    abilities: frozenset[str] = frozenset()

    def make(self, conf: cfg.ConfigOpts) -> base.Backend:
        module, _, name = self.factory.partition(':')
        backend: base.Backend = getattr(import_module(module), name)(conf)
        return backend


#: What only some backends can do:
#:   redelivery   another server gets what a dead one had in hand, and is told so
#:   capacity     a server takes no more messages than it was told to
#:   gone         whoever calls a server that is not there hears of it at once
#:   names        each server has a name to itself
#:   futures      an endpoint may answer with a Future
#:   errors       errors that nobody foresaw keep their text for themselves
#:   resilience   broken connections harm nobody
KINDS: Final = {
    'kombu': Kind(
        'mistral.rpc.kombu.backend:KombuBackend',
        frozenset({'redelivery', 'capacity', 'gone', 'names', 'futures', 'errors', 'resilience'}),
    ),
    'oslo': Kind('mistral.rpc.oslo:OsloBackend', frozenset({'futures'})),
}


def configuration(url: str, prefix: str, **options: Any) -> cfg.ConfigOpts:
    """A configuration whose topics begin with a prefix of their own."""
    conf = cfg.ConfigOpts()
    config.register(conf)
    conf([], project='mistral', default_config_files=[], default_config_dirs=[])
    settings.register(conf)
    # oslo.messaging registers these with `cfg.CONF` only, and reads them from the one it is given.
    for name in ('tracing', 'metrics'):
        module, group = import_module(f'oslo_messaging._{name}.client'), f'oslo_messaging_{name}'
        conf.register_opts(getattr(module, group), group)
    conf.set_override('transport_url', url)
    for topic in base.TOPICS:
        conf.set_override('topic', f'{prefix}_{topic}', topic)
    for name, value in options.items():
        conf.set_override(name, value)
    return conf


def rabbitmqctl(*arguments: str) -> str:
    return subprocess.run(
        ['rabbitmqctl', '--quiet', *arguments], check=True, capture_output=True, text=True
    ).stdout


@contextmanager
def virtual_host(user: str) -> Iterator[str]:
    """An empty virtual host of the broker."""
    name = f'mistral_test_{uuid.uuid4().hex[:12]}'
    rabbitmqctl('add_vhost', name)
    try:
        rabbitmqctl('set_permissions', '-p', name, user, '.*', '.*', '.*')
        yield name
    finally:
        rabbitmqctl('delete_vhost', name)


class Bus:
    """Makes backends, servers and clients of one kind that talk to each other."""

    def __init__(self, kind: str, url: str, prefix: str, keep: Callable[..., Any]) -> None:
        self.kind = kind
        self.url = url
        self.prefix = prefix
        self._keep = keep

    def backend(self, url: str | None = None, host: str | None = None, **options: Any) -> Any:
        """A backend, as of another process. It is closed after the test."""
        conf = configuration(url or self.url, self.prefix, **options)
        if host:
            conf.set_override('host', host, base.ENGINE)
        backend = KINDS[self.kind].make(conf)
        self._keep(backend.close)
        return backend

    def serve(
        self,
        endpoint: Any,
        *,
        backend: base.Backend | None = None,
        threads: int = 4,
        capacity: int = 10,
        **options: Any,
    ) -> base.Server:
        """A running server of the topic `engine`. It is stopped after the test."""
        backend = backend or self.backend(**options)
        server = backend.server(base.ENGINE, endpoint, threads=threads, capacity=capacity)
        server.start()
        self._keep(server.stop)
        return server

    def client(self, **options: Any) -> Any:
        return self.backend(**options).transport
