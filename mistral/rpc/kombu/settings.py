"""What the configuration says about the broker."""

import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import oslo_messaging
from oslo_config import cfg
from oslo_messaging import opts

from mistral.exceptions import ConfigurationError
from mistral.rpc import base

_GROUP: Final = 'oslo_messaging_rabbit'

#: Drivers of transport URLs that mean RabbitMQ, as oslo.messaging and kombu name them.
_DRIVERS: Final = frozenset(
    {'rabbit', 'kombu', 'amqp', 'pyamqp', 'kombu+rabbit', 'kombu+amqp', 'kombu+pyamqp'}
)
_TLS_DRIVERS: Final = frozenset({'amqps', 'kombu+amqps'})

_PORT: Final = 5672

_LOGIN_METHODS: Final = ('PLAIN', 'AMQPLAIN', 'EXTERNAL')

#: Values of `ssl_version` and the one version that they allow; None: the best that both know.
_TLS_VERSIONS: Final = {
    '': None,
    'sslv23': None,
    'tlsv1': ssl.TLSVersion.TLSv1,
    'tlsv1_1': ssl.TLSVersion.TLSv1_1,
    'tlsv1_2': ssl.TLSVersion.TLSv1_2,
    'tlsv1_3': ssl.TLSVersion.TLSv1_3,
}


@dataclass(frozen=True)
class Host:
    """A node of the broker; it is shown without its password."""

    name: str
    port: int
    user: str
    password: str = field(repr=False)

    def __str__(self) -> str:
        return f'[{self.name}]:{self.port}' if ':' in self.name else f'{self.name}:{self.port}'


@dataclass(frozen=True)
class Settings:
    """Times are in seconds. `tls` holds arguments of py-amqp; None: no TLS."""

    hosts: tuple[Host, ...]
    virtual_host: str
    login_method: str
    tls: dict[str, Any] | None
    check_host_name: bool
    heartbeat: int
    retry_interval: float
    retry_backoff: float
    retry_interval_max: float
    response_timeout: float
    shutdown_timeout: float
    quorum_queues: bool
    topics: dict[str, str]
    server_hosts: dict[str, str]


def read(conf: cfg.ConfigOpts) -> Settings:
    """Raises ConfigurationError, saying what to change, for values that cannot be used."""
    register(conf)
    url = _parse_url(conf)
    option = _option_reader(conf, url.query)
    tls = _tls(option) if option('ssl') or url.transport in _TLS_DRIVERS else None
    return Settings(
        hosts=_hosts(url),
        virtual_host=url.virtual_host or '/',
        login_method=_choice('rabbit_login_method', option('rabbit_login_method'), _LOGIN_METHODS),
        tls=tls,
        check_host_name=bool(tls and tls.get('ca_certs'))
        and option('ssl_enforce_hostname_verification', default=True),
        heartbeat=_at_least_zero('heartbeat_timeout_threshold', option),
        retry_interval=option('rabbit_retry_interval'),
        retry_backoff=option('rabbit_retry_backoff'),
        retry_interval_max=option('rabbit_interval_max'),
        response_timeout=conf.rpc_response_timeout,
        shutdown_timeout=conf.graceful_shutdown_timeout,
        quorum_queues=option('rabbit_quorum_queue'),
        topics={name: conf[name].topic for name in base.TOPICS},
        server_hosts={name: conf[name].host for name in base.TOPICS},
    )


def register(conf: cfg.ConfigOpts) -> None:
    """Make the options of oslo.messaging readable. Safe to call twice."""
    for group, options in opts.list_opts():
        conf.register_opts(options, group)


def _parse_url(conf: cfg.ConfigOpts) -> Any:
    try:
        url = oslo_messaging.TransportURL.parse(conf)
    except (oslo_messaging.InvalidTransportURL, ValueError) as e:
        # The URL itself has passwords in it, and stays out of the message.
        raise ConfigurationError(
            f'[DEFAULT] transport_url cannot be read ({e}); it should look like '
            'rabbit://user:password@host:5672/virtual_host.'
        ) from e
    if url.transport not in _DRIVERS | _TLS_DRIVERS:
        raise ConfigurationError(
            f'[DEFAULT] transport_url begins with "{url.transport}:", and this message bus is '
            'RabbitMQ only; it should look like rabbit://user:password@host:5672/virtual_host.'
        )
    return url


def _hosts(url: Any) -> tuple[Host, ...]:
    """In random order, so that the processes spread over the nodes; one on this host if none."""
    if not url.hosts:
        return (Host('127.0.0.1', _PORT, 'guest', 'guest'),)
    hosts = [
        Host(host.hostname or '127.0.0.1', host.port or _PORT, host.username or '',
             host.password or '')
        for host in url.hosts
    ]  # fmt: skip
    random.shuffle(hosts)
    return tuple(hosts)


def _option_reader(conf: cfg.ConfigOpts, query: dict[str, str]) -> Callable[..., Any]:
    """Reads options of the group; the query of the URL comes first, as in oslo.messaging."""
    known = {option.dest: option for option in dict(opts.list_opts())[_GROUP]}

    def read_option(name: str, default: Any = None) -> Any:
        if name not in known:  # a version of oslo.messaging that has it not, or not any more
            return default
        if name not in query:
            return conf[_GROUP][name]
        try:
            return known[name].type(query[name])
        except ValueError as e:
            raise ConfigurationError(f'[DEFAULT] transport_url sets {name} wrongly: {e}') from e

    return read_option


def _tls(option: Callable[..., Any]) -> dict[str, Any]:
    """Arguments of py-amqp's `SSLTransport`."""
    files = {
        'keyfile': 'ssl_key_file',
        'certfile': 'ssl_cert_file',
        'ca_certs': 'ssl_ca_file',
    }
    tls: dict[str, Any] = {}
    for argument, name in files.items():
        if path := option(name):
            if not Path(path).is_file():
                raise ConfigurationError(f'[{_GROUP}] {name}: there is no file {path}.')
            tls[argument] = path
    if 'keyfile' in tls and 'certfile' not in tls:
        raise ConfigurationError(f'[{_GROUP}] ssl_key_file needs ssl_cert_file.')
    if 'ca_certs' in tls:
        tls['cert_reqs'] = ssl.CERT_REQUIRED
    name = (option('ssl_version') or '').lower()
    if version := _TLS_VERSIONS[_choice('ssl_version', name, tuple(_TLS_VERSIONS))]:
        tls |= {'tls_minimum_version': version, 'tls_maximum_version': version}
    return tls


def _choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        known = ', '.join(choice for choice in choices if choice)
        raise ConfigurationError(f'[{_GROUP}] {name} is "{value}"; it can be one of: {known}.')
    return value


def _at_least_zero(name: str, option: Callable[..., Any]) -> int:
    value: int = option(name)
    if value < 0:
        raise ConfigurationError(f'[{_GROUP}] {name} is {value}; it cannot be less than 0.')
    return value
