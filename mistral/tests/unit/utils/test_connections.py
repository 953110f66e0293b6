"""Addresses that users write, and connections to them."""

import socket

import pytest

from mistral.exceptions import UrlNotAllowedException
from mistral.utils.connections import connect, split_address
from mistral.utils.egress import EgressPolicy, parse_networks


@pytest.mark.parametrize(
    ('text', 'address'),
    [
        ('mail', ('mail', 25)),
        (' mail.example.com ', ('mail.example.com', 25)),
        ('mail:587', ('mail', 587)),
        ('192.0.2.1:2525', ('192.0.2.1', 2525)),
        ('2001:db8::1', ('2001:db8::1', 25)),
        ('[2001:db8::1]', ('2001:db8::1', 25)),
        ('[2001:db8::1]:587', ('2001:db8::1', 587)),
    ],
)
def test_an_address(text, address):
    assert split_address(text, 25) == address


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'it has no host'),
        (':25', 'it has no host'),
        ('mail:', 'its port is no number'),
        ('mail:smtp', 'its port is no number'),
        ('mail:0', 'its port is no number'),
        ('mail:65536', 'its port is no number'),
        ('[2001:db8::1', r'write \[IPv6 address\]:port'),
        ('[2001:db8::1]25', r'write \[IPv6 address\]:port'),
    ],
)
def test_no_address(text, message):
    with pytest.raises(ValueError, match=message):
        split_address(text, 25)


@pytest.fixture
def port():
    with socket.create_server(('127.0.0.1', 0)) as server:
        yield server.getsockname()[1]


def resolve_to(monkeypatch, *addresses):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, '', (address, 0)) for address in addresses]
    monkeypatch.setattr(socket, 'getaddrinfo', lambda *args, **options: found)


class TestConnect:
    def test_goes_to_the_first_address_that_answers(self, monkeypatch):
        tried = []
        connection = socket.socket()

        def create(address, timeout):
            tried.append((*address, timeout))
            if address[0] == '192.0.2.1':
                raise ConnectionRefusedError('not there')
            return connection

        resolve_to(monkeypatch, '192.0.2.1', '192.0.2.2', '192.0.2.3')
        monkeypatch.setattr(socket, 'create_connection', create)
        with connection:
            assert connect(EgressPolicy(), 'some.where', 22, 5) is connection
        assert tried == [('192.0.2.1', 22, 5), ('192.0.2.2', 22, 5)]

    def test_nobody_answers(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            port = server.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            connect(EgressPolicy(), '127.0.0.1', port, 5)

    def test_a_forbidden_address(self, port):
        networks = parse_networks(['127.0.0.0/8'])
        policy = EgressPolicy(denied_networks=networks, group='action_std_ssh', noun='SSH host')
        with pytest.raises(UrlNotAllowedException, match=r"SSH host '127\.0\.0\.1' resolves"):
            connect(policy, '127.0.0.1', port, 5)

    def test_a_host_that_is_not_listed(self, port):
        policy = EgressPolicy(frozenset({'other'}), group='action_std_ssh')
        with pytest.raises(
            UrlNotAllowedException, match=r'not in \[action_std_ssh\] allowed_hosts'
        ):
            connect(policy, '127.0.0.1', port, 5)
