"""What executors and schedulers tell an engine, and when they may forget it."""

import logging
from collections import defaultdict
from datetime import timedelta
from unittest.mock import Mock

import pytest
from sqlalchemy import delete

from mistral.auth.sealing import Sealer
from mistral.context import SYSTEM
from mistral.db.database import DatabaseFailure
from mistral.db.models import action_executions, workflow_executions
from mistral.db.store import direct_actions, jobs
from mistral.db.store.hand_over import AGAIN_AFTER
from mistral.db.times import utc_now
from mistral.engine.callers import Callers
from mistral.engine.direct_actions import DirectActions
from mistral.engine.endpoint import EngineEndpoint
from mistral.exceptions import DBEntityNotFoundError, UnavailableException
from mistral.services.sweeps import HeartbeatRules
from mistral.tests.unit.db.actions import Actions
from mistral.workflow import event_codec
from mistral.workflow.effects import RunAction
from mistral.workflow.events import Recover, Settle

RULES = HeartbeatRules(timedelta(seconds=20), 15)

WORKFLOWS = """
pair:
  tasks:
    a: {action: std.async_noop}
    b: {action: std.async_noop}
"""


class Mailboxes:
    """Keep letters until a test has them handled, or left as by an engine that stops."""

    def __init__(self, units):
        self._units = units
        self._letters = defaultdict(list)

    def post(self, execution_id, letter):
        self._letters[execution_id].append(letter)

    def handle(self):
        letters, self._letters = self._letters, defaultdict(list)
        self._units.handle(letters)

    def leave(self):
        for execution_id, letters in self._letters.items():
            for letter in letters:
                self._units.leave(execution_id, letter)


class NoExecutor:
    """For actions that are stored only."""

    def run_actions(self, caller, requests):
        return {}

    def run_action_sync(self, request, target):
        raise NotImplementedError


@pytest.fixture
def mailboxes(bench):
    return Mailboxes(bench.units)


@pytest.fixture
def make(parts, mailboxes):
    def make(rules=RULES):
        direct = DirectActions(parts, NoExecutor())
        trace = logging.getLogger('test_trace')
        callers = Callers(parts.database, Sealer())
        return EngineEndpoint(parts, mailboxes, direct, callers, trace, heartbeats=rules)

    return make


@pytest.fixture
def endpoint(make):
    return make()


@pytest.fixture
def pair(bench):
    """A running workflow, and the actions of its two tasks."""
    bench.define(WORKFLOWS)
    id_ = bench.start('pair')
    return id_, [effect.action_execution_id for effect in bench.take(RunAction)]


def result_of(action_id, execution_id, data=None, error=None):
    result = {'data': data, 'error': error, 'cancel': False}
    return {'action_execution_id': action_id, 'execution_id': execution_id, 'result': result}


