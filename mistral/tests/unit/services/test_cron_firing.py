"""Workflows of due cron triggers start once, whatever happens to the schedulers."""

import json
import logging
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from mistral.context import RequestContext
from mistral.db.models import cron_triggers, workflow_executions
from mistral.db.store import cron, trusts
from mistral.db.store.cron import Occurrence
from mistral.exceptions import (
    DBEntityNotFoundError,
    InputException,
    NotAllowedException,
    RpcTimeoutError,
    UnavailableException,
)
from mistral.services import cron_firing
from mistral.services.cron_firing import CronFiring, execution_id_of
from mistral.services.cron_patterns import next_occurrence
from mistral.services.trigger_trusts import TriggerTrusts
from mistral.tests.unit.db.support import NOON

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class Engine:
    """Starts nothing twice, as the engine does; `error` is raised before, `lost_answer` after.

    `errors` are those of single workflows.
    """

    def __init__(self):
        self.calls = []
        self.started = {}
        self.stopped = []
        self.error = self.lost_answer = self.stop_error = None
        self.errors = {}

    def start_workflow(self, caller, **call):
        self.calls.append(call['execution_id'])
        if error := self.error or self.errors.get(call['workflow_identifier']):
            raise error
        self.started.setdefault(call['execution_id'], (caller, call))
        if self.lost_answer:
            raise self.lost_answer

    def stop_workflow(self, caller, execution_id, state, message=None):
        self.stopped.append((caller.project_id, execution_id, state, message))
        if self.stop_error:
            raise self.stop_error


class Keystone:
    """Gives tokens of trusts, or raises `error`."""

    error = None

    def caller_of(self, trust_id, project_id):
        if self.error:
            raise self.error
        return RequestContext(project_id=project_id, security={'trust_id': trust_id})

    def create(self, caller):
        raise NotImplementedError

    def delete(self, trust_id):
        raise NotImplementedError


class Clock:
    now = NOON

    def __call__(self):
        return self.now


class ShuttingDown(Exception):
    sqlstate = '57P01'  # of PostgreSQL


class Crash(BaseException):
    """The process dies."""


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def firing(database, engine, clock):
    return CronFiring(database, engine, clock)


@pytest.fixture
def add(database):
    def add(id='t', time=NOON, **values):
        row = {
            'id': id,
            'name': f'name of {id}',
            'project_id': 'p',
            'scope': 'private',
            'pattern': '* * * * *',
            'next_execution_time': time,
            'workflow_name': 'wf',
            'workflow_input': {'n': 1},
            'workflow_params': {'env': {'k': 'v'}},
            **values,
        }
        with database.transaction() as connection:
            connection.execute(insert(cron_triggers).values(row))

    return add


@pytest.fixture
def find(database):
    """The columns of a trigger that change; None if it is gone."""

    def find(id='t'):
        query = cron_triggers.select().where(cron_triggers.c.id == id)
        with database.read() as connection:
            row = connection.execute(query).mappings().first()
        return row and (row['next_execution_time'], row['remaining_executions'])

    return find


def test_what_is_started(firing, add, engine):
    add()
    firing.fire_due()
    ((caller, call),) = engine.started.values()
    assert (caller.project_id, caller.is_admin) == ('p', False)
    assert call == {
        'workflow_identifier': 'wf',
        'execution_id': execution_id_of(Occurrence('t', NOON)),
        'input': {'n': 1},
        'params': {'env': {'k': 'v'}},
        'description': (
            '{"description": "Workflow execution created by cron trigger \'(t)\'.", '
            '"triggered_by": {"type": "cron_trigger", "id": "t"}}'
        ),
    }
    assert json.loads(call['description'])['triggered_by'] == {'type': 'cron_trigger', 'id': 't'}


@pytest.mark.parametrize(
    ('time', 'is_due'), [(NOON - SECOND, True), (NOON, True), (NOON + SECOND, False)]
)
def test_triggers_come_neither_early_nor_never(firing, add, engine, time, is_due):
    add(time=time, pattern='@daily')
    firing.fire_due()
    assert len(engine.started) == is_due


