"""What the components that use the database are built on."""

import functools
import logging
import threading
from datetime import timedelta
from typing import Final

from oslo_config import cfg

from mistral import config
from mistral.actions.catalog import ActionCatalog, CatalogSettings, load_catalog
from mistral.auth.sealing import sealer_from
from mistral.auth.trusts import trusts_from
from mistral.cmd import settings
from mistral.db import migrations
from mistral.db.database import Database, DatabaseFailure
from mistral.db.repositories import Repositories
from mistral.db.retry import is_transient, without_sql
from mistral.db.store.definitions import GraphCache
from mistral.engine.callers import Callers
from mistral.engine.direct_actions import ActionExecutor
from mistral.engine.dispatcher import Notifier
from mistral.engine.engine import Engine
from mistral.engine.ports import EngineParts
from mistral.executors.runner import run_now
from mistral.expressions import Expressions
from mistral.services.action_definitions import StoredActionDefinitions, StoredDynamicActions
from mistral.services.trigger_trusts import TriggerTrusts

LOG = logging.getLogger(__name__)

#: Seconds between attempts to reach the database at the start.
_DATABASE_INTERVAL: Final = 2.0


class Foundation:
    """The database, and what reads definitions and expressions."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Raises ConfigurationError if the configuration cannot work."""
        self.conf = conf
        self.database = Database(config.database_url(conf), settings.database_options(conf))
        self.profiler = settings.profiler(conf)
        if self.profiler is not None:
            self.profiler.watch_database(self.database.engine)
        self.repositories = Repositories()
        self._keystone = trusts_from(conf)
        self.trusts = TriggerTrusts(self.database, self._keystone)

    # Not all processes need what takes a while to load.

    @functools.cached_property
    def expressions(self) -> Expressions:
        return Expressions.load(settings.expression_options(self.conf))

    @functools.cached_property
    def catalog(self) -> ActionCatalog:
        return load_catalog(
            CatalogSettings.from_config(self.conf),
            StoredActionDefinitions(self.database, self.repositories),
            self.expressions,
            dynamic=StoredDynamicActions(self.database, self.repositories),
        )

    def build_engine(self, executor: ActionExecutor, notifier: Notifier) -> Engine:
        parts = EngineParts(
            database=self.database,
            expressions=self.expressions,
            catalog=self.catalog,
            graphs=GraphCache(),
            settings=settings.core_settings(self.conf),
        )
        engine_settings = settings.engine_settings(self.conf, self.database)
        return Engine(
            parts,
            engine_settings,
            executor,
            notifier,
            run_now,
            self._build_callers(),
            settings.timers(self.conf),
        )

    def _build_callers(self) -> Callers:
        renew = self._keystone.renewed if self._keystone is not None else None
        margin = timedelta(seconds=self.conf.expiration_token_duration)
        return Callers(self.database, sealer_from(self.conf), renew, margin)

    def prepare_database(self) -> None:
        """Take the database for this process alone.

        Raises ConfigurationError if it has not the schema of this version (SQLite is brought up to
        date), or another process works on it.
        """
        self.database.claim()
        if self.database.dialect == 'sqlite':
            migrations.upgrade(self.database.engine)
        else:
            migrations.require_current(self.database)

    def database_trouble(self) -> str | None:
        """Why the database cannot be used at the moment; None if it can."""
        try:
            with self.database.read() as connection:
                connection.exec_driver_sql('SELECT 1')
        except DatabaseFailure as e:
            return str(without_sql(e))
        return None

    def wait_for_database(self, stop: threading.Event) -> None:
        """Wait until the database answers, or `stop` is set.

        Raises ConfigurationError if it has not the schema of this version. A SQLite file is for one
        process alone, as in `prepare_database`.
        """
        if self.database.dialect == 'sqlite':
            self.prepare_database()
            return
        is_away = False
        while not stop.is_set():
            try:
                migrations.require_current(self.database)
            except DatabaseFailure as e:
                if not is_transient(e):
                    raise
                if not is_away:
                    LOG.warning('Waiting for the database: %s', without_sql(e))
                is_away = True
                stop.wait(_DATABASE_INTERVAL)
            else:
                if is_away:
                    LOG.info('The database is there')
                return
