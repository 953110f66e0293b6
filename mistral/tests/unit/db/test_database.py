"""Connections and transactions on SQLite, and what is wrong with some URLs."""

import threading

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from mistral.db import models
from mistral.db.database import Database
from mistral.exceptions import ConfigurationError

TABLE = models.environments


def names(database):
    with database.read() as conn:
        return set(conn.execute(select(TABLE.c.name)).scalars())


def test_a_transaction_is_kept(database):
    with database.transaction() as conn:
        conn.execute(insert(TABLE).values(id='1', name='a'))

    assert names(database) == {'a'}


def test_a_transaction_that_fails_leaves_nothing(database):
    def fail():
        with database.transaction() as conn:
            conn.execute(insert(TABLE).values(id='1', name='a'))
            raise ValueError('broken')

    with pytest.raises(ValueError, match='broken'):
        fail()

    assert names(database) == set()


def test_readers_do_not_wait_for_the_writer(database):
    with database.transaction() as conn:
        conn.execute(insert(TABLE).values(id='1', name='a'))

        assert names(database) == set()


def test_writers_take_turns(database):
    def write(number):
        with database.transaction() as conn:
            taken = len(conn.execute(select(TABLE.c.id)).all())
            conn.execute(insert(TABLE).values(id=str(number), name=f'number {taken}'))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert names(database) == {f'number {number}' for number in range(8)}


def test_foreign_keys_are_checked(database):
    task = insert(models.task_executions).values(id='1', workflow_execution_id='gone')

    with database.transaction() as conn, pytest.raises(IntegrityError):
        conn.execute(task)


def test_the_directory_of_the_database_is_made(tmp_path):
    Database(f'sqlite:///{tmp_path}/a/b/mistral.sqlite').dispose()

    assert (tmp_path / 'a' / 'b').is_dir()


def test_the_password_is_not_shown():
    database = Database('postgresql+psycopg://mistral:secret@host/mistral')

    assert database.url == 'postgresql+psycopg://mistral:***@host/mistral'


@pytest.mark.parametrize(
    ('url', 'message'),
    [
        ('nonsense', r"\[database\] connection is not a database URL: 'nonsense'"),
        ('sqlite:///:memory:', 'SQLite needs a file'),
        ('sqlite://', 'SQLite needs a file'),
        ('sqlite:////proc/none/mistral.sqlite', 'Cannot write to the directory of the database'),
        ('postgresql+nodriver://host/mistral', 'The driver of .* is not installed'),
    ],
)
def test_urls_that_cannot_work(url, message):
    with pytest.raises(ConfigurationError, match=message):
        Database(url)
