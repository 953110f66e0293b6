"""A configuration that knows nothing of the machine the tests run on."""

import pytest
from oslo_config import cfg

from mistral import config


@pytest.fixture(autouse=True)
def search_path(tmp_path, monkeypatch):
    """The only directory that is searched for configuration files."""
    path = tmp_path / 'search-path'
    path.mkdir()
    monkeypatch.setattr(cfg, '_get_config_dirs', lambda project=None: [str(path)])
    return path


@pytest.fixture
def load():
    """Loads a command line: load('--config-file', path)."""

    def load(*argv, prog='mistral-server', cli_options=(config.SERVER,)):
        return config.load(
            [str(argument) for argument in argv],
            prog,
            cli_options=cli_options,
            conf=cfg.ConfigOpts(),
        )

    return load


@pytest.fixture
def write(tmp_path):
    """Writes a configuration file: write('a.conf', '[api]\\nport = 1') -> its path."""

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write
