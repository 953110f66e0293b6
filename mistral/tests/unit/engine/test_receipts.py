"""Who brings news keeps it until it is durable, or will never be."""

from concurrent.futures import Future

import pytest

from mistral.db.store import saving
from mistral.engine import unit_of_work
from mistral.engine.mailbox import Letter
from mistral.exceptions import DBEntityNotFoundError, MistralException, UnavailableException
from mistral.tests.unit.engine.trouble import fail_once, lost_connection
from mistral.workflow import machine
from mistral.workflow.effects import RunAction
from mistral.workflow.events import ActionCompleted

WORKFLOWS = """
pair:
  tasks:
    a: {action: std.async_noop, on-success: b}
    b: {action: std.async_noop}
late:
  tasks:
    a: {action: std.noop, wait-before: 100}
"""


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(unit_of_work, 'waits', lambda: [0.0] * 3)


@pytest.fixture(autouse=True)
def workflows(bench):
    bench.define(WORKFLOWS)


@pytest.fixture
def id_(bench):
    return bench.start('pair')


@pytest.fixture
def letter(bench, id_):
    """The result of an action, with a receipt."""
    (run,) = bench.take(RunAction)
    return Letter(ActionCompleted(run.action_execution_id, 1), receipt=Future())


def test_done_when_it_is_durable(bench, id_, letter):
    states = []
    letter.receipt.add_done_callback(lambda _: states.append(bench.task(id_, 'a').state))
    bench.units.handle({id_: [letter]})
    assert letter.receipt.result(0) is None
    assert states == ['SUCCESS']


def test_kept_while_the_database_is_away(bench, id_, letter, interfere):
    failures = iter(range(20))

    def save(method, *args):
        assert not letter.receipt.done()
        if next(failures, None) is not None:
            raise lost_connection()
        return method(*args)

    interfere(saving, 'save', save)
    bench.units.handle({id_: [letter]})
    assert next(failures, None) is None
    assert letter.receipt.result(0) is None


def test_fails_when_the_engine_stops_meanwhile(bench, id_, letter, interfere):
    def save(method, *args):
        bench.units.stop()
        raise lost_connection()

    interfere(saving, 'save', save)
    bench.units.handle({id_: [letter]})
    assert isinstance(letter.receipt.exception(0), UnavailableException)
    assert bench.task(id_, 'a').state == 'RUNNING'


def test_fails_with_the_error_of_what_is_refused(bench, id_, letter):
    again = Letter(letter.event, receipt=Future())
    bench.units.handle({id_: [letter, again]})
    assert letter.receipt.result(0) is None
    assert isinstance(again.receipt.exception(0), MistralException)


def test_fails_when_the_execution_has_been_deleted(bench, id_, letter):
    bench.units.handle({'deleted': [letter]})
    assert isinstance(letter.receipt.exception(0), DBEntityNotFoundError)


def test_done_when_its_job_has_been_done_before(bench):
    id_ = bench.start('late')
    (job,) = bench.jobs()
    bench.send(id_, job.event, job.id)
    letter = Letter(job.event, job.id, receipt=Future())
    bench.units.handle({id_: [letter]})
    assert letter.receipt.result(0) is None


def test_all_done_when_the_event_of_a_job_comes_twice_at_once(bench):
    id_ = bench.start('late')
    (job,) = bench.jobs()
    letters = [Letter(job.event, job.id, receipt=Future()) for _ in range(3)]
    bench.units.handle({id_: letters})
    assert [letter.receipt.result(0) for letter in letters] == [None] * 3
    assert len(bench.take(RunAction)) == 1


def test_done_when_what_nobody_foresaw_has_ended_the_execution(bench, id_, letter, interfere):
    fail_once(interfere, machine, 'apply', KeyError('unforeseen'))
    bench.units.handle({id_: [letter]})
    assert letter.receipt.result(0) is None
    assert bench.state(id_) == 'ERROR'


def test_fails_when_not_even_that_can_be_done(bench, id_, letter, interfere):
    def apply(method, *args):
        raise KeyError('unforeseen')

    interfere(machine, 'apply', apply)
    bench.units.handle({id_: [letter]})
    assert isinstance(letter.receipt.exception(0), KeyError)


def test_fails_when_the_engine_has_stopped_and_nothing_is_stored(bench, id_, letter):
    """Whoever has it gives it to another engine."""
    bench.units.leave(id_, letter)
    assert isinstance(letter.receipt.exception(0), UnavailableException)
    assert bench.jobs() == []
