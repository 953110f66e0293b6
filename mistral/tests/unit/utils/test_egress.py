import socket

import pytest

from mistral.exceptions import UrlNotAllowedException
from mistral.utils.egress import EgressPolicy, parse_networks

DEFAULT = EgressPolicy(
    denied_networks=parse_networks(['127.0.0.0/8', '::1/128', '169.254.0.0/16', 'fe80::/10'])
)


def resolving(monkeypatch, addresses):
    """Make each host name resolve to the addresses given for it."""

    def getaddrinfo(host, port, **kwargs):
        if host not in addresses:
            raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, '', (address, port or 0))
            for address in addresses[host]
        ]

    monkeypatch.setattr(socket, 'getaddrinfo', getaddrinfo)


@pytest.mark.parametrize(
    ('url', 'message'),
    [
        ('ftp://example.org/', "URL scheme 'ftp' is not allowed (only http and https are)."),
        ('file:///etc/passwd', "URL scheme 'file' is not allowed (only http and https are)."),
        ('example.org', "URL scheme '' is not allowed (only http and https are)."),
        ('http:///path', 'URL does not contain a host.'),
        ('http://[::1', 'URL is not valid: Invalid IPv6 URL.'),
    ],
)
def test_a_url_needs_a_web_scheme_and_a_host(url, message):
    with pytest.raises(UrlNotAllowedException) as error:
        DEFAULT.validate_url(url)
    assert str(error.value) == message


@pytest.mark.parametrize(
    'host',
    [
        '127.0.0.1',
        '127.8.9.10',
        '2130706433',  # 127.0.0.1 as one number
        '[::1]',
        '169.254.169.254',
        '0.0.0.0',
        '[::]',
        '[::ffff:127.0.0.1]',
        '[::ffff:0.0.0.0]',
        '[64:ff9b::7f00:1]',  # NAT64 of 127.0.0.1
        '[2002:7f00:1::]',  # 6to4 of 127.0.0.1
        '[fe80::1]',
    ],
)
def test_addresses_of_this_machine_and_its_link_are_blocked(host):
    with pytest.raises(UrlNotAllowedException, match='resolves to a blocked address'):
        DEFAULT.validate_url(f'http://{host}:8080/x')


def test_the_message_names_the_host_and_the_address(monkeypatch):
    resolving(monkeypatch, {'inside.example': ['192.0.2.1', '127.0.0.1']})
    with pytest.raises(UrlNotAllowedException) as error:
        DEFAULT.validate_url('https://inside.example/')
    assert str(error.value) == (
        "URL host 'inside.example' resolves to a blocked address (127.0.0.1)."
    )


@pytest.mark.parametrize('address', ['192.0.2.1', '2001:db8::1', '10.0.0.1'])
def test_other_addresses_pass(monkeypatch, address):
    resolving(monkeypatch, {'host.example': [address]})
    DEFAULT.validate_url('http://host.example/')
    assert DEFAULT.resolve('host.example') == [address]


def test_a_name_that_leads_nowhere_passes_and_cannot_be_resolved(monkeypatch):
    resolving(monkeypatch, {})
    DEFAULT.validate_url('http://nowhere.example/')
    with pytest.raises(OSError, match='not known'):
        DEFAULT.resolve('nowhere.example')


def test_a_name_that_is_no_name_is_treated_alike():
    DEFAULT.validate_url(f'http://{"x" * 70}.example/')


def test_no_networks_means_no_check():
    assert EgressPolicy().resolve('127.0.0.1') == ['127.0.0.1']


class TestAllowedHosts:
    policy = EgressPolicy(
        allowed_hosts=frozenset({'api.example', '127.0.0.1'}),
        denied_networks=parse_networks(['127.0.0.0/8']),
    )

    @pytest.mark.parametrize('url', ['http://api.example/', 'https://API.example:8443/x?y'])
    def test_listed_hosts_pass(self, monkeypatch, url):
        resolving(monkeypatch, {'api.example': ['192.0.2.1']})
        self.policy.validate_url(url)

    @pytest.mark.parametrize(
        'host', ['other.example', 'sub.api.example', 'api.example.evil.example']
    )
    def test_others_do_not(self, host):
        with pytest.raises(UrlNotAllowedException) as error:
            self.policy.validate_url(f'http://{host}/')
        assert str(error.value) == (f"Host '{host}' is not in [action_std_http] allowed_hosts.")

    def test_being_listed_does_not_open_denied_networks(self):
        with pytest.raises(UrlNotAllowedException, match='blocked address'):
            self.policy.validate_url('http://127.0.0.1/')


def test_entries_that_are_no_networks_are_left_out_with_a_warning(caplog):
    assert parse_networks(['10.0.0.0/8', 'ten']) == parse_networks(['10.0.0.0/8'])
    assert "'ten' of denied_cidrs is ignored" in caplog.text
