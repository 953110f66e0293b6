"""The chain of revisions on every kind of database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from mistral.db import migrations, models
from mistral.db.database import Database
from mistral.exceptions import ConfigurationError, DBError

#: Revisions 046, 048 and 052 make these. In a database of Mistral 23, other indexes may have other
#: names, too.
NEW_INDEXES: dict[str, list[tuple[str, ...]]] = {
    'workflow_executions_v2': [
        ('root_execution_id',),
        ('created_at', 'id'),
        ('workflow_id', 'state'),
        ('project_id', 'created_at', 'id'),
        ('project_id', 'state', 'created_at', 'id'),
        ('project_id', 'workflow_name', 'created_at', 'id'),
        ('updated_at', 'id'),
        ('name', 'id'),
        ('state', 'id'),
        ('project_id', 'updated_at', 'id'),
        ('project_id', 'name', 'id'),
        ('project_id', 'state', 'id'),
    ],
    'task_executions_v2': [('project_id', 'created_at', 'id')],
    'action_executions_v2': [('project_id', 'created_at', 'id')],
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


def differences(database: Database) -> list[Any]:
    """What the tables lack, or have too much, in comparison with the models."""
    options = {'include_object': is_in_models}
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, models.metadata)


def is_in_models(_item: Any, name: str, kind: str, _reflected: bool, _other: Any) -> bool:
    """All is, but for a table of old that nothing uses."""
    return (kind, name) != ('table', 'executions_v2')


def indexed(database: Database, table: str) -> list[tuple[str | None, ...]]:
    with database.read() as connection:
        return [tuple(index['column_names']) for index in inspect(connection).get_indexes(table)]


def execute(database: Database, *statements: str) -> None:
    with database.transaction() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_empty_database_gets_the_tables_of_the_models(database):
    migrations.upgrade(database.engine)
    assert differences(database) == []


def test_positions_in_the_chain(database):
    assert migrations.current(database.engine) is None
    migrations.upgrade(database.engine, '045')
    assert migrations.current(database.engine) == '045'
    assert not migrations.is_current(database.engine)
    with pytest.raises(ConfigurationError, match='mistral-db-manage upgrade head'):
        migrations.require_current(database)
    migrations.upgrade(database.engine)
    assert migrations.is_current(database.engine)
    migrations.require_current(database)


def test_upgrade_by_url(database_url, database):
    migrations.upgrade(database_url)
    assert migrations.is_current(database.engine)


def test_second_upgrade_changes_nothing(database):
    migrations.upgrade(database.engine)
    execute(database, "UPDATE mistral_metrics SET value = 'PAUSED'")
    migrations.upgrade(database.engine)
    assert differences(database) == []
    with database.read() as connection:
        status = connection.execute(text('SELECT id, name, value FROM mistral_metrics')).all()
    assert status == [(1, 'maintenance_status', 'PAUSED')]


def test_rows_of_mistral_23_are_kept(database):
    migrations.upgrade(database.engine, '045')
    execute(
        database,
        "INSERT INTO workflow_executions_v2 (id, state, spec) VALUES ('w', 'ERROR', '{\"a\": 1}')",
        "INSERT INTO task_executions_v2 (id, workflow_execution_id) VALUES ('t', 'w')",
        "INSERT INTO action_executions_v2 (id, task_execution_id) VALUES ('a', 't')",
    )
    migrations.upgrade(database.engine)
    executions = models.workflow_executions.c
    with database.read() as connection:
        workflow = connection.execute(
            models.workflow_executions.select().with_only_columns(
                executions.id, executions.state, executions.spec, executions.revision
            )
        ).one()
        task = connection.execute(models.task_executions.select()).mappings().one()
        action = connection.execute(models.action_executions.select()).mappings().one()
    assert workflow == ('w', 'ERROR', {'a': 1}, 1)
    assert (task['id'], task['seq'], task['published_global']) == ('t', None, None)
    assert (action['id'], action['seq']) == ('a', None)


def test_executions_go_with_what_they_belong_to(database):
    migrations.upgrade(database.engine)
    execute(
        database,
        "INSERT INTO workflow_executions_v2 (id) VALUES ('w')",
        "INSERT INTO task_executions_v2 (id, workflow_execution_id) VALUES ('t', 'w')",
        "INSERT INTO action_executions_v2 (id, task_execution_id) VALUES ('a', 't')",
        "INSERT INTO workflow_executions_v2 (id, task_execution_id) VALUES ('sub', 't')",
        "DELETE FROM workflow_executions_v2 WHERE id = 'w'",
    )
    with database.read() as connection:
        tables = (models.workflow_executions, models.task_executions, models.action_executions)
        assert [connection.execute(table.select()).all() for table in tables] == [[], [], []]


def test_indexes_of_an_operator_are_not_doubled(database):
    migrations.upgrade(database.engine, '045')
    execute(database, 'CREATE INDEX by_workflow ON workflow_executions_v2 (workflow_id, state)')
    migrations.upgrade(database.engine)
    for table, wanted in NEW_INDEXES.items():
        existing = indexed(database, table)
        assert [existing.count(columns) for columns in wanted] == [1] * len(wanted)


def test_upgrade_that_broke_off_can_be_repeated(database):
    migrations.upgrade(database.engine, '045')
    execute(
        database,
        'ALTER TABLE task_executions_v2 ADD COLUMN seq INTEGER',
        'CREATE INDEX task_executions_v2_project_id_created_at_id'
        ' ON task_executions_v2 (project_id, created_at, id)',
    )
    migrations.upgrade(database.engine)
    assert differences(database) == []


def test_processes_that_upgrade_together_take_turns(database_url, database):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(migrations.upgrade, [database_url] * 3))
    assert migrations.is_current(database.engine)
    assert differences(database) == []


def test_tables_without_a_revision_are_left_alone(database):
    models.metadata.create_all(database.engine)
    with pytest.raises(DBError, match='mistral-db-manage stamp 045'):
        migrations.upgrade(database.engine)
    assert migrations.current(database.engine) is None


@pytest.mark.parametrize('revision', ['044', '999'])
def test_database_of_an_unknown_revision_is_left_alone(database, revision):
    migrations.upgrade(database.engine, '045')
    execute(database, f"UPDATE alembic_version SET version_num = '{revision}'")
    with pytest.raises(DBError, match=f'at revision {revision}, which this version does not know'):
        migrations.upgrade(database.engine)


def test_unknown_target(database):
    with pytest.raises(DBError, match="'999'"):
        migrations.upgrade(database.engine, '999')