class TestReportResults:
    @pytest.fixture
    def report(self, endpoint):
        return lambda *results: endpoint.report_results(SYSTEM, results=results)

    def test_answer_comes_when_all_are_durable(self, report, pair, mailboxes, bench):
        id_, (a, b) = pair
        answer = report(result_of(a, id_, 1), result_of(b, id_, error='no'))
        assert not answer.done()
        mailboxes.handle()
        assert answer.result(0) == []
        assert [bench.task(id_, name).state for name in ('a', 'b')] == ['SUCCESS', 'ERROR']

    def test_those_that_come_twice_take_effect_once(self, report, pair, mailboxes, bench):
        id_, (a, _) = pair
        first, second = report(result_of(a, id_, 1)), report(result_of(a, id_, 2))
        mailboxes.handle()
        assert (first.result(0), second.result(0)) == ([], [a])
        with bench.database.read() as connection:
            assert direct_actions.get(connection, a)['output'] == {'result': 1}

    def test_nobody_waits_for_those_of_a_deleted_execution(self, report, pair, mailboxes, bench):
        id_, (a, _) = pair
        other = bench.start('pair')
        (b, _) = [effect.action_execution_id for effect in bench.take(RunAction)]
        with bench.database.transaction() as connection:
            connection.execute(delete(workflow_executions).where(workflow_executions.c.id == id_))
        answer = report(result_of(a, id_), result_of('unknown', other), result_of(b, other))
        mailboxes.handle()
        assert sorted(answer.result(0)) == sorted([a, 'unknown'])
        assert bench.task(other, 'a').state == 'SUCCESS'

    def test_an_engine_that_stops_takes_none(self, report, pair, mailboxes, bench):
        """The executor gives them to another one."""
        id_, (a, b) = pair
        answer = report(result_of(a, id_), result_of(b, id_))
        mailboxes.leave()
        assert isinstance(answer.exception(0), UnavailableException)
        assert bench.jobs() == []

    def test_one_that_cannot_be_stored_keeps_no_others_back(self, report, pair, mailboxes, bench):
        id_, (a, b) = pair
        unreadable = {'action_execution_id': a, 'execution_id': id_, 'result': {'other': 1}}
        answer = report(unreadable, result_of(b, id_, 1))
        mailboxes.handle()
        assert isinstance(answer.exception(0), TypeError)
        assert [bench.task(id_, name).state for name in ('a', 'b')] == ['RUNNING', 'SUCCESS']

    def test_trouble_with_one_without_a_workflow_keeps_no_others_back(
        self, report, pair, mailboxes, bench, monkeypatch
    ):
        id_, (a, _) = pair
        broken = DatabaseFailure('statement', {}, ValueError())
        monkeypatch.setattr(direct_actions, 'get', Mock(side_effect=broken))
        answer = report(result_of('direct', None), result_of(a, id_, 1))
        mailboxes.handle()
        assert answer.exception(0) is broken
        assert bench.task(id_, 'a').state == 'SUCCESS'

    def test_actions_without_a_workflow(self, report, endpoint, bench):
        row = endpoint.start_action(SYSTEM, name='std.noop', input={}, save_result=True).result(0)
        first = report(result_of(row['id'], None, 1), result_of('unknown', None))
        assert first.result(0) == ['unknown']
        assert report(result_of(row['id'], None, 2)).result(0) == []
        with bench.database.read() as connection:
            assert direct_actions.get(connection, row['id'])['output'] == {'result': 1}


class TestClaimActions:
    @pytest.fixture
    def actions(self, database):
        return Actions(database)

    @staticmethod
    def claim(endpoint, *ids, redelivered=False, may_repeat=False, executor='me'):
        claims = [
            {'action_execution_id': id_, 'redelivered': redelivered, 'may_repeat': may_repeat}
            for id_ in ids
        ]
        return endpoint.claim_actions(SYSTEM, executor=executor, claims=claims)

    def test_answer_names_those_that_may_start(self, endpoint, actions):
        actions.add('free')
        actions.add('taken', executor='other', last_heartbeat=utc_now())
        actions.add('ended', state='ERROR')
        assert self.claim(endpoint, 'taken', 'ended', 'free', 'unknown') == ['free']

    def test_executor_that_takes_over_has_all_the_time(self, endpoint, actions):
        before = utc_now().replace(microsecond=0)
        actions.add('a', executor='dead', last_heartbeat=before - timedelta(hours=1))
        assert self.claim(endpoint, 'a', redelivered=True, may_repeat=True) == ['a']
        assert actions.row('a', 'last_heartbeat') >= before

    @pytest.mark.parametrize(
        ('redelivered', 'rules', 'is_suspected'),
        [
            (True, RULES, True),
            (False, RULES, False),
            (True, HeartbeatRules(timedelta(0)), False),
        ],
        ids=['redelivered', 'sent twice', 'without heartbeats'],
    )
    def test_what_another_may_have_lost_is_suspected(
        self, make, actions, redelivered, rules, is_suspected
    ):
        """The message comes again because its executor has died, or lost its connection."""
        now = utc_now().replace(microsecond=0)
        actions.add('a', executor='other', last_heartbeat=now)
        assert self.claim(make(rules), 'a', redelivered=redelivered) == []
        heard = actions.row('a', 'last_heartbeat')
        if is_suspected:
            silence = rules.silent_since(now)
            assert silence < heard <= silence + timedelta(seconds=30)
        else:
            assert heard == now

    def test_heartbeat_clears_it(self, endpoint, actions):
        before = utc_now().replace(microsecond=0)
        actions.add('a', executor='other', last_heartbeat=before)
        self.claim(endpoint, 'a', redelivered=True)
        endpoint.report_running(SYSTEM, executor='me', action_execution_ids=['a'])
        assert actions.row('a', 'last_heartbeat') < before
        endpoint.report_running(SYSTEM, executor='other', action_execution_ids=['a'])
        assert actions.row('a', 'last_heartbeat') >= before


