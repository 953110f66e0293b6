"""What options mean to the parts of the service."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from oslo_config import cfg

from mistral import config
from mistral.cmd import settings
from mistral.db.database import DatabaseOptions
from mistral.exceptions import ConfigurationError
from mistral.services.sweeps import HeartbeatRules


@pytest.fixture
def make():
    """Makes a configuration: make(engine={'threads': 3}, DEFAULT={...})."""

    def make(**groups):
        conf = cfg.ConfigOpts()
        config.register(conf)
        conf([], default_config_files=[], default_config_dirs=[])
        for group, options in groups.items():
            for name, value in options.items():
                conf.set_override(name, value, None if group == 'DEFAULT' else group)
        return conf

    return make


def database(dialect: str) -> Any:
    return SimpleNamespace(dialect=dialect)


@pytest.mark.parametrize(
    ('component', 'workers'),
    [('api', 2), ('engine', 3), ('executor', 4), ('scheduler', 1), ('notifier', 1)],
)
def test_workers(make, component, workers):
    conf = make(api={'workers': 2}, engine={'workers': 3}, executor={'workers': 4})
    assert settings.workers(conf, component) == workers
    assert settings.workers(make(), component) == 1


@pytest.mark.parametrize(
    ('groups', 'takes_code'),
    [
        ({}, True),
        ({'action_providers': {'denylist': ['dyn*']}}, False),
        ({'action_providers': {'allowlist': ['legacy', 'adhoc']}}, False),
    ],
)
def test_executors_run_dynamic_actions_if_the_operator_wants_them(make, groups, takes_code):
    assert settings.takes_code(make(**groups)) is takes_code


@pytest.mark.parametrize(('value', 'seconds'), [(7, 7), (0, threading.TIMEOUT_MAX)])
def test_stop_timeout(make, value, seconds):
    """0 is without limit, as for oslo.service."""
    conf = make(DEFAULT={'graceful_shutdown_timeout': value})
    assert settings.stop_timeout(conf) == seconds


@pytest.mark.parametrize(('dialect', 'workers'), [('sqlite', 1), ('postgresql', 3), ('mysql', 3)])
def test_engine(make, dialect, workers):
    conf = make(
        engine={'threads': 3, 'execution_cache_size': 5},
        action_heartbeat={'check_interval': 7},
        DEFAULT={'workflow_trace_log_name': 'trace'},
    )
    found = settings.engine_settings(conf, database(dialect))
    assert (found.workers, found.cache_size, found.trace_log_name) == (workers, 5, 'trace')
    assert found.heartbeats == HeartbeatRules.from_config(conf)


def test_publishers_of_the_operator(make):
    assert settings.core_settings(make()).publishers == ()
    conf = make(notifier={'notify': [{'type': 'noop'}]})
    assert settings.core_settings(conf).publishers == ({'type': 'noop'},)


@pytest.mark.parametrize(('model', 'size'), [('threads', 3), ('eventlet', 5)])
def test_pool(make, model, size):
    executor = {'threads': 3, 'green_threads': 5, 'concurrency_model': model}
    conf = make(executor=executor)
    found = settings.pool_settings(conf)
    assert (found.size, found.max_abandoned) == (size, size)
    assert settings.is_green(conf) == (model == 'eventlet')


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({}, DatabaseOptions(pool_size=5, max_overflow=50, recycle_after=3600)),
        ({'max_pool_size': 7, 'max_overflow': 0, 'pool_timeout': 9, 'connection_recycle_time': 11},
         DatabaseOptions(7, 0, 9, 11)),
    ],
)  # fmt: skip
def test_database(make, options, expected):
    assert settings.database_options(make(database=options)) == expected


def test_core(make):
    found = settings.core_settings(
        make(
            engine={'merge_strategy': 'merge', 'execution_field_size_limit_kb': 5},
            context_versioning={'enabled': False, 'hash_version_keys': False},
        )
    )
    assert found.field_size_limit_kb == 5
    assert (found.data_flow.merge_strategy, found.data_flow.versioning) == ('merge', False)
    assert found.data_flow.hash_version_keys is False


class TestDuties:
    def intervals(self, make, duties, *further, **groups):
        engine: Any = SimpleNamespace(deliver=None, check_way=lambda timeout: None)
        found = duties(make(**groups), database('postgresql'), engine, *further)
        return {duty.name: duty.interval for duty in found}

    @pytest.mark.parametrize(('patience', 'interval'), [(10, 5), (60, 5), (4, 2), (1, 1)])
    def test_overdue_events_are_looked_for_often_enough(self, make, patience, interval):
        groups = {'scheduler': {'pickup_job_after': patience}}
        found = self.intervals(make, settings.event_duties, **groups)
        assert found == {'overdue-events': interval, 'stuck-tasks': 60}

    def test_nobody_looks_for_stuck_tasks(self, make):
        options = {'execution_integrity_check_delay': -1}
        found = self.intervals(make, settings.event_duties, engine=options)
        assert found.keys() == {'overdue-events'}

    @pytest.mark.parametrize(('check_interval', 'interval'), [(20, 5), (2, 2), (0, 5)])
    def test_of_a_scheduler_for_all(self, make, check_interval, interval):
        groups = {'action_heartbeat': {'check_interval': check_interval}}
        assert self.intervals(make, settings.scheduler_duties, **groups) == {
            'overdue-events': 5,
            'stuck-tasks': 60,
            'waiting-actions': 5,
            'notifications': 60,
            'lost-actions': interval,
        }

    @pytest.mark.parametrize(
        ('options', 'expected'),
        [
            ({}, {'cron-triggers': 1}),
            ({'execution_interval': 7}, {'cron-triggers': 7}),
            ({'enabled': False}, {}),
        ],
    )
    def test_cron_triggers(self, make, options, expected):
        trusts: Any = SimpleNamespace(are_made=False)
        found = self.intervals(make, settings.cron_duties, trusts, cron_trigger=options)
        assert found == expected

    @pytest.mark.parametrize('is_keystone', [True, False])
    def test_trusts_are_deleted_where_there_are_any(self, is_keystone):
        trusts: Any = SimpleNamespace(are_made=is_keystone, sweep=None)
        names = [duty.name for duty in settings.trust_duties(trusts)]
        assert names == (['superfluous-trusts'] if is_keystone else [])


@pytest.mark.parametrize(('workers', 'is_shared'), [(1, False), (2, True)])
def test_port_of_the_api_is_shared_by_its_processes(make, workers, is_shared):
    conf = make(api={'workers': workers, 'port': 0, 'host': '127.0.0.1'})
    assert settings.api_server(conf, lambda *_: [])._server.reuse_port is is_shared


@pytest.mark.parametrize('files', [{}, {'cert_file': '/cert.pem'}, {'key_file': '/key.pem'}])
def test_tls_needs_both_files(make, files):
    conf = make(api={'enable_ssl_api': True}, ssl=files)
    with pytest.raises(ConfigurationError, match=r'set \[ssl\] cert_file and key_file'):
        settings.api_server(conf, lambda *_: [])
