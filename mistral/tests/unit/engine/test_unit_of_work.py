"""Units of work on a real database: what is written, repeated, refused, and what follows."""

from concurrent.futures import Future

import pytest
from sqlalchemy import delete, exc, update

from mistral.db.models import scheduled_jobs, workflow_executions
from mistral.db.store import jobs, saving
from mistral.db.times import utc_now
from mistral.engine import unit_of_work
from mistral.engine.mailbox import Letter
from mistral.exceptions import (
    DBDuplicateEntryError,
    DBEntityNotFoundError,
    EngineException,
    MistralException,
    UnavailableException,
)
from mistral.tests.unit.engine.trouble import (
    fail_once,
    lose_the_answer_to_a_commit,
    lost_connection,
)
from mistral.workflow import machine
from mistral.workflow.effects import RunAction, ScheduleTimer, Send
from mistral.workflow.events import ActionCompleted, Pause, Rerun, Resume, Settle, Stop, TimerFired

WORKFLOWS = """
pair:
  output: {x: <% $.x %>}
  tasks:
    a: {action: std.async_noop, publish: {x: <% task().result %>}, on-success: b}
    b: {action: std.async_noop}
parent:
  tasks:
    down: {workflow: child}
child:
  tasks:
    a: {action: std.noop}
late:
  tasks:
    a: {action: std.noop, wait-before: 100}
"""


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(unit_of_work, 'waits', lambda: [0.0] * 3)
    monkeypatch.setattr(unit_of_work, '_RECONNECT_INTERVAL', 0.0)


@pytest.fixture(autouse=True)
def workflows(bench):
    bench.define(WORKFLOWS)


def action(bench):
    """The action that was dispatched last."""
    return bench.take(RunAction)[-1].action_execution_id


def test_effects_follow_when_the_change_is_durable(bench):
    id_ = bench.start('pair')
    assert (bench.state(id_), bench.task(id_, 'a').state) == ('RUNNING', 'RUNNING')
    bench.send(id_, ActionCompleted(action(bench), 5))
    assert bench.task(id_, 'a').published == {'x': 5}
    assert bench.ask(id_, ActionCompleted(action(bench), 6)).state == 'SUCCESS'
    execution = bench.load(id_).execution
    assert (execution.state, execution.output) == ('SUCCESS', {'x': 5})


def test_answer_is_the_execution_as_the_event_left_it(bench):
    id_ = bench.start('pair')
    replies = [Letter(event, reply=Future()) for event in (Pause(), Resume(), Pause())]
    for letter in replies:
        bench.units.handle({id_: [letter]})
    assert [letter.reply.result(0).state for letter in replies] == ['PAUSED', 'RUNNING', 'PAUSED']


class TestSharing:
    """Several executions in one transaction."""

    def test_all_take_effect(self, bench):
        ids = [bench.start('pair') for _ in range(3)]
        actions = [effect.action_execution_id for effect in bench.take(RunAction)]
        bench.units.handle(
            {id_: [Letter(ActionCompleted(a))] for id_, a in zip(ids, actions, strict=True)}
        )
        assert [bench.task(id_, 'a').state for id_ in ids] == ['SUCCESS'] * 3
        assert len(bench.take(RunAction)) == 3

    def test_waiting_for_what_was_sent_is_shared_too(self, bench, interfere):
        letters = {bench.start('pair'): [Letter(Settle(), reply=Future())] for _ in range(3)}
        looks = []
        interfere(saving, 'are_current', lambda method, *a: [looks.append(a), method(*a)][1])
        bench.units.handle(letters)
        assert {letter.reply.result(0).id for (letter,) in letters.values()} == set(letters)
        assert len(looks) == 1

    def test_one_that_was_changed_elsewhere_does_not_harm_the_others(self, bench):
        ids = [bench.start('pair') for _ in range(3)]
        actions = [effect.action_execution_id for effect in bench.take(RunAction)]
        change_elsewhere(bench, ids[1])
        bench.units.handle(
            {id_: [Letter(ActionCompleted(a))] for id_, a in zip(ids, actions, strict=True)}
        )
        assert [bench.task(id_, 'a').state for id_ in ids] == ['SUCCESS'] * 3
        assert len(bench.take(RunAction)) == 3

    def test_one_that_breaks_the_core_does_not_harm_the_others(self, bench, interfere):
        good, bad = bench.start('pair'), bench.start('pair')
        actions = [effect.action_execution_id for effect in bench.take(RunAction)]

        def apply(method, state, event, ports):
            if state.execution.id == bad and isinstance(event, ActionCompleted):
                raise KeyError('nobody foresaw this')
            return method(state, event, ports)

        interfere(machine, 'apply', apply)
        bench.units.handle(
            {
                bad: [Letter(ActionCompleted(actions[1]))],
                good: [Letter(ActionCompleted(actions[0]))],
            }
        )
        assert bench.task(good, 'a').state == 'SUCCESS'
        execution = bench.load(bad).execution
        assert execution.state == 'ERROR'
        assert execution.state_info == "Internal error: KeyError: 'nobody foresaw this'"