class TestDeliver:
    def test_answer_comes_when_it_is_durable(self, endpoint, pair, mailboxes, bench):
        id_, _ = pair
        now = utc_now()
        with bench.database.transaction() as connection:
            jobs.add(connection, [jobs.Job('j', id_, Settle(), now)], now)
        event = event_codec.encode(Settle())
        answers = [
            endpoint.deliver(SYSTEM, execution_id=id_, event=event, job_id='j') for _ in range(2)
        ]
        assert [answer.done() for answer in answers] == [False, False]
        mailboxes.handle()
        assert [answer.result(0) for answer in answers] == [None, None]
        assert bench.jobs() == []

    def test_events_of_duties_have_no_job(self, endpoint, pair, mailboxes, bench):
        """An asynchronous action that no executor has started is handed over again."""
        id_, (a, _) = pair
        event = event_codec.encode(Recover(waiting_actions=(a,)))
        answer = endpoint.deliver(SYSTEM, execution_id=id_, event=event)
        mailboxes.handle()
        assert answer.result(0) is None
        assert [effect.action_execution_id for effect in bench.take(RunAction)] == [a]

    @pytest.mark.parametrize(
        ('end', 'error'), [('handle', DBEntityNotFoundError), ('leave', UnavailableException)]
    )
    def test_what_cannot_be_delivered(self, endpoint, mailboxes, end, error):
        event = event_codec.encode(Settle())
        answer = endpoint.deliver(SYSTEM, execution_id='unknown', event=event)
        getattr(mailboxes, end)()
        assert isinstance(answer.exception(0), error)


def test_lost_action_that_runs_again_is_new_to_all_executors(bench):
    """What the core repeats is stored as handed over anew, in the same transaction."""
    bench.define('one:\n  tasks:\n    a: {action: std.noop, safe-rerun: true}\n')
    id_ = bench.start('one')
    (action_id,) = [effect.action_execution_id for effect in bench.take(RunAction)]
    with bench.database.transaction() as connection:
        connection.execute(
            action_executions.update().values(
                executor='dead', last_heartbeat=utc_now(), hand_over_at=None
            )
        )
    bench.send(id_, Recover((action_id,)))
    assert [(e.action_execution_id, e.again) for e in bench.take(RunAction)] == [(action_id, True)]
    executor, last_heartbeat, hand_over_at = Actions(bench.database).row(
        action_id, 'executor', 'last_heartbeat', 'hand_over_at'
    )
    assert (executor, last_heartbeat) == (None, None)
    assert timedelta(seconds=20) < hand_over_at - utc_now() <= timedelta(seconds=30)


def test_new_action_waits_for_an_executor(pair, bench):
    _, action_ids = pair
    for id_ in action_ids:
        executor, created_at, hand_over_at = Actions(bench.database).row(
            id_, 'executor', 'created_at', 'hand_over_at'
        )
        assert executor is None
        assert abs(hand_over_at - created_at - AGAIN_AFTER) <= timedelta(seconds=1)