def test_triggers_move_on_to_their_next_time(firing, add, find, engine, clock):
    add()
    firing.fire_due()
    firing.fire_due()
    assert find() == (NOON + MINUTE, None)
    assert len(engine.calls) == 1
    clock.now += MINUTE
    firing.fire_due()
    assert find() == (NOON + 2 * MINUTE, None)
    assert len(engine.started) == 2


def test_missed_times_do_not_count(firing, add, find, engine, clock):
    add()
    clock.now += 10 * MINUTE + 30 * SECOND
    firing.fire_due()
    firing.fire_due()
    assert find() == (NOON + 11 * MINUTE, None)
    assert list(engine.started) == [execution_id_of(Occurrence('t', NOON))]


def test_a_clock_that_is_behind_gives_no_time_twice(firing, add, find, engine, clock):
    """Another scheduler has moved the trigger on by a clock that is ahead."""
    add(time=NOON + SECOND, pattern='* * * * * *')
    clock.now = NOON + SECOND
    firing.fire_due()
    clock.now = NOON
    firing.fire_due()
    assert find() == (NOON + 2 * SECOND, None)
    assert len(engine.calls) == 1


def test_the_count_goes_down_and_the_trigger_goes_with_it(firing, add, find, clock):
    add(remaining_executions=2)
    firing.fire_due()
    assert find() == (NOON + MINUTE, 1)
    clock.now += MINUTE
    firing.fire_due()
    assert find() is None


def test_a_trigger_goes_when_its_pattern_never_comes_again(firing, add, find, engine):
    add(pattern='0 12 1 1 * 0 2026')
    firing.fire_due()
    assert find() is None
    assert len(engine.started) == 1


def test_a_pattern_that_is_not_understood_leaves_its_trigger(firing, add, find, engine, caplog):
    add(pattern='odd')
    firing.fire_due()
    firing.fire_due()
    assert find() == (datetime.fromisoformat('9999-12-31 23:59:59'), None)
    assert len(engine.calls) == 1
    assert 'will not come again: The specified pattern is not valid: odd' in caplog.text


class TestFailures:
    @pytest.mark.parametrize(
        'error',
        [
            RpcTimeoutError('late'),
            UnavailableException(),
            OperationalError('SELECT', {}, ShuttingDown()),
        ],
    )
    def test_what_may_pass_leaves_the_trigger_due(self, firing, add, find, engine, clock, error):
        add(remaining_executions=2)
        engine.error = error
        with pytest.raises(type(error)):
            firing.fire_due()
        assert find() == (NOON, 2)
        engine.error = None
        clock.now += 5 * MINUTE + 30 * SECOND
        firing.fire_due()
        assert list(engine.started) == [execution_id_of(Occurrence('t', NOON))]
        assert find() == (NOON + 6 * MINUTE, 1)

    def test_a_lost_answer_starts_nothing_twice(self, firing, add, find, engine):
        add()
        engine.lost_answer = RpcTimeoutError('late')
        with pytest.raises(RpcTimeoutError):
            firing.fire_due()
        engine.lost_answer = None
        firing.fire_due()
        assert len(engine.calls) == 2
        assert len(engine.started) == 1
        assert find() == (NOON + MINUTE, None)

    @pytest.mark.parametrize(
        ('error', 'has_traceback'),
        [
            (InputException('Invalid input'), False),
            (DBEntityNotFoundError('Workflow not found'), False),
            (KeyError('odd'), True),
        ],
    )
    def test_a_workflow_that_cannot_start_costs_the_occurrence(
        self, firing, add, find, engine, caplog, error, has_traceback
    ):
        caplog.set_level(logging.WARNING)
        add(remaining_executions=2)
        engine.error = error
        firing.fire_due()
        assert find() == (NOON + MINUTE, 1)
        assert f'Failed to process cron trigger [name=name of t, id=t]: {error}' in caplog.text
        assert ('Traceback' in caplog.text) == has_traceback

    def test_other_triggers_come_all_the_same(self, firing, add, engine):
        for n in range(5):
            add(f't{n}', pattern='odd' if n % 2 else '* * * * *')
        engine.error = InputException('no')
        firing.fire_due()
        assert len(engine.calls) == 5

    @pytest.mark.parametrize('error', [RpcTimeoutError('late'), UnavailableException()])
    def test_a_trigger_that_has_to_wait_holds_up_no_other(self, firing, add, engine, error):
        for n in range(9):
            add(f't{n}', workflow_name=f'wf{n}')
        engine.errors = {'wf4': error}
        with pytest.raises(type(error)):
            firing.fire_due()
        assert len(engine.started) == 8
        engine.errors = {}
        firing.fire_due()
        assert len(engine.started) == 9

    def test_a_database_that_is_away_ends_the_turn(self, firing, add, engine):
        for n in range(9):
            add(f't{n}')
        engine.error = OperationalError('SELECT', {}, ShuttingDown())
        with pytest.raises(OperationalError):
            firing.fire_due()
        assert len(engine.calls) == 1


