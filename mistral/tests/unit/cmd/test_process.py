"""A process with some of the components: what starts when, and on which bus."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from oslo_config import cfg
from sqlalchemy.exc import OperationalError

from mistral import config
from mistral.cmd import foundation, process
from mistral.cmd.foundation import Foundation
from mistral.cmd.process import COMPONENTS, Process, load_backend
from mistral.db import migrations
from mistral.exceptions import ConfigurationError

#: Components that use the database.
ON_DATABASE = {'api', 'engine', 'event_engine', 'notifier', 'scheduler'}


class Part:
    def __init__(self, name, log):
        self.name = name
        self.log = log

    def start(self):
        self.log.append(f'{self.name} starts')

    def stop(self):
        self.log.append(f'{self.name} stops')


@pytest.fixture
def log():
    """What happens, in order."""
    return []


@pytest.fixture
def make(monkeypatch, log):
    """Makes processes whose components have two parts each, and do nothing."""

    class Components:
        def __init__(self, conf, bus, build_foundation):
            self._build_foundation = build_foundation

        def __getattr__(self, name):
            if name in ON_DATABASE:
                self._build_foundation()
            return lambda: [Part(f'{name} {n}', log) for n in (1, 2)]

    class NoFoundation:
        def __init__(self, conf):
            self.database = SimpleNamespace(dispose=lambda: log.append('database is let go'))

        def wait_for_database(self, stop):
            log.append('database is there')

    bus = SimpleNamespace(close=lambda: log.append('bus is let go'), trouble=None)
    monkeypatch.setattr(process, 'load_backend', lambda conf: bus)
    monkeypatch.setattr(process, 'Components', Components)
    monkeypatch.setattr(process, 'Foundation', NoFoundation)
    conf = cfg.ConfigOpts()
    config.register(conf)
    return lambda *components: Process(conf, components)


class TestProcess:
    @pytest.mark.parametrize(
        ('components', 'order'),
        [
            (('engine', 'notifier'), ['notifier', 'engine']),
            (COMPONENTS[::-1], [name.replace('-', '_') for name in COMPONENTS]),
        ],
    )
    def test_what_lets_work_in_starts_last_and_stops_first(self, make, log, components, order):
        running = make(*components)
        running.start(threading.Event())
        parts = [f'{name} {n}' for name in order for n in (1, 2)]
        assert log == ['database is there', *(f'{part} starts' for part in parts)]
        del log[:]
        running.stop()
        stops = [f'{part} stops' for part in parts[::-1]]
        assert log == [*stops, 'bus is let go', 'database is let go']

    @pytest.mark.parametrize('component', COMPONENTS)
    def test_memory_is_limited_for_engines_alone(self, make, monkeypatch, component):
        limits = []
        monkeypatch.setattr(process, 'limit_memory', limits.append)
        make(component).start(threading.Event())
        assert limits == ([0] if component == 'engine' else [])

    @pytest.mark.parametrize('component', COMPONENTS)
    def test_who_needs_the_database(self, make, log, component):
        make(component).start(threading.Event())
        assert ('database is there' in log) == (component.replace('-', '_') in ON_DATABASE)

    @pytest.mark.parametrize(
        ('component', 'line'),
        [
            ('api', 'API server started with one process.'),
            ('engine', 'Engine server started.'),
            ('event-engine', 'Event engine server started.'),
            ('executor', 'Executor server started.'),
            ('notifier', 'Notification server started.'),
            ('scheduler', 'Periodic server started.'),
        ],
    )
    def test_operator_is_told(self, make, caplog, component, line):
        caplog.set_level('INFO')
        make(component).start(threading.Event())
        assert line in caplog.messages

    def test_start_gives_up_when_it_is_told_to_stop(self, make, log, monkeypatch):
        stop = threading.Event()
        running = make('notifier', 'engine')
        monkeypatch.setattr(Part, 'start', lambda part: stop.set())
        running.start(stop)
        running.stop()
        assert [line for line in log if 'stops' in line] == ['notifier 1 stops']

    def test_part_that_cannot_start_is_not_stopped(self, make, log, monkeypatch):
        def start(part):
            if part.name == 'engine 2':
                raise ConfigurationError('no')

        monkeypatch.setattr(Part, 'start', start)
        running = make('engine')
        with pytest.raises(ConfigurationError):
            running.start(threading.Event())
        running.stop()
        running.stop()
        assert [line for line in log if 'stops' in line] == ['engine 1 stops']


def operational_error(text):
    return OperationalError('SELECT secret', {}, ConnectionError(text))


class TestWaitForDatabase:
    @pytest.fixture
    def wait(self, monkeypatch):
        """Waits for a database; each attempt to use it ends as the next of `outcomes` says."""
        monkeypatch.setattr(foundation, '_DATABASE_INTERVAL', 0)
        monkeypatch.setattr(foundation, 'is_transient', lambda e: 'away' in str(e.orig))

        def wait(*outcomes, stop=None):
            left = list(outcomes)

            def require_current(database):
                if (outcome := left.pop(0)) is not None:
                    raise outcome

            monkeypatch.setattr('mistral.db.migrations.require_current', require_current)
            waiting: Any = object.__new__(Foundation)
            waiting.database = SimpleNamespace(dialect='postgresql')
            waiting.wait_for_database(stop or threading.Event())
            return left

        return wait

    def test_database_that_is_there(self, wait, caplog):
        caplog.set_level('INFO')
        assert wait(None) == []
        assert caplog.messages == []

    def test_it_says_once_what_it_waits_for_and_goes_on(self, wait, caplog):
        caplog.set_level('INFO')
        assert wait(*[operational_error('it is away')] * 3, None) == []
        assert caplog.messages == ['Waiting for the database: it is away', 'The database is there']

    @pytest.mark.parametrize(
        'error', [operational_error('wrong password'), ConfigurationError('wrong schema')]
    )
    def test_it_does_not_wait_for_what_time_will_not_mend(self, wait, error):
        with pytest.raises(type(error)):
            wait(error)

    def test_a_file_is_taken_and_brought_up_to_date(self, tmp_path):
        conf = cfg.ConfigOpts()
        config.register(conf)
        conf([], default_config_files=[])
        conf.set_override('connection', f'sqlite:///{tmp_path}/m.sqlite', 'database')
        first, second = Foundation(conf), Foundation(conf)
        first.wait_for_database(threading.Event())
        assert migrations.is_current(first.database.engine)
        with pytest.raises(ConfigurationError, match='Another mistral-server'):
            second.wait_for_database(threading.Event())
        first.database.dispose()

    def test_it_gives_up_when_it_is_told_to_stop(self, wait):
        stop = threading.Event()
        stop.set()
        assert wait(None, stop=stop) == [None]


@pytest.mark.parametrize(
    ('url', 'options', 'name'),
    [
        ('rabbit://there/', {}, 'kombu'),
        ('rabbit://there/', {'rpc_implementation': 'own'}, 'own'),
        ('fake://', {}, 'oslo'),
        ('fake://', {'rpc_implementation': 'own'}, 'oslo'),
    ],
)
def test_message_bus(monkeypatch, url, options, name):
    """Only oslo.messaging has one within a process."""
    monkeypatch.setenv('OS_DEFAULT__TRANSPORT_URL', url)
    monkeypatch.setattr(process, 'load_plugin', lambda *plugin: lambda conf: (*plugin, conf))
    conf = cfg.ConfigOpts()
    config.register(conf)
    conf([], default_config_files=[], default_config_dirs=[])
    for option, value in options.items():
        conf.set_override(option, value)
    found: Any = load_backend(conf)
    assert found == ('mistral.rpc.backends', name, 'rpc_implementation', conf)
