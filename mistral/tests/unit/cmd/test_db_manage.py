"""`mistral-db-manage` on SQLite."""

import pytest
from oslo_config import cfg

from mistral.cmd.db_manage import main
from mistral.db import migrations
from mistral.db.database import Database
from mistral.tests.unit.db.support import Store


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """No configuration but the database; logging as it was before."""
    monkeypatch.setattr(cfg, '_get_config_dirs', lambda project=None: [])
    monkeypatch.setattr('logging.basicConfig', lambda **_: None)
    monkeypatch.setenv('OS_DATABASE__CONNECTION', f'sqlite:///{tmp_path}/mistral.sqlite')


@pytest.fixture
def database(tmp_path):
    database = Database(f'sqlite:///{tmp_path}/mistral.sqlite')
    yield database
    database.dispose()


@pytest.fixture
def manage(capsys):
    """Runs a command line that must succeed and returns what it printed."""

    def manage(*argv):
        code = main(argv)
        output = capsys.readouterr()
        assert (code, output.err) == (0, '')
        return output.out

    return manage


@pytest.fixture
def refuse(capsys):
    """Runs a command line that must fail and returns its one line of complaint."""

    def refuse(*argv):
        code = main(argv)
        output = capsys.readouterr()
        assert (code, output.out, output.err.count('\n')) == (1, '', 1)
        assert output.err.startswith('ERROR: ')
        return output.err.removeprefix('ERROR: ').rstrip()

    return refuse


def head():
    return f'{int(migrations.next_revision()) - 1:03}'


def test_upgrade(manage, database):
    assert manage('current') == ''
    manage('upgrade', '045')
    assert manage('current') == '045\n'
    manage('upgrade', '--delta', '1')
    assert migrations.current(database.engine) == '046'
    manage('upgrade', 'head')
    assert manage('current') == f'{head()} (head)\n'


def test_upgrade_with_options_after_the_command(manage, tmp_path, monkeypatch, database):
    monkeypatch.delenv('OS_DATABASE__CONNECTION')
    file = tmp_path / 'mistral.conf'
    file.write_text(f'[database]\nconnection = sqlite:///{tmp_path}/mistral.sqlite\n')
    manage('upgrade', 'head', '--config-file', str(file))
    assert migrations.is_current(database.engine)


def test_upgrade_finds_the_file_of_the_environment(manage, tmp_path, monkeypatch, database):
    monkeypatch.delenv('OS_DATABASE__CONNECTION')
    file = tmp_path / 'any.conf'
    file.write_text(f'[database]\nconnection = sqlite:///{tmp_path}/mistral.sqlite\n')
    monkeypatch.setenv('MISTRAL_CONFIG_FILE', str(file))
    manage('upgrade', 'head')
    assert migrations.is_current(database.engine)


def test_sql_is_printed_and_not_run(manage, database):
    assert 'CREATE TABLE workflow_definitions_v2' in manage('upgrade', 'head', '--sql')
    range_only = manage('upgrade', '045:046', '--sql')
    assert 'ADD COLUMN revision' in range_only
    assert 'CREATE TABLE' not in range_only
    assert "VALUES ('045')" in manage('stamp', '045', '--sql')
    assert migrations.current(database.engine) is None


def test_stamp(manage):
    manage('upgrade', 'head')
    manage('stamp', '045')
    assert manage('current') == '045\n'


def test_history(manage):
    assert '045 -> 046' in manage('history')
    assert manage('branches') == ''


def test_populate(manage, database):
    manage('upgrade', 'head')
    assert manage('populate') == 'Stored 1 actions and 0 workflows.\n'
    assert manage('populate_actions') == 'Stored 1 actions.\n'
    assert [row['name'] for row in Store(database).actions.list()] == ['std.wait_ssh']


def test_option_of_mistral_extra_is_accepted(manage):
    assert manage('-m', 'mapping.json', 'history')
    assert manage('--openstack_actions_mapping_path', 'mapping.json', 'history')


@pytest.mark.parametrize(
    ('argv', 'message'),
    [
        (['upgrade'], 'You must provide a revision or relative delta'),
        (
            ['upgrade', 'head', '--delta', '1'],
            'Give either a revision or a relative delta, not both',
        ),
        (['upgrade', 'nope'], "Can't locate revision identified by 'nope'"),
        (['upgrade', '--delta', '99'], "Relative revision +99 didn't produce 99 migrations"),
        (['stamp', 'nope'], "Can't locate revision identified by 'nope'"),
        (['--config-file', '/missing', 'current'], 'Failed to find some config files: /missing'),
    ],
)
def test_wrong_request(refuse, argv, message):
    assert refuse(*argv) == message


def test_populate_needs_the_tables(refuse):
    assert refuse('populate').endswith("Run 'mistral-db-manage upgrade head' first.")


@pytest.mark.parametrize(
    ('url', 'message'),
    [
        ('nonsense', '[database] connection is not a database URL'),
        ('nosuch://host/db', 'The driver of [database] connection (nosuch) is not installed'),
        (
            'mysql+pymysql://me:secret@127.0.0.1:1/db',
            'The database mysql+pymysql://me:***@127.0.0.1:1/db cannot be used: ',
        ),
    ],
)
def test_unusable_database(refuse, monkeypatch, url, message):
    monkeypatch.setenv('OS_DATABASE__CONNECTION', url)
    answer = refuse('current')
    assert answer.startswith(message)
    assert 'secret' not in answer


@pytest.mark.parametrize('url', ['nonsense', 'nosuch://host/db'])
def test_unusable_url_when_printing_sql(refuse, monkeypatch, url):
    monkeypatch.setenv('OS_DATABASE__CONNECTION', url)
    answer = refuse('upgrade', 'head', '--sql')
    assert answer.startswith('[database] connection is not a database URL')


@pytest.mark.parametrize(
    'argv', [[], ['downgrade', '045'], ['check_migration'], ['upgrade', '--delta', '0']]
)
def test_wrong_command_line(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert 'usage: mistral-db-manage' in capsys.readouterr().err