class TestMissed:
    """What the owner wants to happen about occurrences that nobody could start in time."""

    def test_all_of_them(self, firing, add, find, engine, clock):
        add(missed='all')
        clock.now += 3 * MINUTE + SECOND
        firing.fire_due()
        times = [NOON + minutes * MINUTE for minutes in range(4)]
        assert list(engine.started) == [execution_id_of(Occurrence('t', time)) for time in times]
        assert find() == (NOON + 4 * MINUTE, None)

    def test_no_more_of_them_than_the_count(self, firing, add, find, engine, clock):
        add(missed='all', remaining_executions=2)
        clock.now += 10 * MINUTE
        firing.fire_due()
        assert len(engine.started) == 2
        assert find() is None

    @pytest.mark.parametrize(('late', 'count'), [(MINUTE, 1), (MINUTE + SECOND, 0)])
    def test_none_of_them(self, firing, add, find, engine, clock, late, count):
        add(missed='skip', pattern='@hourly', remaining_executions=5)
        clock.now += late
        firing.fire_due()
        assert len(engine.started) == count
        assert find() == (NOON + 60 * MINUTE, 5 - count)

    def test_one_of_them(self, firing, add, engine, clock):
        add(missed='once')
        clock.now += 10 * MINUTE + 30 * SECOND
        firing.fire_due()
        assert len(engine.started) == 1


class TestOverlap:
    """What the owner wants to happen while the execution before has not ended."""

    @pytest.fixture
    def last(self, database):
        """Let the execution before be in a state; returns its id."""

        def last(state):
            row = {'id': 'before', 'created_at': NOON, 'state': state, 'scope': 'private'}
            with database.transaction() as connection:
                connection.execute(insert(workflow_executions).values(row))
            return 'before'

        return last

    @pytest.mark.parametrize('overlap', [None, 'start', 'skip', 'replace'])
    @pytest.mark.parametrize('state', ['SUCCESS', 'ERROR', 'CANCELLED'])
    def test_one_that_has_ended_is_in_nobodys_way(self, firing, add, engine, last, overlap, state):
        add(overlap=overlap, last_execution_id=last(state))
        firing.fire_due()
        assert len(engine.started) == 1
        assert not engine.stopped

    @pytest.mark.parametrize('state', ['RUNNING', 'PAUSED', 'IDLE'])
    @pytest.mark.parametrize(
        ('overlap', 'starts', 'stops'),
        [(None, 1, 0), ('start', 1, 0), ('skip', 0, 0), ('replace', 1, 1)],
    )
    def test_one_that_has_not(self, firing, add, find, engine, last, overlap, starts, stops, state):
        add(overlap=overlap, last_execution_id=last(state), remaining_executions=5)
        firing.fire_due()
        assert (len(engine.started), len(engine.stopped)) == (starts, stops)
        assert find() == (NOON + MINUTE, 5 - starts)

    def test_the_one_before_is_cancelled_with_a_reason(self, firing, add, engine, last):
        add(overlap='replace', last_execution_id=last('RUNNING'))
        firing.fire_due()
        message = 'Replaced by the next execution of cron trigger [name=name of t, id=t].'
        assert engine.stopped == [('p', 'before', 'CANCELLED', message)]

    def test_it_may_be_deleted_at_that_moment(self, firing, add, engine, last):
        add(overlap='replace', last_execution_id=last('RUNNING'))
        engine.stop_error = DBEntityNotFoundError('gone')
        firing.fire_due()
        assert len(engine.started) == 1

    def test_a_deleted_one_is_in_nobodys_way(self, firing, add, engine):
        add(overlap='skip', last_execution_id='gone')
        firing.fire_due()
        assert len(engine.started) == 1

    def test_what_was_started_is_the_one_before_the_next(
        self, firing, add, engine, clock, database
    ):
        add(overlap='skip')
        firing.fire_due()
        (first,) = engine.started
        row = {'id': first, 'created_at': NOON, 'state': 'RUNNING', 'scope': 'private'}
        with database.transaction() as connection:
            connection.execute(insert(workflow_executions).values(row))
        for _ in range(2):
            clock.now += MINUTE
            firing.fire_due()
        assert list(engine.started) == [first]
        with database.transaction() as connection:
            connection.execute(workflow_executions.update().values(state='SUCCESS'))
        clock.now += MINUTE
        firing.fire_due()
        assert len(engine.started) == 2


