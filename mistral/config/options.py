"""All options together, and what the service changes about the options of libraries."""

from collections.abc import Mapping, Sequence
from typing import Final

from oslo_config import cfg
from oslo_db.options import database_opts
from oslo_log import log
from oslo_middleware import cors, sizelimit

from mistral.config import actions, api, auth, duties, engine, service

SERVER: Final = service.SERVER

#: By group.
OPTIONS: Final[Mapping[str, Sequence[cfg.Opt]]] = {
    **service.OPTIONS,
    **api.OPTIONS,
    **auth.OPTIONS,
    **engine.OPTIONS,
    **actions.OPTIONS,
    **duties.OPTIONS,
}

#: Bytes of a request's body, by default: the largest definition that the database can hold.
MAX_REQUEST_BODY_SIZE: Final = 16 * 1024 * 1024

_LOG_LEVELS: Final = (
    'eventlet.wsgi.server=WARN',
    'oslo_service.backend=WARN',
    'oslo_service.periodic_task=INFO',
    'oslo_service.loopingcall=INFO',
    'mistral.services.periodic=INFO',
    'kazoo.client=WARN',
    'oslo_db=WARN',
    # Writes a traceback for each connection that fails; actions tell of that in their results.
    'paramiko=CRITICAL',
)

_CORS_ALLOWED_HEADERS: Final = (
    'X-Auth-Token',
    'X-Identity-Status',
    'X-Roles',
    'X-Service-Catalog',
    'X-User-Id',
    'X-Tenant-Id',
    'X-Project-Id',
    'X-User-Name',
    'X-Project-Name',
)
_CORS_EXPOSED_HEADERS: Final = (
    'X-Auth-Token',
    'X-Subject-Token',
    'X-Service-Token',
    'X-Project-Id',
    'X-User-Name',
    'X-Project-Name',
)
_CORS_METHODS: Final = ('GET', 'PUT', 'POST', 'DELETE', 'PATCH')


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The service's own options by group, for oslo-config-generator."""
    groups = [(group, list(options)) for group, options in OPTIONS.items()]
    return [('DEFAULT', [SERVER]), *groups]


def register(conf: cfg.ConfigOpts) -> None:
    """Make the options readable, those of libraries too. Safe to call twice."""
    for group, options in OPTIONS.items():
        conf.register_opts(options, None if group == 'DEFAULT' else group)
    conf.register_opts(database_opts, 'database')
    auth.register_middleware(conf)
    conf.register_opts(sizelimit.OPTS, 'oslo_middleware')


def set_defaults() -> None:
    """Set the service's own defaults of options of libraries. Safe to call twice."""
    log.set_defaults(default_log_levels=[*log.get_default_log_levels(), *_LOG_LEVELS])
    cors.set_defaults(
        allow_headers=list(_CORS_ALLOWED_HEADERS),
        expose_headers=list(_CORS_EXPOSED_HEADERS),
        allow_methods=list(_CORS_METHODS),
    )
    cfg.set_defaults(sizelimit.OPTS, max_request_body_size=MAX_REQUEST_BODY_SIZE)
