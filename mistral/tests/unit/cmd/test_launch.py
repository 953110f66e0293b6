"""`mistral-server` in the test's own process, as far as it gets."""

import signal
import threading

import pytest
from oslo_config import cfg

from mistral import config
from mistral.cmd import launch
from mistral.exceptions import ConfigurationError

needs_the_main_thread = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason='Signals need the main thread'
)

RABBIT = 'rabbit://nowhere/'
BUS = {'DEFAULT__TRANSPORT_URL': RABBIT}


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
        ('EXECUTOR__TYPE', 'far', "[executor] type = 'far' is not installed"),
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


@pytest.mark.parametrize('url', [None, 'fake://'])
@pytest.mark.parametrize('components', ['engine', 'api,engine,executor'])
def test_components_in_separate_processes_need_a_message_bus(refuse, monkeypatch, url, components):
    if url:
        monkeypatch.setenv('OS_DEFAULT__TRANSPORT_URL', url)
    complaint = refuse('--server', components)
    assert complaint.startswith(f'--server {components}: components in separate processes need')
    assert 'Set [DEFAULT] transport_url' in complaint


def test_unknown_message_bus(refuse, monkeypatch):
    monkeypatch.setenv('OS_DEFAULT__TRANSPORT_URL', RABBIT)
    monkeypatch.setenv('OS_DEFAULT__RPC_IMPLEMENTATION', 'pigeons')
    complaint = refuse('--server', 'executor')
    assert complaint == (
        "[DEFAULT] rpc_implementation = 'pigeons' is not installed. There are: kombu, oslo."
    )


def lose_a_thread() -> None:
    def fail() -> None:
        raise RuntimeError('no more')

    thread = threading.Thread(target=fail, name='loop')
    thread.start()
    thread.join()


class Running:
    """Stands for what is launched; asks the process to stop as soon as it has started."""

    api = None

    def __init__(self, conf, components=None):
        self.conf = conf
        self.components = components
        self.calls = []

    def start(self, stop=None):
        self.calls.append('start')
        signal.raise_signal(signal.SIGTERM)

    def stop(self):
        self.calls.append('stop')


@pytest.fixture
def launched(monkeypatch):
    """What has been launched, by the mode: 'embedded', 'process' or 'supervised'."""
    made = {}

    def make(mode):
        return lambda *args: made.setdefault(mode, Running(*args))

    monkeypatch.setattr('mistral.cmd.embedded.EmbeddedService', make('embedded'))
    monkeypatch.setattr(launch, 'Process', make('process'))
    monkeypatch.setattr('mistral.cmd.supervisor.supervise', make('supervised'))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield made
    for number, handler in handlers.items():
        signal.signal(number, handler)


@needs_the_main_thread
@pytest.mark.parametrize('environment', [{}, BUS])
def test_a_dead_thread_stops_the_process_in_order(refuse, monkeypatch, launched, environment):
    for name, value in environment.items():
        monkeypatch.setenv(f'OS_{name}', value)
    monkeypatch.setattr(Running, 'start', lambda *_: lose_a_thread())
    complaint = refuse('--server', 'engine' if environment else 'all')
    assert complaint.startswith("The thread 'loop' has died: RuntimeError: no more")
    (running,) = launched.values()
    assert running.calls == ['stop']


ALL = ['notifier', 'executor', 'engine', 'scheduler', 'event-engine', 'api']
ONE_EACH = dict.fromkeys(ALL, 1)


@needs_the_main_thread
@pytest.mark.parametrize(
    ('options', 'argv', 'mode', 'components'),
    [
        ({}, [], 'embedded', None),
        ({'DEFAULT__TRANSPORT_URL': 'local://'}, ['--server', 'all'], 'embedded', None),
        ({}, ['--server', ','.join(ALL)], 'embedded', None),
        ({}, ['--server', 'all,event-engine'], 'embedded', None),
        ({'ENGINE__WORKERS': '3'}, [], 'embedded', None),
        ({'DEFAULT__TRANSPORT_URL': 'fake://'}, [], 'process', ALL),
        ({'DEFAULT__TRANSPORT_URL': 'fake://', 'API__WORKERS': '2'}, [], 'process', ALL),
        (BUS, ['--server', 'executor'], 'process', ['executor']),
        (BUS, ['--server', 'event-engine'], 'process', ['event-engine']),
        (BUS, ['--server', 'periodic'], 'process', ['scheduler']),
        ({**BUS, 'EXECUTOR__WORKERS': '2'}, ['--server', 'engine'], 'process', ['engine']),
        (
            {**BUS, 'EXECUTOR__WORKERS': '2'},
            ['--server', 'executor'],
            'supervised',
            {'executor': 2},
        ),
        (BUS, [], 'supervised', ONE_EACH),
        (BUS, ['--server', 'api,engine'], 'supervised', {'engine': 1, 'api': 1}),
        (
            {**BUS, 'API__WORKERS': '2', 'ENGINE__WORKERS': '3', 'EXECUTOR__WORKERS': '4'},
            [],
            'supervised',
            {**ONE_EACH, 'api': 2, 'engine': 3, 'executor': 4},
        ),
    ],
)
def test_mode(launched, monkeypatch, options, argv, mode, components):
    for option, value in options.items():
        monkeypatch.setenv(f'OS_{option}', value)
    assert launch.main(argv) == 0
    assert {found: running.components for found, running in launched.items()} == {mode: components}


@needs_the_main_thread
@pytest.mark.parametrize(('url', 'mode'), [('local://', 'embedded'), ('fake://', 'process')])
def test_it_stops_when_it_is_told_to(launched, monkeypatch, url, mode):
    monkeypatch.setenv('OS_DEFAULT__TRANSPORT_URL', url)
    assert launch.main([]) == 0
    assert launched[mode].calls == ['start', 'stop']


@needs_the_main_thread
def test_process_that_cannot_start_is_stopped(launched, monkeypatch, refuse):
    def start(self, stop):
        raise ConfigurationError('no schema')

    monkeypatch.setattr(Running, 'start', start)
    monkeypatch.setenv('OS_DEFAULT__TRANSPORT_URL', 'fake://')
    assert refuse() == 'no schema'
    assert launched['process'].calls == ['stop']


@needs_the_main_thread
def test_stand_alone_service_is_open_to_its_user(launched):
    launch.main([])
    assert launched['embedded'].conf.pecan.auth_enable is False


@needs_the_main_thread
def test_configured_service_is_not(launched, tmp_path):
    (tmp_path / 'mistral.conf').touch()
    launch.main(['--config-file', f'{tmp_path}/mistral.conf'])
    assert launched['embedded'].conf.pecan.auth_enable is True