def test_the_pattern_is_read_in_the_time_zone(firing, add, find):
    add(pattern='0 9 * * *', time_zone='Asia/Kathmandu')
    firing.fire_due()
    next_time, _ = find()
    assert next_time.time().isoformat() == '03:15:00'


class TestCrashes:
    def test_before_the_start(self, firing, add, find, engine):
        add(remaining_executions=1)
        engine.error = Crash()
        with pytest.raises(Crash):
            firing.fire_due()
        engine.error = None
        firing.fire_due()
        assert len(engine.started) == 1
        assert find() is None

    @pytest.mark.parametrize('count', [1, 5])
    @pytest.mark.parametrize('step', ['remove', 'move_on'])
    def test_between_the_start_and_the_move(
        self, firing, add, find, engine, clock, monkeypatch, step, count
    ):
        def die(*_, **__):
            raise Crash

        add(remaining_executions=count)
        with monkeypatch.context() as patch:
            patch.setattr(cron, step, die)
            if (step == 'remove') == (count == 1):
                with pytest.raises(Crash):
                    firing.fire_due()
        clock.now += 10 * SECOND
        firing.fire_due()
        assert list(engine.started) == [execution_id_of(Occurrence('t', NOON))]
        assert find() == (None if count == 1 else (NOON + MINUTE, count - 1))


class TestSeveralSchedulers:
    """One is stopped somewhere, and the other one works on."""

    @pytest.fixture
    def other(self, database, engine, clock):
        return CronFiring(database, engine, clock)

    @pytest.mark.parametrize('remaining', [None, 5, 1])
    def test_one_stops_before_the_start(self, firing, other, add, find, engine, remaining):
        add(remaining_executions=remaining)
        original = engine.start_workflow

        def start(*args, **kwargs):
            engine.start_workflow = original
            other.fire_due()
            original(*args, **kwargs)

        engine.start_workflow = start
        firing.fire_due()
        assert len(engine.calls) == 2
        assert len(engine.started) == 1
        assert find() == (None if remaining == 1 else (NOON + MINUTE, remaining and 4))

    def test_one_stops_before_it_looks_closer(self, firing, other, add, engine, monkeypatch):
        add()
        original = cron.load

        def load(*args):
            monkeypatch.setattr(cron, 'load', original)
            other.fire_due()
            return original(*args)

        monkeypatch.setattr(cron, 'load', load)
        firing.fire_due()
        assert len(engine.calls) == 1

    @pytest.mark.parametrize('remaining', [None, 5])
    def test_one_stops_before_the_move(
        self, firing, other, add, find, engine, clock, monkeypatch, remaining
    ):
        """Meanwhile the other one has come to the next time."""
        add(remaining_executions=remaining)
        name = 'mistral.services.cron_firing.next_occurrence'

        def stop(*args):
            monkeypatch.setattr(name, next_occurrence)
            other.fire_due()
            clock.now += MINUTE
            other.fire_due()
            return next_occurrence(*args)

        monkeypatch.setattr(name, stop)
        firing.fire_due()
        assert len(engine.started) == 2
        assert find() == (NOON + 2 * MINUTE, remaining and 3)


