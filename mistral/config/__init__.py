"""The options of the service, all with oslo.config.

The names, types and defaults are those of Mistral 23, so that its files work here; what has no use
any more is accepted and says so in its help. Settings reach the rest of the program through
constructors. Only plugins, and actions that they bring, read `CONF`.
"""

from typing import Final

from oslo_config import cfg

from mistral.config.loading import load
from mistral.config.options import SERVER, list_opts, register, set_defaults
from mistral.config.places import (
    database_url,
    has_config_file,
    has_notification_bus,
    is_in_process,
    transport_scheme,
)

__all__ = [
    'CONF',
    'SERVER',
    'database_url',
    'has_config_file',
    'has_notification_bus',
    'is_in_process',
    'list_opts',
    'load',
    'register',
    'set_defaults',
    'transport_scheme',
]

CONF: Final = cfg.CONF

# Plugins read options as soon as they have imported this module, also in their own tests and tools
# that load no configuration.
register(CONF)