def change_elsewhere(bench, id_):
    """Another engine has written the execution."""
    with bench.database.transaction() as connection:
        connection.execute(
            update(workflow_executions)
            .where(workflow_executions.c.id == id_)
            .values(revision=workflow_executions.c.revision + 1, description='changed elsewhere')
        )


def test_execution_that_was_changed_elsewhere_is_loaded_anew(bench):
    id_ = bench.start('pair')
    change_elsewhere(bench, id_)
    assert bench.ask(id_, Pause()).description == 'changed elsewhere'
    assert bench.state(id_) == 'PAUSED'


def test_execution_that_has_been_deleted(bench):
    id_ = bench.start('pair')
    with bench.database.transaction() as connection:
        connection.execute(delete(workflow_executions).where(workflow_executions.c.id == id_))
        now = utc_now()
        job = jobs.Job('j', id_, Settle(), now)
        jobs.add(connection, [job], now)
    with pytest.raises(DBEntityNotFoundError, match=id_):
        bench.ask(id_, Pause())
    bench.send(id_, Settle(), 'j')
    assert bench.jobs() == []


class TestRefusal:
    """Events that the core refuses."""

    def test_who_waits_is_told(self, bench):
        id_ = bench.start('pair')
        bench.ask(id_, Stop('ERROR'))
        with pytest.raises(MistralException, match="Can't change workflow execution state"):
            bench.ask(id_, Pause())

    def test_others_take_effect(self, bench):
        id_ = bench.start('pair')
        bench.ask(id_, Pause())
        letters = [
            Letter(Stop('SUCCESS'), reply=Future()),
            Letter(Resume(), reply=Future()),
        ]
        bench.units.handle({id_: letters})
        assert isinstance(letters[0].reply.exception(0), MistralException)
        assert letters[1].reply.result(0).state == 'RUNNING'
        assert bench.state(id_) == 'RUNNING'

    def test_job_is_forgotten(self, bench):
        id_ = bench.start('pair')
        bench.ask(id_, Stop('ERROR'))
        add_job(bench, id_, Pause())
        bench.send(id_, Pause(), 'j')
        assert bench.jobs() == []


def add_job(bench, id_, event):
    now = utc_now()
    with bench.database.transaction() as connection:
        jobs.add(connection, [jobs.Job('j', id_, event, now)], now)


class TestJobs:
    """Events that the job store stands for take effect once."""

    def test_message_to_a_subworkflow(self, bench):
        parent = bench.start('parent')
        (message,) = bench.take(Send)
        (job,) = bench.jobs()
        assert (job.id, job.execution_id, job.event) == (
            message.message_id, message.execution_id, message.event,
        )  # fmt: skip
        for _ in range(2):
            bench.send(message.execution_id, message.event, message.message_id)
        assert len(bench.load(message.execution_id).tasks) == 1
        bench.run()
        assert bench.state(parent) == 'SUCCESS'
        assert bench.jobs() == []

    def test_timer(self, bench):
        id_ = bench.start('late')
        (timer,) = bench.take(ScheduleTimer)
        (job,) = bench.jobs()
        assert job.event == TimerFired(timer.timer_id, timer.task_execution_id, timer.kind)
        assert job.due >= timer.due.replace(microsecond=0)
        for _ in range(2):
            bench.send(id_, job.event, job.id)
        assert len(bench.take(RunAction)) == 1
        assert bench.jobs() == []

    def test_consumed_event_leaves_those_beside_it(self, bench):
        id_ = bench.start('late')
        (job,) = bench.jobs()
        bench.send(id_, job.event, job.id)
        action_id = action(bench)
        letters = [Letter(job.event, job.id), Letter(ActionCompleted(action_id))]
        bench.units.handle({id_: letters})
        assert bench.state(id_) == 'SUCCESS'

    def test_cancelled_timer_is_removed(self, bench):
        bench.define('limited:\n  tasks:\n    a: {action: std.async_noop, timeout: 100}\n')
        id_ = bench.start('limited')
        assert len(bench.jobs()) == 1
        bench.send(id_, ActionCompleted(action(bench)))
        assert bench.jobs() == []


