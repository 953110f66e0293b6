"""From the configuration to the settings that the parts of the service take."""

import dataclasses
import functools
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from wsgiref.types import WSGIApplication

from oslo_config import cfg
from oslo_log import log

from mistral import config
from mistral.actions.catalog import CatalogSettings
from mistral.api.server import ApiServer, TlsFiles
from mistral.db.database import Database, DatabaseOptions
from mistral.engine.engine import EngineSettings
from mistral.engine.timers import Timers, TimerService
from mistral.exceptions import ConfigurationError, DBError
from mistral.executors import plugin_pool
from mistral.executors.plugin_pool import PluginPool, load_executor
from mistral.executors.service import Pool
from mistral.executors.worker_pool import PoolSettings, WorkerPool
from mistral.expressions import ExpressionOptions
from mistral.notifiers.publishing import Deliver, by_notifier, by_publishers, load_publishers
from mistral.notifiers.service import NotifierService
from mistral.notifiers.targets import Limits
from mistral.rpc.clients import EngineClient
from mistral.rpc.work import EngineWorkClient
from mistral.scheduler import plugin_timers
from mistral.scheduler.plugin_timers import PluginTimers, load_scheduler
from mistral.scheduler.service import Duty
from mistral.services.cron_firing import CronFiring
from mistral.services.expiration import Expiration, ExpirationPolicy
from mistral.services.maintenance import MaintenanceDuty
from mistral.services.sweeps import HeartbeatRules, Sweeps
from mistral.services.trigger_trusts import TriggerTrusts
from mistral.services.vigil import Vigil
from mistral.utils import execution_log
from mistral.utils.plugins import load_plugin
from mistral.workflow.data_flow import DataFlowSettings
from mistral.workflow.ports import CoreSettings, InfrastructureError

if TYPE_CHECKING:
    from mistral.cmd.profiling import Profiler

#: Seconds between two turns of a duty, at most.
_LONGEST_INTERVAL: Final = 5.0

#: Seconds between looks for what hardly ever happens, such as tasks that seem to be stuck.
_RARE_INTERVAL: Final = 60.0

#: Values of `[notifier] type` that need no plugin.
BUILT_IN_NOTIFIERS: Final = ('local', 'remote')

#: Seconds between looks at the maintenance status: somebody waits for what comes of it.
_MAINTENANCE_INTERVAL: Final = 1.0


def load(argv: Sequence[str], prog: str, *, cli_options: Sequence[cfg.Opt] = ()) -> cfg.ConfigOpts:
    """Read the configuration and set up logging by it; see `mistral.config.load`."""
    conf = config.load(argv, prog, cli_options=cli_options)
    if not config.has_config_file(conf):
        _use_stand_alone_defaults(conf)
    conf.set_default('instance_uuid_format', execution_log.LINE_FORMAT)
    execution_log.install()
    log.setup(conf, 'mistral')
    return conf


def profiler(conf: Any) -> 'Profiler | None':
    """What profiles requests, if `[profiler] enabled`."""
    if not conf.profiler.enabled:
        return None
    # It takes a while to import, and hardly any process needs it.
    from mistral.cmd.profiling import Profiler  # noqa: PLC0415

    return Profiler(conf)


def database_options(conf: Any) -> DatabaseOptions:
    group = conf.database
    defaults = DatabaseOptions()
    return DatabaseOptions(
        pool_size=group.max_pool_size or defaults.pool_size,
        max_overflow=defaults.max_overflow if group.max_overflow is None else group.max_overflow,
        pool_timeout=group.pool_timeout or defaults.pool_timeout,
        recycle_after=group.connection_recycle_time,
    )


def expression_options(conf: Any) -> ExpressionOptions:
    names = {field.name for field in dataclasses.fields(ExpressionOptions)}
    yaql = {name: conf.yaql[name] for name in conf.yaql if name in names}
    return ExpressionOptions(
        allowed_languages=tuple(conf.expressions.allowed_languages),
        transparent_errors=(DBError, InfrastructureError),
        **yaql,
    )


