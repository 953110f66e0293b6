"""What a configuration says about the surroundings of the service."""

import os
from pathlib import Path
from typing import Final

from oslo_config import cfg

from mistral.exceptions import ConfigurationError

#: Schemes of transport URLs that lead nowhere outside of the process.
_IN_PROCESS_TRANSPORTS: Final = frozenset({'local', 'fake'})
_LOCAL: Final = 'local'


def has_config_file(conf: cfg.ConfigOpts) -> bool:
    """Tell whether the configuration comes from any file, named or found on the search path."""
    return bool(conf.config_file or conf.config_dirs)


def database_url(conf: cfg.ConfigOpts) -> str:
    """`[database] connection`, or a SQLite file in the user's data directory.

    :raises ConfigurationError: if there is neither.
    """
    return conf.database.connection or f'sqlite:///{_data_directory() / "mistral.sqlite"}'


def transport_scheme(conf: cfg.ConfigOpts) -> str:
    """The scheme of `transport_url`; 'local' if it is not set: all components in one process."""
    return (_transport_url(conf) or _LOCAL).partition(':')[0]


def is_in_process(scheme: str) -> bool:
    """Tell whether a transport leads nowhere outside of the process."""
    return scheme in _IN_PROCESS_TRANSPORTS


def has_notification_bus(conf: cfg.ConfigOpts) -> bool:
    """Tell whether there is a message bus on which other services may send notifications."""
    return any(
        not is_in_process(url.partition(':')[0])
        for url in (
            _transport_url(conf) or _LOCAL,
            _transport_url(conf, 'oslo_messaging_notifications') or _LOCAL,
        )
    )


def _data_directory() -> Path:
    # The XDG specification: a relative path does not count.
    data_home = os.environ.get('XDG_DATA_HOME', '')
    if Path(data_home).is_absolute():
        return Path(data_home) / 'mistral'
    try:
        return Path.home() / '.local' / 'share' / 'mistral'
    except RuntimeError as e:
        raise ConfigurationError(
            'There is no home directory for a SQLite database. Set [database] connection '
            '(OS_DATABASE__CONNECTION) or XDG_DATA_HOME.'
        ) from e


def _transport_url(conf: cfg.ConfigOpts, group: str | None = None) -> str | None:
    """The value in `[DEFAULT]` or a group, or None if it is set nowhere.

    oslo.messaging registers this option with a default (RabbitMQ on this host) when it is first
    used, and importing it takes half a second. So the same sources are read apart from it.
    """
    reader = cfg.ConfigOpts()
    reader.register_opt(cfg.StrOpt('transport_url'), group)
    reader(
        [],
        project=conf.project,
        prog=conf.prog,
        default_config_files=conf.config_file,
        default_config_dirs=conf.config_dirs,
    )
    url: str | None = (reader[group] if group else reader).transport_url
    return url
