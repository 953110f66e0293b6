"""Options of the REST API and of who may call it."""

from collections.abc import Mapping, Sequence
from typing import Final

from oslo_config import cfg

from mistral.config.help_texts import no_effect

_API: Final = (
    cfg.HostAddressOpt('host', default='0.0.0.0', help='Address to listen on.'),  # noqa: S104
    cfg.PortOpt('port', default=8989, help='Port to listen on.'),
    cfg.IntOpt(
        'threads',
        default=10,
        min=1,
        help='Requests that the built-in server handles at the same time.',
    ),
    cfg.IntOpt(
        'max_limit',
        default=1000,
        min=1,
        help='Most items in one page of a list. Requests that ask for more, or do not say how '
        'many, get this many.',
    ),
    cfg.BoolOpt(
        'allow_action_execution_deletion',
        default=False,
        help='Let users delete executions of actions that they ran outside of workflows.',
    ),
    cfg.BoolOpt(
        'enable_ssl_api',
        default=False,
        help='Let the built-in server speak TLS with the files of [ssl].',
    ),
    cfg.IntOpt(
        'workers',
        default=1,
        min=1,
        help='Processes that "mistral-server --server api" starts; they share the port.',
    ),
    cfg.IntOpt('api_workers', help=no_effect('the option is [api] workers')),
    cfg.StrOpt(
        'validation_mode',
        default='mandatory',
        choices=(
            ('enabled', 'unless the request asks to skip it'),
            ('mandatory', 'always'),
            ('disabled', 'never'),
        ),
        help='When uploaded definitions are checked.',
    ),
    cfg.BoolOpt('enable_info_endpoint', default=False, help='Serve info_json_file_path at /info.'),
    cfg.StrOpt(
        'info_json_file_path',
        default='info.json',
        help='File that /info shows; a relative path begins in the working directory.',
    ),
)

_PECAN: Final = (
    cfg.StrOpt(
        'root',
        default='mistral.api.controllers.root.RootController',
        help=no_effect('the API is built in one way only'),
    ),
    cfg.ListOpt(
        'modules',
        default=['mistral.api'],
        help=no_effect('the API is built in one way only'),
    ),
    cfg.BoolOpt(
        'debug',
        default=False,
        help=no_effect('debug pages would show the inside of the service to its callers'),
    ),
    cfg.BoolOpt(
        'auth_enable',
        default=True,
        help='Authenticate callers, keep projects apart and use trusts. A server that starts '
        'without any configuration file runs as if this was off.',
    ),
)

_SSL: Final = (
    cfg.StrOpt(
        'ca_file',
        help=no_effect('the built-in server does not ask for certificates of clients'),
    ),
    cfg.StrOpt(
        'cert_file',
        help='Certificate of the built-in server, a PEM file.',
    ),
    cfg.StrOpt(
        'key_file',
        help='Private key of the certificate, a PEM file.',
    ),
    cfg.StrOpt(
        'version', help=no_effect('the best version that both sides know is used, 1.2 or newer')
    ),
    cfg.StrOpt('ciphers', help=no_effect('the ciphers are those that OpenSSL holds to be safe')),
)

_HEALTHCHECK: Final = (
    cfg.BoolOpt(
        'enabled',
        default=False,
        help='Answer at /healthcheck, without authentication, so that a load balancer can see '
        'whether the API is there.',
    ),
)

OPTIONS: Final[Mapping[str, Sequence[cfg.Opt]]] = {
    'api': _API,
    'pecan': _PECAN,
    'ssl': _SSL,
    'healthcheck': _HEALTHCHECK,
}
