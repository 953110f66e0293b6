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
    def add(id_, due=NOON, **columns):
        with database.transaction() as connection:
            jobs.add(connection, [jobs.Job(id_, f'execution of {id_}', Settle(), due)], NOON)
            if columns:
                connection.execute(
                    scheduled_jobs.update().where(scheduled_jobs.c.id == id_).values(columns)
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


@pytest.mark.parametrize(
    'args',
    [{'type': 'Explode'}, {'type': 'Settle', 'gently': True}, {'type': []}, {}, [], 'x', None],
    ids=str,
)
def test_what_a_newer_release_has_written_does_not_hold_up_the_rest(add, take, database, args):
    add('new', NOON - SECOND, func_args=args)
    add('known', key='execution')
    with database.read() as connection:
        assert [job.id for job in jobs.pending(connection)] == ['known']
        assert jobs.of_execution(connection, 'execution of new') == []
        assert jobs.of_execution(connection, 'execution') == [Settle()]
    assert [take(1), take(1)] == [[], ['known']]


def test_what_is_not_understood_is_named_once_a_look(add, take, caplog):
    for id_ in ('a', 'b', 'c'):
        add(id_, func_args={'type': 'Explode'} if id_ < 'c' else {'type': 'Settle'})
    assert take() == ['c']
    (record,) = caplog.records
    assert record.getMessage() == 'This release does not understand the events of jobs a, b'
