"""The database, the message bus, and whether there is any configuration."""

from pathlib import Path

import pytest

from mistral import config
from mistral.exceptions import ConfigurationError


def transport(url):
    return f'[DEFAULT]\ntransport_url = {url}\n'


def test_configured_database(load, write):
    file = write('a.conf', '[database]\nconnection = mysql+pymysql://host/mistral\n')
    assert config.database_url(load('--config-file', file)) == 'mysql+pymysql://host/mistral'


@pytest.mark.parametrize(
    ('data_home', 'file'),
    [
        ('/data', '/data/mistral/mistral.sqlite'),
        ('relative', '/home/me/.local/share/mistral/mistral.sqlite'),
        ('', '/home/me/.local/share/mistral/mistral.sqlite'),
    ],
)
def test_database_of_the_user(load, monkeypatch, data_home, file):
    monkeypatch.setenv('HOME', '/home/me')
    monkeypatch.setenv('XDG_DATA_HOME', data_home)
    assert config.database_url(load()) == f'sqlite:///{file}'


def test_user_without_a_home(load, monkeypatch):
    def home():
        raise RuntimeError('Could not determine home directory.')

    monkeypatch.delenv('XDG_DATA_HOME', raising=False)
    monkeypatch.setattr(Path, 'home', home)
    with pytest.raises(ConfigurationError, match='OS_DATABASE__CONNECTION'):
        config.database_url(load())


def test_no_config_file(load):
    assert not config.has_config_file(load())


def test_config_files(load, write, search_path, monkeypatch):
    file = write('conf.d/a.conf', '')
    assert config.has_config_file(load('--config-file', file))
    assert config.has_config_file(load('--config-dir', file.parent))
    with monkeypatch.context() as patch:
        patch.setenv('MISTRAL_CONFIG_FILE', str(file))
        assert config.has_config_file(load())
    (search_path / 'mistral.conf').touch()
    assert config.has_config_file(load())


@pytest.mark.parametrize(
    ('url', 'scheme', 'in_process'),
    [
        ('rabbit://user:password@host:5672/vhost', 'rabbit', False),
        ('kafka://host', 'kafka', False),
        ('local://', 'local', True),
        ('fake://', 'fake', True),
        ('', 'local', True),
    ],
)
def test_transport(load, write, url, scheme, in_process):
    conf = load('--config-file', write('a.conf', transport(url)))
    assert config.transport_scheme(conf) == scheme
    assert config.is_in_process(scheme) is in_process


def test_transport_is_local_by_default(load):
    assert config.transport_scheme(load()) == 'local'


def test_transport_from_the_environment(load, write, monkeypatch):
    monkeypatch.setenv('OS_DEFAULT__TRANSPORT_URL', 'rabbit://')
    conf = load('--config-file', write('a.conf', transport('local://')))
    assert config.transport_scheme(conf) == 'rabbit'


def test_asking_for_the_transport_leaves_the_option_to_its_library(load):
    conf = load()
    config.transport_scheme(conf)
    assert 'transport_url' not in conf