def test_twins_do_not_hold_each_other_up(firing, add, find, engine):
    """They differ in their count only, which one of them is about to lose."""
    for count in (2, 3, 4):
        add(
            f't{count}',
            remaining_executions=count,
            first_execution_time=NOON,
            workflow_input_hash='i',
            workflow_params_hash='p',
        )
    for _ in range(3):
        firing.fire_due()
    assert [find(f't{count}') for count in (2, 3, 4)] == [
        (NOON + MINUTE, count - 1) for count in (2, 3, 4)
    ]
    assert len(engine.started) == 3


def test_many_come_in_portions(firing, add, engine, monkeypatch):
    monkeypatch.setattr(cron_firing, '_PORTION', 2)
    for n in range(3):
        add(f't{n}', time=NOON - n * SECOND, pattern='@daily')
    firing.fire_due()
    older = {execution_id_of(Occurrence(f't{n}', NOON - n * SECOND)) for n in (1, 2)}
    assert set(engine.calls[:2]) == older
    assert len(engine.calls) == 3


@pytest.mark.parametrize(('late', 'times'), [(0, 1), (1, 2), (2, 3), (3, 3), (60, 3)])
def test_what_is_a_little_late_is_not_missed(firing, add, engine, clock, find, late, times):
    """Turns do not come in time with seconds, and none of them is to be left out for that."""
    add(pattern='* * * * * *')
    clock.now += late * SECOND + timedelta(milliseconds=1)
    firing.fire_due()
    assert len(engine.started) == times
    assert find() == (NOON + (late + 1) * SECOND, None)


def test_a_turn_comes_to_an_end(firing, add, engine, clock):
    """Even if it takes longer than the trigger to come again."""
    add(pattern='* * * * * *')
    start = engine.start_workflow

    def slow(*args, **kwargs):
        clock.now += 5 * SECOND
        start(*args, **kwargs)

    engine.start_workflow = slow
    firing.fire_due()
    assert len(engine.started) == 10


def test_ids_of_executions_are_the_same_everywhere_and_for_ever():
    assert execution_id_of(Occurrence('t', NOON)) == 'cba3fc7d-7427-54e4-a143-9af40b2b1b5a'
    assert execution_id_of(Occurrence('t', NOON)) != execution_id_of(Occurrence('t', NOON + SECOND))
    assert execution_id_of(Occurrence('t', NOON)) != execution_id_of(Occurrence('u', NOON))


class TestTrusts:
    """Triggers act for whoever has made them."""

    @pytest.fixture
    def keystone(self):
        return Keystone()

    @pytest.fixture
    def firing(self, database, engine, clock, keystone):
        return CronFiring(database, engine, clock, TriggerTrusts(database, keystone))

    @pytest.fixture
    def superfluous(self, database):
        def superfluous():
            with database.read() as connection:
                return [trust.trust_id for trust in trusts.removable(connection, 10)]

        return superfluous

    def test_workflow_runs_in_the_name_of_the_maker(self, firing, engine, add):
        add(trust_id='trust')
        firing.fire_due()
        ((caller, _),) = engine.started.values()
        assert (caller.project_id, caller.security) == ('p', {'trust_id': 'trust'})

    def test_keystone_that_is_away_is_waited_for(self, firing, engine, keystone, add, find):
        add(trust_id='trust')
        before = find()
        keystone.error = UnavailableException()
        with pytest.raises(UnavailableException):
            firing.fire_due()
        assert (engine.calls, find()) == ([], before)
        keystone.error = None
        firing.fire_due()
        assert len(engine.started) == 1

    def test_trust_that_does_not_hold_costs_the_occurrence(
        self, firing, engine, keystone, add, find, caplog
    ):
        add(trust_id='trust')
        before = find()
        keystone.error = NotAllowedException('Keystone gives no token')
        firing.fire_due()
        assert engine.calls == []
        assert find() != before
        assert 'Keystone gives no token' in caplog.text

    def test_trust_goes_with_the_last_occurrence(self, firing, add, find, clock, superfluous):
        add(trust_id='trust', remaining_executions=2)
        firing.fire_due()
        assert superfluous() == []
        clock.now += MINUTE
        firing.fire_due()
        assert find() is None
        assert superfluous() == ['trust']
