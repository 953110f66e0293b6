"""What nobody has in hand any more is found and given to an engine."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from mistral.db.store import jobs
from mistral.services import sweeps
from mistral.services.sweeps import HeartbeatRules, Sweeps
from mistral.tests.unit.db.actions import Actions
from mistral.tests.unit.db.support import NOON
from mistral.workflow.events import Recover, Settle

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
NOW = NOON + timedelta(hours=2)

RULES = HeartbeatRules(20 * SECOND, 15, timedelta(hours=1))
#: The last heartbeat of an action that is just not lost.
HEARD = NOW - 300 * SECOND
SILENT = HEARD - SECOND


class Clock:
    now = NOW


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(sweeps, 'utc_now', lambda: clock.now)
    return clock


@pytest.fixture
def actions(database):
    return Actions(database)


@pytest.fixture
def delivered():
    return []


@pytest.fixture
def make(database, delivered):
    def make(rules=RULES):
        return Sweeps(
            database, delivered.append, rules, patience=10 * SECOND, taken_for=30 * SECOND
        )

    return make


@pytest.fixture
def small_portions(monkeypatch):
    monkeypatch.setattr(sweeps, '_PORTION', 2)


class TestOverdueEvents:
    @pytest.fixture
    def add(self, database):
        def add(*ids, due):
            with database.transaction() as connection:
                jobs.add(connection, [jobs.Job(id_, 'e', Settle(), due) for id_ in ids], NOON)

        return add

    def test_they_are_delivered_when_they_are_late(self, make, add, delivered):
        add('late', due=NOW - 10 * SECOND)
        add('in time', due=NOW - 9 * SECOND)
        make().overdue_events()
        assert delivered == [[('e', Settle(), 'late')]]

    @pytest.mark.parametrize(('later', 'times'), [(30, 1), (31, 2)])
    def test_they_are_left_to_who_has_got_them_for_a_while(
        self, make, add, delivered, clock, later, times
    ):
        add('late', due=NOW - MINUTE)
        make().overdue_events()
        clock.now += later * SECOND
        make().overdue_events()
        assert delivered == [[('e', Settle(), 'late')]] * times

    def test_they_come_in_portions(self, make, add, delivered, small_portions):
        add('a', 'b', 'c', 'd', 'e', due=NOW - MINUTE)
        make().overdue_events()
        assert [len(portion) for portion in delivered] == [2, 2, 1]
        assert sorted(job_id for portion in delivered for _, _, job_id in portion) == [*'abcde']

    def test_nothing_is_said_when_there_are_none(self, make, delivered):
        make().overdue_events()
        assert delivered == []


class TestWaitingActions:
    def test_they_are_handed_over_again(self, make, actions, delivered):
        for id_, execution in (('a', 'e'), ('b', 'f'), ('c', 'e')):
            actions.add(id_, execution, hand_over_at=NOW)
        actions.add('started', executor='some', last_heartbeat=SILENT)
        make().waiting_actions()
        ((*items,),) = delivered
        assert sorted(items, key=lambda item: item[0]) == [
            ('e', Recover(waiting_actions=('a', 'c')), None),
            ('f', Recover(waiting_actions=('b',)), None),
        ]

    def test_once_at_a_time(self, make, actions, delivered):
        actions.add('a', hand_over_at=NOON)
        make().waiting_actions()
        make().waiting_actions()
        assert len(delivered) == 1

    def test_they_come_in_portions(self, make, actions, delivered, small_portions):
        for n in range(5):
            actions.add(f'a{n}', hand_over_at=NOON)
        make().waiting_actions()
        assert [len(event.waiting_actions) for ((_, event, _),) in delivered] == [2, 2, 1]


class TestLostActions:
    def test_they_are_given_to_their_executions(self, make, actions, delivered):
        actions.add('silent', 'e', executor='dead', last_heartbeat=SILENT)
        actions.add('never heard of', 'f', created_at=NOW - timedelta(hours=1) - SECOND)
        actions.add('heard of', 'g', last_heartbeat=HEARD)
        make().lost_actions()
        ((*items,),) = delivered
        reason = "Heartbeat wasn't received."
        assert sorted(items, key=lambda item: item[0]) == [
            ('e', Recover(('silent',), reason=reason), None),
            ('f', Recover(('never heard of',), reason=reason), None),
        ]

    def test_once_at_a_time(self, make, actions, delivered):
        actions.add('a', last_heartbeat=SILENT)
        make().lost_actions()
        make().lost_actions()
        assert len(delivered) == 1

    def test_those_without_a_workflow_fail_at_once(self, make, actions, delivered):
        actions.add('lost', None, last_heartbeat=SILENT)
        actions.add('running', None, last_heartbeat=HEARD)
        make().lost_actions()
        assert actions.row('lost', 'state', 'output', 'accepted') == (
            'ERROR', {'result': "Heartbeat wasn't received."}, True,
        )  # fmt: skip
        assert actions.row('running', 'state') == 'RUNNING'
        assert delivered == []

    def test_they_come_in_portions(self, make, actions, delivered, small_portions):
        for n in range(5):
            actions.add(f'a{n}', None if n % 2 else 'e', last_heartbeat=SILENT)
        make().lost_actions()
        assert sum(len(event.lost_actions) for ((_, event, _),) in delivered) == 3
        assert [actions.row(f'a{n}', 'state') for n in (1, 3)] == ['ERROR'] * 2

    @pytest.mark.parametrize('rules', [HeartbeatRules(0 * SECOND), HeartbeatRules(max_missed=0)])
    def test_without_heartbeats_none_is_lost(self, make, actions, delivered, rules):
        actions.add('a', last_heartbeat=NOON)
        actions.add('b', None, last_heartbeat=NOON)
        make(rules).lost_actions()
        assert delivered == []
        assert actions.row('b', 'state') == 'RUNNING'


class TestHeartbeatRules:
    def test_configuration(self):
        group = SimpleNamespace(
            check_interval=7, max_missed_heartbeats=3, first_heartbeat_timeout=100
        )
        rules = HeartbeatRules.from_config(SimpleNamespace(action_heartbeat=group))
        assert rules == HeartbeatRules(7 * SECOND, 3, 100 * SECOND)

    @pytest.mark.parametrize(
        ('interval', 'max_missed', 'is_on'), [(20, 15, True), (0, 15, False), (20, 0, False)]
    )
    def test_what_turns_them_off(self, interval, max_missed, is_on):
        rules = HeartbeatRules(interval * SECOND, max_missed)
        assert rules.is_on == is_on
        assert (rules.last_chance(NOW) is not None) == is_on

    def test_silence(self):
        assert RULES.silent_since(NOW) == NOW - 300 * SECOND

    def test_last_chance_leaves_time_for_one_more(self):
        """The action is lost an interval and some grace later, if nothing is heard of it."""
        last = RULES.last_chance(NOW)
        assert last is not None
        in_time = NOW + RULES.interval + RULES.grace
        assert last >= RULES.silent_since(in_time)
        assert last < RULES.silent_since(in_time + SECOND)
