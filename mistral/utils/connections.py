"""TCP connections to hosts that users choose, by the egress rules."""

import socket

from mistral.utils.egress import EgressPolicy


def split_address(text: str, default_port: int) -> tuple[str, int]:
    """Host and port of `host`, `host:port`, `[2001:db8::1]:port` or a plain IPv6 address.

    :raises ValueError: if there is no host, or the port is no number from 1 to 65535.
    """
    host, colon, port = text.strip(), '', ''
    if host.startswith('['):
        host, bracket, rest = host[1:].partition(']')
        if not bracket or (rest and not rest.startswith(':')):
            raise ValueError(f"'{text}' is not an address: write [IPv6 address]:port.")
        colon, port = rest[:1], rest[1:]
    elif host.count(':') == 1:
        host, colon, port = host.partition(':')
    if not host:
        raise ValueError(f"'{text}' is not an address: it has no host.")
    if not colon:
        return host, default_port
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"'{text}' is not an address: its port is no number from 1 to 65535.")
    return host, int(port)


def connect(policy: EgressPolicy, host: str, port: int, timeout: float | None) -> socket.socket:
    """A connection to one of the very addresses that the policy has seen and allowed.

    :param timeout: seconds for each address, and afterwards for each operation on the socket.
    :raises UrlNotAllowedException: if the policy forbids the host or one of its addresses.
    :raises OSError: if no address answers.
    """
    failure = OSError(f'{host} has no address')
    for address in policy.resolve(host):
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = error
    raise failure
