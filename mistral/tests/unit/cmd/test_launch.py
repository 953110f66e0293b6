"""`mistral-server` in the test's own process, as far as it gets."""

import signal
import threading

import pytest
from oslo_config import cfg

from mistral import config
from mistral.cmd import launch


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """No configuration but the database, and none that is left behind; logging as it was."""
    load = config.load
    conf = cfg.ConfigOpts()
    monkeypatch.setattr(config, 'load', lambda *args, **options: load(*args, conf=conf, **options))
    monkeypatch.setattr(cfg, '_get_config_dirs', lambda project=None: [])
    monkeypatch.setattr('oslo_log.log.setup', lambda *_: None)
    monkeypatch.setattr('oslo_log.log.set_defaults', lambda **_: None)
    monkeypatch.setenv('OS_DATABASE__CONNECTION', f'sqlite:///{tmp_path}/mistral.sqlite')
    monkeypatch.setenv('OS_API__HOST', '127.0.0.1')
    monkeypatch.setenv('OS_API__PORT', '0')


@pytest.fixture
def refuse(capsys):
    """Runs a command line that must fail and returns its one line of complaint."""

    def refuse(*argv):
        code = launch.main(argv)
        output = capsys.readouterr()
        assert (code, output.err.count('\n')) == (1, 1)
        assert output.err.startswith('ERROR: ')
        return output.err.removeprefix('ERROR: ').rstrip()

    return refuse


@pytest.mark.parametrize(
    ('option', 'value', 'complaint'),
    [
        ('API__PORT', 'eighty', '[api] port is not valid'),
        ('API__PORT', '123456', '[api] port is not valid'),
        ('ENGINE__WORKERS', '0', '[engine] workers is not valid'),
        ('NOTIFIER__NOTIFY', '{}', '[notifier] notify is not valid'),
        ('DATABASE__CONNECTION', 'here', '[database] connection is not a database URL'),
        ('DATABASE__CONNECTION', 'sqlite://', 'SQLite needs a file'),
        ('DATABASE__CONNECTION', 'oracle://there/db', 'driver of [database] connection'),
        ('DATABASE__CONNECTION', 'nonsense://there/db', 'driver of [database] connection'),
        ('DEFAULT__TRANSPORT_URL', 'carrier-pigeon://', 'transport_url'),
    ],
)
def test_bad_value(refuse, monkeypatch, option, value, complaint):
    monkeypatch.setenv(f'OS_{option}', value)
    assert complaint in refuse()


def test_missing_configuration_file(refuse, tmp_path):
    assert f'{tmp_path}/none.conf' in refuse('--config-file', f'{tmp_path}/none.conf')


def test_unwritable_directory(refuse, monkeypatch, tmp_path):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('OS_DATABASE__CONNECTION', f'sqlite:///{tmp_path}/file/mistral.sqlite')
    complaint = refuse()
    assert f'Cannot write to the directory of the database, {tmp_path}/file' in complaint
    assert '[database] connection' in complaint


def test_components_in_separate_processes(refuse):
    assert 'not supported yet' in refuse('--server', 'engine')


class Service:
    """Starts nothing; is asked to stop as soon as it has started."""

    api = None

    def __init__(self, conf):
        self.conf = conf
        self.calls = []

    def start(self):
        self.calls.append('start')
        signal.raise_signal(signal.SIGTERM)

    def stop(self):
        self.calls.append('stop')


@pytest.fixture
def service(monkeypatch):
    """The service that was launched."""
    made = []

    def make(conf):
        made.append(Service(conf))
        return made[0]

    monkeypatch.setattr(launch, 'Service', make)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield made
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason='Signals need the main thread'
)
def test_it_stops_when_it_is_told_to(service):
    assert launch.main([]) == 0
    assert service[0].calls == ['start', 'stop']


def test_stand_alone_service_is_open_to_its_user(service):
    launch.main([])
    assert service[0].conf.pecan.auth_enable is False


def test_configured_service_is_not(service, tmp_path):
    (tmp_path / 'mistral.conf').touch()
    launch.main(['--config-file', f'{tmp_path}/mistral.conf'])
    assert service[0].conf.pecan.auth_enable is True
