"""`mistral-server`: runs the service."""

import logging
import resource
import signal
import sys
import threading
from collections.abc import Sequence

from oslo_config import cfg

from mistral import config
from mistral.cmd import settings
from mistral.cmd.service import Service, check_components
from mistral.db.database import DatabaseFailure
from mistral.exceptions import MistralError

LOG = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    try:
        conf = settings.load(
            sys.argv[1:] if argv is None else argv, 'mistral-server', cli_options=[config.SERVER]
        )
        if conf.debug and conf.log_options:
            conf.log_opt_values(LOG, logging.DEBUG)
        _limit_memory(conf.engine.memory_limit_mb)
        check_components(conf.server)
        service = Service(conf)
        stop = _stop_on_signals()
        service.start()
    except (MistralError, ModuleNotFoundError) as e:
        return _complain(str(e))
    except DatabaseFailure as e:
        cause = getattr(e, 'orig', None) or e
        return _complain(f'The database cannot be used: {" ".join(str(cause).split())}')
    if service.api is not None:
        LOG.info(
            'Serving %s/v2, database %s', _address(conf, service.api.port), service.database.url
        )
    stop.wait()
    LOG.info('Stopping')
    service.stop()
    return 0


def _complain(message: str) -> int:
    print(f'ERROR: {message}', file=sys.stderr)
    return 1


def _limit_memory(megabytes: int) -> None:
    """Let allocations beyond this fail (`[engine] memory_limit_mb`); 0 and less set no limit."""
    if megabytes > 0:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = megabytes * 1024 * 1024
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address(conf: cfg.ConfigOpts, port: int) -> str:
    host = 'localhost' if conf.api.host in ('0.0.0.0', '::') else conf.api.host  # noqa: S104
    return f'{"https" if conf.api.enable_ssl_api else "http"}://{host}:{port}'


def _stop_on_signals() -> threading.Event:
    """An event that is set when the process is asked to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
