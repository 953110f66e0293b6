"""Taking events from the job store that are overdue."""

from datetime import timedelta

import pytest

from mistral.db.models import scheduled_jobs
from mistral.db.store import jobs
from mistral.tests.unit.db.support import NOON
from mistral.workflow.events import Settle

SECOND = timedelta(seconds=1)
NOW = NOON + timedelta(minutes=1)


@pytest.fixture
def add(database):
    def add(id_, due=NOON, captured_at=None, func_name=jobs.DELIVER_EVENT):
        with database.transaction() as connection:
            jobs.add(connection, [jobs.Job(id_, f'execution of {id_}', Settle(), due)], NOON)
            connection.execute(
                scheduled_jobs.update()
                .where(scheduled_jobs.c.id == id_)
                .values(captured_at=captured_at, func_name=func_name)
            )

    return add


@pytest.fixture
def take(database):
    """Takes what was due at noon and has not been taken since noon."""

    def take(limit=10, now=NOW, taken_before=NOON):
        with database.transaction() as connection:
            found = jobs.take_overdue(
                connection, now, due_before=NOON, taken_before=taken_before, limit=limit
            )
        return [job.id for job in found]

    return take


@pytest.mark.parametrize(
    ('columns', 'is_taken'),
    [
        ({}, True),
        ({'due': NOON - SECOND}, True),
        ({'due': NOON + SECOND}, False),
        ({'captured_at': NOON - SECOND}, True),
        ({'captured_at': NOON}, False),
        ({'func_name': 'of_mistral_23'}, False),
    ],
)
def test_which_are_taken(add, take, columns, is_taken):
    add('j', **columns)
    assert take() == (['j'] if is_taken else [])


def test_nobody_else_finds_them_for_a_while(add, take):
    add('j')
    assert take() == ['j']
    assert take(now=NOW + SECOND, taken_before=NOW) == []
    assert take(now=NOW + 2 * SECOND, taken_before=NOW + SECOND) == ['j']


def test_the_oldest_come_first_in_portions(add, take):
    for n in range(5):
        add(f'j{n}', NOON - n * SECOND)
    assert [take(2) for _ in range(4)] == [['j4', 'j3'], ['j2', 'j1'], ['j0'], []]


def test_they_come_with_their_event_and_execution(add, database):
    add('j')
    with database.transaction() as connection:
        (job,) = jobs.take_overdue(connection, NOW, due_before=NOON, taken_before=NOON, limit=1)
    assert job == jobs.Job('j', 'execution of j', Settle(), NOON)
