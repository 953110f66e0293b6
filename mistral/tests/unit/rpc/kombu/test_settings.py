"""What the configuration says about the broker."""

import ssl

import pytest
from oslo_config import cfg

from mistral import config
from mistral.exceptions import ConfigurationError
from mistral.rpc.kombu import settings

GROUP = 'oslo_messaging_rabbit'


@pytest.fixture
def conf():
    conf = cfg.ConfigOpts()
    config.register(conf)
    conf([], project='mistral', default_config_files=[], default_config_dirs=[])
    settings.register(conf)
    return conf


def read(conf, url, **options):
    conf.set_override('transport_url', url)
    for name, value in options.items():
        conf.set_override(name, value, GROUP)
    return settings.read(conf)


def hosts(found):
    return {(host.name, host.port, host.user, host.password) for host in found.hosts}


@pytest.mark.parametrize(
    ('url', 'expected'),
    [
        ('rabbit://', {('127.0.0.1', 5672, 'guest', 'guest')}),
        ('rabbit://u:p@h', {('h', 5672, 'u', 'p')}),
        ('rabbit://u:p@h:1,u2:p2@h2:2/', {('h', 1, 'u', 'p'), ('h2', 2, 'u2', 'p2')}),
        ('rabbit://u%40x:p%2F%3A@h', {('h', 5672, 'u@x', 'p/:')}),
        ('rabbit://u:p@[::1]:5673', {('::1', 5673, 'u', 'p')}),
    ],
)
def test_hosts(conf, url, expected):
    assert hosts(read(conf, url)) == expected


@pytest.mark.parametrize(
    ('url', 'expected'),
    [
        ('rabbit://h', '/'),
        ('rabbit://h/', '/'),
        ('rabbit://h//', '/'),
        ('rabbit://h/%2F', '/'),
        ('rabbit://h/name', 'name'),
        ('rabbit://h/a%2Fb', 'a/b'),
    ],
)
def test_virtual_host(conf, url, expected):
    assert read(conf, url).virtual_host == expected


@pytest.mark.parametrize('scheme', ['rabbit', 'kombu', 'amqp', 'kombu+amqp', 'kombu+pyamqp'])
def test_aliases(conf, scheme):
    assert read(conf, f'{scheme}://h').tls is None


def test_addresses_are_shown_without_passwords(conf):
    (host,) = read(conf, 'rabbit://u:secret@h').hosts
    assert str(host) == 'h:5672'
    assert 'secret' not in repr(host)
    (host,) = read(conf, 'rabbit://u:secret@[::1]').hosts
    assert str(host) == '[::1]:5672'


@pytest.mark.parametrize(
    ('url', 'message'),
    [
        ('kafka://h', 'transport_url begins with "kafka:"'),
        ('fake://', 'transport_url begins with "fake:"'),
        ('no-url', 'transport_url cannot be read'),
        ('rabbit://u:secret@h:port', 'transport_url cannot be read'),
        ('rabbit://h/?heartbeat_timeout_threshold=often', 'sets heartbeat_timeout_threshold'),
    ],
)
def test_unusable_urls(conf, url, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        read(conf, url)
    assert 'secret' not in str(caught.value)


def test_the_query_comes_before_the_group(conf):
    found = read(conf, 'rabbit://h/?rabbit_quorum_queue=true&ssl=1', heartbeat_timeout_threshold=7)
    assert found.quorum_queues
    assert found.heartbeat == 7
    assert found.tls == {}


def test_tls(conf, tmp_path):
    for name in ('key', 'cert', 'ca'):
        (tmp_path / name).touch()
    found = read(
        conf, 'rabbit://h', ssl=True, ssl_version='TLSv1_2', ssl_key_file=str(tmp_path / 'key'),
        ssl_cert_file=str(tmp_path / 'cert'), ssl_ca_file=str(tmp_path / 'ca'),
    )  # fmt: skip
    assert found.tls == {
        'keyfile': str(tmp_path / 'key'),
        'certfile': str(tmp_path / 'cert'),
        'ca_certs': str(tmp_path / 'ca'),
        'cert_reqs': ssl.CERT_REQUIRED,
        'tls_minimum_version': ssl.TLSVersion.TLSv1_2,
        'tls_maximum_version': ssl.TLSVersion.TLSv1_2,
    }
    assert found.check_host_name


def test_tls_without_an_authority_checks_no_name(conf):
    assert not read(conf, 'amqps://h').check_host_name


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'ssl': True, 'ssl_ca_file': '/nowhere'}, 'ssl_ca_file: there is no file /nowhere'),
        ({'ssl': True, 'ssl_version': 'SSLv2'}, 'ssl_version is "sslv2"; it can be one of: sslv23'),
        ({'ssl': True, 'ssl_key_file': __file__}, 'ssl_key_file needs ssl_cert_file'),
        ({'rabbit_login_method': 'RABBIT-CR-DEMO'}, 'rabbit_login_method is "RABBIT-CR-DEMO"'),
        ({'heartbeat_timeout_threshold': -1}, 'heartbeat_timeout_threshold is -1'),
    ],
)
def test_unusable_options(conf, options, message):
    with pytest.raises(ConfigurationError, match=message):
        read(conf, 'rabbit://h', **options)


def test_topics_and_names_of_servers(conf):
    conf.set_override('topic', 'my_engines', 'engine')
    conf.set_override('host', 'special', 'executor')
    found = read(conf, 'rabbit://h')
    assert found.topics == {
        'engine': 'my_engines', 'executor': 'mistral_executor', 'notifier': 'mistral_notifier',
    }  # fmt: skip
    assert found.server_hosts['executor'] == 'special'
