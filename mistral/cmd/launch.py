"""`mistral-server`: runs the service, or some of its components."""

import importlib.util
import logging
import os
import signal
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from typing import NoReturn

from oslo_config import cfg

from mistral import config
from mistral.cmd import settings
from mistral.cmd.process import COMPONENTS, Process, limit_memory
from mistral.cmd.threads import watched_threads
from mistral.db.database import DatabaseFailure
from mistral.db.retry import without_sql
from mistral.exceptions import ConfigurationError, MistralError

LOG = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    try:
        conf = settings.load(
            sys.argv[1:] if argv is None else argv, 'mistral-server', cli_options=[config.SERVER]
        )
        if conf.debug and conf.log_options:
            conf.log_opt_values(LOG, logging.DEBUG)
        _run(conf)
    except (MistralError, ModuleNotFoundError) as e:
        return _complain(str(e))
    except DatabaseFailure as e:
        return _complain(f'The database cannot be used: {" ".join(str(without_sql(e)).split())}')
    return 0


def _run(conf: cfg.ConfigOpts) -> None:
    components = _components(conf.server)
    scheme = config.transport_scheme(conf)
    if config.is_in_process(scheme) and len(components) < len(COMPONENTS):
        raise ConfigurationError(
            f'--server {",".join(conf.server)}: components in separate processes need a message '
            'bus. Set [DEFAULT] transport_url, such as rabbit://user:password@host:5672/, or run '
            "all of them with '--server all'."
        )
    if scheme == 'local':
        _run_embedded(conf)
        return
    workers = {name: settings.workers(conf, name) for name in components}
    if 'executor' in components and settings.is_green(conf) and not _is_green():
        _turn_green(workers)
    LOG.info('Launching server components [%s]', ','.join(components))
    if sum(workers.values()) == 1 or config.is_in_process(scheme):
        _run_process(Process(conf, components))
    else:
        # It takes a while to import, and most processes do without it.
        from mistral.cmd.supervisor import supervise  # noqa: PLC0415

        supervise(conf, workers)


def _run_embedded(conf: cfg.ConfigOpts) -> None:
    # Brings what every component needs.
    from mistral.cmd.embedded import EmbeddedService  # noqa: PLC0415

    limit_memory(conf.engine.memory_limit_mb)
    service = EmbeddedService(conf)
    stop = _stop_on_signals()
    with watched_threads(stop):
        service.start()
        if service.api is not None:
            LOG.info('Serving %s/v2, database %s', service.api.url, service.database_url)
        stop.wait()
        LOG.info('Stopping')
        service.stop()


def _run_process(process: Process) -> None:
    stop = _stop_on_signals()
    with watched_threads(stop):
        try:
            process.start(stop)
            stop.wait()
            LOG.info('Stopping')
        finally:
            process.stop()


def _is_green() -> bool:
    """Whether this process runs on eventlet: see `mistral.cmd.green`."""
    spec = sys.modules['__main__'].__spec__
    return spec is not None and spec.name == 'mistral.cmd.green'


def _turn_green(workers: Mapping[str, int]) -> NoReturn:
    """Become the program that runs an executor on eventlet."""
    if workers != {'executor': 1}:
        raise ConfigurationError(
            '[executor] concurrency_model = eventlet: such an executor needs a process of its own. '
            "Run 'mistral-server --server executor', with [executor] workers = 1."
        )
    if importlib.util.find_spec('eventlet') is None:
        raise ConfigurationError(
            '[executor] concurrency_model = eventlet: eventlet is not installed. Install mistral '
            "with the extra 'eventlet'."
        )
    os.execv(sys.executable, [sys.executable, '-m', 'mistral.cmd.green', *sys.argv[1:]])  # noqa: S606


def _components(names: Collection[str]) -> list[str]:
    """What is to run, in order. Raises ConfigurationError if that is nothing."""
    wanted = {'scheduler' if name == 'periodic' else name for name in names}
    found = [name for name in COMPONENTS if name in wanted or 'all' in wanted]
    if not found:
        raise ConfigurationError(f'--server {",".join(names)}: there is nothing to run.')
    return found


def _complain(message: str) -> int:
    print(f'ERROR: {message}', file=sys.stderr)
    return 1


def _stop_on_signals() -> threading.Event:
    """An event that is set when the process is asked to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
