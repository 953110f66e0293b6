"""Where values come from, and which of them wins."""

import pytest

from mistral.exceptions import ConfigurationError


def port(number):
    return f'[api]\nport = {number}\n'


def test_without_anything_there_are_defaults(load):
    conf = load()
    assert (conf.server, conf.api.port) == (['all'], 8989)


def test_the_file_named_last_wins(load, write):
    a, b = write('a.conf', port(1)), write('b.conf', port(2))
    assert load('--config-file', a, '--config-file', b).api.port == 2
    assert load(f'--config-file={a}', f'--config-file={b}').api.port == 2
    assert load(f'--config-file={b}', '--config-file', a).api.port == 1


def test_the_command_line_beats_files_wherever_they_stand(load, write):
    file = write('a.conf', '[DEFAULT]\nserver = engine\n')
    assert load('--server', 'api', '--config-file', file).server == ['api']
    assert load(f'--config-file={file}', '--server', 'api').server == ['api']
    assert load('--server', 'api', '--config-dir', file.parent).server == ['api']
    assert load('--config-file', file).server == ['engine']


def test_directories_are_read_after_files_in_the_order_of_names(load, write):
    file = write('a.conf', port(1))
    directory = write('conf.d/2.conf', port(2)).parent
    write('conf.d/1.conf', port(3))
    write('conf.d/readme.txt', 'nothing')
    assert load('--config-dir', directory, '--config-file', file).api.port == 2


def test_files_are_found_on_the_search_path(load, search_path):
    (search_path / 'mistral.conf').write_text(port(1))
    assert load().api.port == 1
    (search_path / 'mistral-server.conf').write_text(port(2))
    assert load().api.port == 2
    assert load(prog='mistral-db-manage').api.port == 1


def test_environment_names_the_file(load, write, search_path, monkeypatch):
    (search_path / 'mistral.conf').write_text(port(1))
    monkeypatch.setenv('MISTRAL_CONFIG_FILE', str(write('a.conf', port(2))))
    assert load().api.port == 2
    assert load('--config-file', write('b.conf', port(3))).api.port == 3


def test_environment_names_the_directory(load, write, monkeypatch):
    monkeypatch.setenv('MISTRAL_CONFIG_DIR', str(write('conf.d/a.conf', port(2)).parent))
    assert load().api.port == 2


def test_environment_sets_options(load, write, monkeypatch):
    monkeypatch.setenv('OS_API__PORT', '7')
    assert load('--config-file', write('a.conf', port(1))).api.port == 7


@pytest.mark.parametrize(
    ('argument', 'server'),
    [
        ('api', ['api']),
        ('engine,api,engine', ['engine', 'api', 'engine']),
        ('event-engine,notifier,executor', ['event-engine', 'notifier', 'executor']),
        ('periodic,scheduler', ['periodic', 'scheduler']),
        ('all', ['all']),
    ],
)
def test_components(load, argument, server):
    assert load('--server', argument).server == server


@pytest.mark.parametrize('source', ['command line', 'file'])
def test_unknown_component(load, write, capsys, source):
    file = write('a.conf', '[DEFAULT]\nserver = api,web\n')
    arguments = ['--config-file', file] if source == 'file' else ['--server', 'api,web']
    with pytest.raises(SystemExit) as caught:
        load(*arguments)
    assert caught.value.code != 0
    message = capsys.readouterr().err
    assert 'argument --server: Invalid List of String(choices=[' in message
    assert message.endswith(') value: api,web\n')


def test_version(load, capsys):
    with pytest.raises(SystemExit) as caught:
        load('--version')
    assert caught.value.code in (0, None)
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (port('none'), '[api] port is not valid: '),
        ('[api]\nvalidation_mode = no\n', '[api] validation_mode is not valid: '),
        ('port = 1\n', 'Failed to parse '),
    ],
)
def test_bad_file(load, write, text, message):
    with pytest.raises(ConfigurationError) as caught:
        load('--config-file', write('a.conf', text))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize('option', ['--config-file', '--config-dir'])
def test_missing_file(load, tmp_path, option):
    with pytest.raises(ConfigurationError) as caught:
        load(option, tmp_path / 'missing')
    assert str(tmp_path / 'missing') in str(caught.value)


def test_file_of_mistral_23_with_options_of_others(load, write):
    file = write(
        'mistral.conf',
        """
        [DEFAULT]
        scheduler_type = default
        rpc_response_timeout = 120
        [engine]
        version = 1.0
        [scheduler]
        random_delay = 2
        [profiler]
        enabled = True
        [openstack_actions]
        default_region = one
        [keystone_authtoken]
        www_authenticate_uri = http://localhost:5000/v3
        """.replace(' ' * 8, ''),
    )
    assert load('--config-file', file).scheduler_type == 'default'
