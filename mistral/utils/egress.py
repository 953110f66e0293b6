"""Which hosts the service may send requests to on behalf of users.

A workflow author chooses the URLs of `std.http` and of webhooks, the service sends from inside the
operator's network. The rules keep such requests away from the machine itself, its neighbours and
the metadata services of clouds; `mistral.utils.http` applies them to every connection.
"""

import logging
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final
from urllib.parse import urlsplit

from mistral.exceptions import UrlNotAllowedException

LOG = logging.getLogger(__name__)

_NAT64: Final = IPv6Network('64:ff9b::/96')
_LOOPBACK_IPV4: Final = IPv4Address('127.0.0.1')
_LOOPBACK_IPV6: Final = IPv6Address('::1')


def parse_networks(cidrs: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks that the texts name; texts that name none are left out with a warning."""
    networks = []
    for cidr in cidrs:
        try:
            networks.append(ip_network(cidr, strict=False))
        except ValueError as error:
            LOG.warning('Entry %r of denied_cidrs is ignored: %s', cidr, error)
    return tuple(networks)


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """The rules of `[action_std_http]` or of another group of options.

    `allowed_hosts`: if not empty, only these hosts (exact names in lower case) may be contacted;
    being listed does not exempt a host from `denied_networks`. `group` is where the rules come
    from, and `noun` what names the host, both for the messages.
    """

    allowed_hosts: frozenset[str] = frozenset()
    denied_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    group: str = 'action_std_http'
    noun: str = 'URL host'

    def check_url(self, url: str) -> str:
        """Check scheme and host name, without looking the name up; return the host.

        :raises UrlNotAllowedException: also for texts that are no URL.
        """
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError as error:
            raise UrlNotAllowedException(f'URL is not valid: {error}.') from error

        if parts.scheme not in {'http', 'https'}:
            raise UrlNotAllowedException(
                f"URL scheme '{parts.scheme}' is not allowed (only http and https are)."
            )
        if not host:
            raise UrlNotAllowedException('URL does not contain a host.')
        self._check_name(host)
        return host

    def resolve(self, host: str) -> list[str]:
        """The addresses of a host, all of them allowed; connect to one of these, because asking
        for the name once more may give another answer.

        :raises UrlNotAllowedException: if the host or any of its addresses is forbidden.
        :raises OSError: if the name cannot be resolved.
        """
        self._check_name(host)
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise socket.gaierror(socket.EAI_NONAME, f'{error}') from error

        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        for address in addresses:
            if self._is_denied(address):
                raise UrlNotAllowedException(
                    f"{self.noun} '{host}' resolves to a blocked address ({address})."
                )
        return addresses

    def validate_url(self, url: str) -> None:
        """Check a URL completely. A name that cannot be resolved passes, as it leads nowhere.

        :raises UrlNotAllowedException:
        """
        host = self.check_url(url)
        try:
            self.resolve(host)
        except OSError as error:
            LOG.debug('Host %r cannot be resolved: %s', host, error)

    def _check_name(self, host: str) -> None:
        if self.allowed_hosts and host.lower() not in self.allowed_hosts:
            raise UrlNotAllowedException(f"Host '{host}' is not in [{self.group}] allowed_hosts.")

    def _is_denied(self, text: str) -> bool:
        addresses = {ip_address(text), _reached_address(ip_address(text))}
        return any(
            address in network
            for address in addresses
            for network in self.denied_networks
            if address.version == network.version
        )


def _reached_address(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Where a connection to the address ends up, for those that stand for another one."""
    if address.is_unspecified:
        return _LOOPBACK_IPV4 if isinstance(address, IPv4Address) else _LOOPBACK_IPV6
    if isinstance(address, IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if embedded is None and address in _NAT64:
            embedded = IPv4Address(int(address) & 0xFFFFFFFF)
        if embedded is not None:
            return _reached_address(embedded)
    return address