def core_settings(conf: Any) -> CoreSettings:
    return CoreSettings(
        data_flow=DataFlowSettings(
            merge_strategy=conf.engine.merge_strategy,
            versioning=conf.context_versioning.enabled,
            hash_version_keys=conf.context_versioning.hash_version_keys,
        ),
        field_size_limit_kb=conf.engine.execution_field_size_limit_kb,
        publishers=tuple(conf.notifier.notify or ()),
    )


def engine_settings(conf: Any, database: Database) -> EngineSettings:
    return EngineSettings(
        # SQLite has one writer at a time: more threads would only get in each other's way.
        workers=1 if database.dialect == 'sqlite' else conf.engine.threads,
        cache_size=conf.engine.execution_cache_size,
        trace_log_name=conf.workflow_trace_log_name,
        heartbeats=HeartbeatRules.from_config(conf),
    )


def notifier_service(conf: Any, database: Database) -> NotifierService:
    """A notifier for this process.

    Raises ConfigurationError if there is no plugin for `[notifier] type`.
    """
    group = conf.notifier
    limits = Limits(
        threads=group.threads,
        threads_per_target=group.threads_per_target,
        first_wait=group.retry_delay,
        longest_wait=max(group.retry_max_delay, group.retry_delay),
        give_up_after=group.retry_for,
    )
    return NotifierService(database, _deliver(group.type), limits)


def _deliver(notifier_type: str) -> Deliver:
    if notifier_type in BUILT_IN_NOTIFIERS:
        return by_publishers(load_publishers())
    return by_notifier(load_plugin('mistral.notifiers', notifier_type, '[notifier] type')())


def executor_pool(conf: Any) -> Pool:
    """What runs actions in this process.

    Raises ConfigurationError if there is no plugin for `[executor] type`.
    """
    if conf.executor.type in plugin_pool.BUILT_IN:
        return WorkerPool(pool_settings(conf))
    return PluginPool(load_executor(conf.executor.type), pool_settings(conf))


def timers(conf: Any) -> TimerService:
    """What fires the timers of an engine.

    Raises ConfigurationError if there is no plugin for `[DEFAULT] scheduler_type`.
    """
    if conf.scheduler_type in plugin_timers.BUILT_IN:
        return Timers('engine-timers')
    return PluginTimers(load_scheduler(conf.scheduler_type, conf.scheduler))


def pool_settings(conf: Any) -> PoolSettings:
    size = conf.executor.green_threads if is_green(conf) else conf.executor.threads
    return PoolSettings(size=size, max_abandoned=size)


def takes_code(conf: Any) -> bool:
    """Whether executors run dynamic actions, see `mistral.actions.dynamic_action`."""
    return CatalogSettings.from_config(conf).providers.accepts('dynamic')


def is_green(conf: Any) -> bool:
    """Whether executors are to run on eventlet."""
    return bool(conf.executor.concurrency_model == 'eventlet')


def workers(conf: Any, component: str) -> int:
    """How many processes a component is to have."""
    return getattr(conf[component], 'workers', 1) if component in conf else 1


def stop_timeout(conf: Any) -> float:
    """Seconds for the work in hand when a process stops."""
    return conf.graceful_shutdown_timeout or threading.TIMEOUT_MAX


def event_duties(conf: Any, database: Database, engine: EngineWorkClient) -> list[Duty]:
    """The duties of a scheduler whose engine and executors are in its own process."""
    sweeps = _sweeps(conf, database, engine)
    duties = [
        Duty('overdue-events', _interval(conf.scheduler.pickup_job_after), sweeps.overdue_events)
    ]
    if (delay := conf.engine.execution_integrity_check_delay) >= 0:
        check = functools.partial(sweeps.stuck_tasks, timedelta(seconds=delay))
        duties.append(Duty('stuck-tasks', _RARE_INTERVAL, check))
    return duties