class TestContention:
    """Other engines are faster, again and again."""

    @pytest.fixture
    def id_(self, bench):
        return bench.start('pair')

    @pytest.fixture
    def pauses(self, bench, monkeypatch):
        """How long the engine gives way to others, in seconds."""
        pauses = []
        monkeypatch.setattr(unit_of_work, 'waits', lambda: [0.1, 0.2, 2.0])
        monkeypatch.setattr(bench.units._stopping, 'wait', pauses.append)
        return pauses

    @pytest.fixture
    def lose(self, interfere):
        """Lose the next so many commits."""

        def lose(times):
            losses = iter(range(times))

            def save(method, *args):
                if next(losses, None) is not None:
                    raise saving.ConflictError
                return method(*args)

            interfere(saving, 'save', save)

        return lose

    def test_others_get_some_time(self, bench, id_, pauses, lose):
        lose(2)
        assert bench.ask(id_, Pause()).state == 'PAUSED'
        assert pauses == pytest.approx([0.005, 0.01])

    def test_who_waits_too_long_is_told_why(self, bench, id_, pauses, lose):
        lose(3)
        with pytest.raises(UnavailableException, match='other engines change the execution'):
            bench.ask(id_, Pause())
        assert pauses == pytest.approx([0.005, 0.01, 0.1])

    def test_what_nobody_waits_for_is_tried_on(self, bench, id_, pauses, lose):
        lose(20)
        bench.send(id_, ActionCompleted(action(bench)))
        assert bench.task(id_, 'a').state == 'SUCCESS'


def test_any_number_of_bad_events_may_stand_before_a_good_one(bench):
    id_ = bench.start('pair')
    bad = [Letter(Rerun('unknown'), reply=Future()) for _ in range(10)]
    good = Letter(Pause(), reply=Future())
    bench.units.handle({id_: [*bad, good]})
    assert good.reply.result(0).state == 'PAUSED'
    assert {type(letter.reply.exception(0)) for letter in bad} == {DBEntityNotFoundError}


class TestTroubleWithTheDatabase:
    def test_unit_is_repeated(self, bench, interfere, caplog):
        id_ = bench.start('pair')
        fail_once(interfere, saving, 'save', lost_connection())
        bench.send(id_, ActionCompleted(action(bench), 1))
        assert bench.task(id_, 'a').state == 'SUCCESS'
        assert len(bench.take(RunAction)) == 1
        assert f'Repeating a unit of work of execution {id_}: connection lost' in caplog.text
        assert 'secrets' not in caplog.text

    def test_commit_that_took_effect_though_the_connection_was_lost(self, bench, interfere):
        """What follows from it is done, and done once."""
        id_ = bench.start('pair')
        action_id = action(bench)
        lose_the_answer_to_a_commit(interfere)
        bench.send(id_, ActionCompleted(action_id, 1))
        assert bench.task(id_, 'b').state == 'RUNNING'
        assert len(bench.take(RunAction)) == 1
        bench.send(id_, ActionCompleted(bench.task(id_, 'b').children[0].id))
        assert bench.state(id_) == 'SUCCESS'

    def test_start_that_took_effect_though_the_connection_was_lost(self, bench, interfere):
        lose_the_answer_to_a_commit(interfere)
        id_ = bench.start('pair')
        assert bench.task(id_, 'a').state == 'RUNNING'
        assert len(bench.take(RunAction)) == 1

    def test_end_that_took_effect_though_the_connection_was_lost(self, bench, interfere):
        """Nothing new in this transaction: the revision tells."""
        id_ = bench.start('pair')
        lose_the_answer_to_a_commit(interfere)
        assert bench.ask(id_, Stop('ERROR', 'enough')).state == 'ERROR'
        assert bench.load(id_).execution.state_info == 'enough'

    def test_who_waits_too_long_is_told(self, bench, interfere):
        id_ = bench.start('pair')

        def save(method, *args):
            raise lost_connection()

        interfere(saving, 'save', save)
        with pytest.raises(EngineException, match='temporarily unavailable'):
            bench.ask(id_, Pause())

    def test_others_are_tried_until_it_is_back(self, bench, interfere):
        id_ = bench.start('pair')
        failures = iter(range(20))

        def save(method, *args):
            if next(failures, None) is not None:
                raise lost_connection()
            return method(*args)

        interfere(saving, 'save', save)
        bench.send(id_, ActionCompleted(action(bench)))
        assert bench.task(id_, 'a').state == 'SUCCESS'

    def test_stop_waits_no_longer(self, bench, interfere):
        id_ = bench.start('pair')

        def save(method, *args):
            raise lost_connection()

        interfere(saving, 'save', save)
        bench.units.stop()
        bench.send(id_, ActionCompleted(action(bench)))
        assert bench.task(id_, 'a').state == 'RUNNING'

    def test_what_time_will_not_mend_ends_the_execution(self, bench, interfere):
        id_ = bench.start('pair')
        error = exc.DataError('UPDATE', {'secret': 1}, ValueError('value too long'))
        fail_once(interfere, saving, 'save', error)
        bench.send(id_, ActionCompleted(action(bench)))
        execution = bench.load(id_).execution
        assert execution.state == 'ERROR'
        assert execution.state_info == 'Internal error: ValueError: value too long'


