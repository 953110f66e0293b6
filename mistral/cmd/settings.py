"""From the configuration to the settings that the parts of the service take."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg
from oslo_log import log

from mistral import config
from mistral.db.database import Database, DatabaseOptions
from mistral.engine.engine import EngineSettings
from mistral.exceptions import DBError
from mistral.executors.worker_pool import PoolSettings
from mistral.expressions import ExpressionOptions
from mistral.workflow.data_flow import DataFlowSettings
from mistral.workflow.ports import CoreSettings, InfrastructureError


def load(argv: Sequence[str], prog: str, *, cli_options: Sequence[cfg.Opt] = ()) -> cfg.ConfigOpts:
    """Read the configuration and set up logging by it; see `mistral.config.load`."""
    conf = config.load(argv, prog, cli_options=cli_options)
    if not config.has_config_file(conf):
        _use_stand_alone_defaults(conf)
    log.setup(conf, 'mistral')
    return conf


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
    )


def engine_settings(conf: Any, database: Database) -> EngineSettings:
    return EngineSettings(
        # SQLite has one writer at a time: more threads would only get in each other's way.
        workers=1 if database.dialect == 'sqlite' else conf.engine.workers,
        cache_size=conf.engine.execution_cache_size,
        trace_log_name=conf.workflow_trace_log_name,
        publishers=tuple(conf.notifier.notify or ()),
    )


def pool_settings(conf: Any) -> PoolSettings:
    return PoolSettings(size=conf.executor.threads, max_abandoned=conf.executor.threads)


def _use_stand_alone_defaults(conf: cfg.ConfigOpts) -> None:
    """Without any configuration the service is for its user alone: nobody has to log in, and the
    console is not flooded with a line for each change of state."""
    conf.set_default('auth_enable', False, group='pecan')
    quiet = f'{conf.workflow_trace_log_name}=WARNING'
    log.set_defaults(default_log_levels=[*log.get_default_log_levels(), quiet])