def scheduler_duties(conf: Any, database: Database, engine: EngineWorkClient) -> list[Duty]:
    """The duties of a scheduler for engines and executors anywhere."""
    sweeps = _sweeps(conf, database, engine)
    check_interval = conf.action_heartbeat.check_interval or _LONGEST_INTERVAL
    return [
        *event_duties(conf, database, engine),
        Duty('waiting-actions', _LONGEST_INTERVAL, sweeps.waiting_actions),
        Duty('notifications', _RARE_INTERVAL, sweeps.unclaimed_notifications),
        Duty('lost-actions', min(check_interval, _LONGEST_INTERVAL), sweeps.lost_actions),
    ]


def cron_duties(
    conf: Any, database: Database, engine: EngineClient, trusts: TriggerTrusts
) -> list[Duty]:
    """The duty of starting the workflows of cron triggers, if there is one.

    Any number of processes may have it.
    """
    if not conf.cron_trigger.enabled:
        return []
    firing = CronFiring(database, engine, trusts=trusts)
    return [Duty('cron-triggers', conf.cron_trigger.execution_interval, firing.fire_due)]


def trust_duties(trusts: TriggerTrusts) -> list[Duty]:
    """The duty of deleting trusts that nobody needs. Any number of processes may have it."""
    return [Duty('superfluous-trusts', _LONGEST_INTERVAL, trusts.sweep)] if trusts.are_made else []


def expiration_duties(conf: Any, database: Database) -> list[Duty]:
    """The duty of deleting ended executions, if that is wanted. Any number may have it.

    Raises ConfigurationError for options that cannot work.
    """
    policy = ExpirationPolicy.from_config(conf)
    if policy is None:
        return []
    return [Duty('expiration', _LONGEST_INTERVAL, Expiration(database, policy).perform)]


def maintenance_duty(database: Database, engine: EngineClient) -> Duty:
    """The duty of pausing and resuming executions. Any number of schedulers may have it."""
    maintenance = MaintenanceDuty(database, engine)
    return Duty('maintenance', _MAINTENANCE_INTERVAL, maintenance.perform)


def _sweeps(conf: Any, database: Database, engine: EngineWorkClient) -> Sweeps:
    rules = HeartbeatRules.from_config(conf)
    # A beat that takes longer than the next one is late; so would be all others.
    check_way = functools.partial(engine.check_way, rules.interval.total_seconds())
    return Sweeps(
        database,
        engine.deliver,
        rules,
        patience=timedelta(seconds=conf.scheduler.pickup_job_after),
        taken_for=timedelta(seconds=conf.scheduler.captured_job_timeout),
        vigil=Vigil(check_way, rules.time_for_a_beat),
    )


def _interval(patience: float) -> float:
    """How often to look for what must be late by `patience`: often enough to add little to it."""
    return min(max(patience / 2, 1), _LONGEST_INTERVAL)


def api_server(conf: Any, app: WSGIApplication) -> ApiServer:
    """Raises ConfigurationError if it cannot be set up."""
    tls = None
    if conf.api.enable_ssl_api:
        if not (conf.ssl.cert_file and conf.ssl.key_file):
            raise ConfigurationError(
                '[api] enable_ssl_api needs a certificate and its key: set [ssl] cert_file and '
                'key_file.'
            )
        tls = TlsFiles(conf.ssl.cert_file, conf.ssl.key_file)
    return ApiServer(
        app,
        conf.api.host,
        conf.api.port,
        threads=conf.api.threads,
        tls=tls,
        share_port=conf.api.workers > 1,
    )


def _use_stand_alone_defaults(conf: cfg.ConfigOpts) -> None:
    """Without any configuration the service is for its user alone: nobody has to log in, and the
    console is not flooded with a line for each change of state."""
    conf.set_default('auth_enable', False, group='pecan')
    quiet = f'{conf.workflow_trace_log_name}=WARNING'
    log.set_defaults(default_log_levels=[*log.get_default_log_levels(), quiet])
