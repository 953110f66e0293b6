"""The scripts of the chain. The functional tests run them on all kinds of databases."""

import re
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from mistral.db import migrations, models
from mistral.db.database import Database

VERSIONS = Path(migrations.__file__).parent / 'versions'


@pytest.fixture
def database(tmp_path):
    database = Database(f'sqlite:///{tmp_path}/mistral.sqlite')
    yield database
    database.dispose()


def chain():
    """The scripts from the first to the last."""
    scripts = ScriptDirectory.from_config(migrations.alembic_config())
    return list(scripts.walk_revisions())[::-1]


def test_chain_begins_with_the_last_revision_of_mistral_23():
    first = chain()[0]
    assert (first.revision, first.down_revision) == ('045', None)


def test_chain_is_one_line_of_consecutive_numbers():
    revisions = [script.revision for script in chain()]
    assert revisions == [f'{45 + n:03}' for n in range(len(revisions))]
    assert [script.down_revision for script in chain()][1:] == revisions[:-1]
    assert migrations.next_revision() == f'{45 + len(revisions):03}'


@pytest.mark.parametrize('script', chain(), ids=lambda script: script.revision)
def test_file_is_named_after_number_and_title(script):
    title = script.doc.splitlines()[0]
    assert Path(script.path) == VERSIONS / f'{script.revision}_{title.replace(" ", "_")}.py'
    assert re.fullmatch(r'[a-z0-9 ]+', title)


def test_sqlite_gets_all_tables(database):
    migrations.upgrade(database.engine)
    tables = set(inspect(database.engine).get_table_names())
    assert tables - set(models.metadata.tables) == {'alembic_version', 'executions_v2'}
    assert set(models.metadata.tables) <= tables


def test_failed_upgrade_of_sqlite_leaves_nothing_behind(database, monkeypatch):
    migrations.upgrade(database.engine, '045')
    with database.transaction() as connection:
        connection.exec_driver_sql('ALTER TABLE action_executions_v2 RENAME TO elsewhere')
    with pytest.raises(Exception, match='action_executions_v2'):
        migrations.upgrade(database.engine)
    columns = {
        column['name'] for column in inspect(database.engine).get_columns('task_executions_v2')
    }
    assert 'seq' not in columns
    assert migrations.current(database.engine) == '045'


@pytest.mark.parametrize('dialect', ['sqlite', 'postgresql', 'mysql'])
def test_sql_for_a_database_administrator(dialect, capsys):
    command.upgrade(migrations.alembic_config(dialect=dialect), 'head', sql=True)
    sql = capsys.readouterr().out
    for table in models.metadata.tables:
        assert f'CREATE TABLE {table} ' in sql
    assert (
        "INSERT INTO mistral_metrics (name, value) VALUES ('maintenance_status', 'RUNNING')" in sql
    )
    assert ('func_args LONGTEXT' in sql) == (dialect == 'mysql')