def test_failure_of_what_nobody_foresaw_reaches_who_waits(bench, interfere):
    id_ = bench.start('pair')
    fail_once(interfere, machine, 'apply', KeyError('unforeseen'))
    with pytest.raises(KeyError):
        bench.ask(id_, Pause())
    assert bench.state(id_) == 'RUNNING'


def test_bad_event_does_not_take_others_along(bench, interfere):
    id_ = bench.start('pair')

    def apply(method, state, event, ports):
        if isinstance(event, Settle):
            raise KeyError('unforeseen')
        return method(state, event, ports)

    interfere(machine, 'apply', apply)
    pause = Letter(Pause(), reply=Future())
    settle = Letter(Settle(), reply=Future())
    bench.units.handle({id_: [pause, settle]})
    assert pause.reply.result(0).state == 'PAUSED'
    assert isinstance(settle.reply.exception(0), KeyError)


def test_two_starts_with_one_id(bench):
    ids_and_letters = [bench.beginning('pair', 'the-id') for _ in range(2)]
    for id_, letter in ids_and_letters:
        bench.units.handle({id_: [letter]})
    first, second = (letter.reply for _, letter in ids_and_letters)
    assert first.exception(0) is None
    assert isinstance(second.exception(0), DBDuplicateEntryError)
    assert len(bench.load('the-id').tasks) == 1


class TestLeaving:
    """Letters that come when the engine has stopped."""

    def test_result_is_kept_for_the_next_process(self, bench):
        id_ = bench.start('pair')
        event = ActionCompleted(action(bench), {'a': 1})
        bench.units.leave(id_, Letter(event))
        (job,) = bench.jobs()
        assert (job.execution_id, job.event) == (id_, event)
        bench.send(id_, job.event, job.id)
        assert bench.task(id_, 'a').published == {'x': {'a': 1}}
        assert bench.jobs() == []

    def test_database_that_is_out_of_reach_holds_up_no_stop(self, bench, interfere, caplog):
        def add(method, *args):
            raise lost_connection()

        interfere(jobs, 'add', add)
        bench.units.leave('e', Letter(ActionCompleted('the-action')))
        assert 'Result of action the-action is lost: connection lost' in caplog.text

    def test_others_are_in_the_database_already(self, bench):
        bench.units.leave('e', Letter(Settle()))
        bench.units.leave('e', Letter(ActionCompleted('a'), job_id='j'))
        assert bench.jobs() == []

    def test_who_waits_is_told(self, bench):
        letter = Letter(Pause(), reply=Future())
        bench.units.leave('e', letter)
        assert isinstance(letter.reply.exception(0), EngineException)


@pytest.mark.parametrize('text', ['a\0b', 'half a pair: \ud800'])
def test_texts_that_no_database_takes(bench, text):
    id_ = bench.start('pair')
    bench.send(id_, ActionCompleted(action(bench), error=text))
    task = bench.task(id_, 'a')
    assert task.state == 'ERROR'
    assert task.state_info == text.replace('\0', '\ufffd').replace('\ud800', '\ufffd')
    assert bench.state(id_) == 'ERROR'


def test_jobs_of_others_are_left_alone(bench):
    with bench.database.transaction() as connection:
        connection.execute(
            scheduled_jobs.insert(),
            {'id': 'x', 'func_name': 'mistral.engine.old', 'execute_at': utc_now()},
        )
    assert bench.jobs() == []
