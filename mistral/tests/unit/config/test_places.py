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
    ('url', 'expected'),
    [
        ('rabbit://user:password@host:5672/vhost', True),
        ('kafka://host', True),
        ('local://', False),
        ('fake://', False),
        ('', False),
    ],
)
def test_message_bus(load, write, url, expected):
    conf = load('--config-file', write('a.conf', transport(url)))
    assert config.uses_message_bus(conf) is expected


def test_no_message_bus_by_default(load):
    assert not config.uses_message_bus(load())


def test_message_bus_from_the_environment(load, write, monkeypatch):
    monkeypatch.setenv('OS_DEFAULT__TRANSPORT_URL', 'rabbit://')
    conf = load('--config-file', write('a.conf', transport('local://')))
    assert config.uses_message_bus(conf)


def test_asking_for_the_message_bus_leaves_the_option_to_its_library(load):
    conf = load()
    config.uses_message_bus(conf)
    assert 'transport_url' not in conf
