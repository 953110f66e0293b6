"""Actions that run within the unit of work that starts them."""

import pytest
from mistral_lib.actions import Result

from mistral import states
from mistral.actions.adhoc import AdHocAction
from mistral.actions.std_actions import (
    AsyncNoOpAction,
    EchoAction,
    FailAction,
    HTTPAction,
    NoOpAction,
    SleepAction,
)
from mistral.db.store import saving
from mistral.engine import immediate
from mistral.engine.unit_of_work import UnitsOfWork
from mistral.executors import runner
from mistral.workflow import effects, events

CHAIN = """
chain:
  tasks:
    first: {action: std.async_noop, on-success: a}
    a: {action: std.echo output=1, publish: {v: <% task().result %>}, on-success: b}
    b: {action: std.fail, on-error: last}
    last: {LAST}
"""


@pytest.fixture
def ran():
    """The names of the actions that have been run at once."""
    return []


@pytest.fixture
def bench(bench, ran):
    def run_now(request) -> Result:
        ran.append(request.name)
        return runner.run(request) or Result()

    bench.units = UnitsOfWork(bench.parts, bench.warm, bench._dispatch, run_now)
    return bench


def begin(bench, last: str) -> str:
    """Start the workflow, whose last task is as given, and let its first task end."""
    bench.define(CHAIN.replace('LAST', last))
    id_ = bench.start('chain')
    starts = [e for e in bench.take(effects.RunAction) if e.name == 'std.async_noop']
    bench.send(id_, events.ActionCompleted(starts[0].action_execution_id))
    return id_


def test_a_chain_is_one_unit_of_work(bench, ran, interfere):
    saves = []

    def save(method, *arguments):
        saves.append(arguments)
        return method(*arguments)

    interfere(saving, 'save', save)
    id_ = begin(bench, 'action: std.echo output=<% $.v %>')
    assert ran == ['std.echo', 'std.fail', 'std.echo']
    assert len(saves) == 2
    assert bench.task(id_, 'last').state == states.SUCCESS
    assert [child.state for child in bench.task(id_, 'b').children] == [states.ERROR]


def test_a_short_workflow_is_one_unit_of_work(bench, ran):
    bench.define(
        'w:\n  tasks:\n    t: {action: std.noop, on-success: u}\n    u: {action: std.noop}\n'
    )
    id_ = bench.start('w')
    assert ran == ['std.noop', 'std.noop']
    assert bench.state(id_) == states.SUCCESS


def test_who_asks_for_a_start_is_not_kept_waiting(bench, ran):
    bench.define('w:\n  tasks:\n    s: {on-success: t}\n    t: {on-success: t}\n')
    id_ = bench.start('w')
    assert len(ran) == immediate.MAX_ACTIONS_AT_START
    assert bench.state(id_) == states.RUNNING


def test_who_asks_for_a_resume_sees_what_it_leads_to_at_once(bench, ran):
    bench.define('w:\n  tasks:\n    t: {action: std.noop, pause-before: true}\n')
    id_ = bench.start('w')
    bench.ask(id_, events.Resume())
    assert ran == []
    assert bench.state(id_) == states.RUNNING


@pytest.mark.parametrize(
    'last', ['action: std.sleep seconds=1', 'action: std.noop, target: elsewhere']
)
def test_what_takes_time_or_belongs_elsewhere_is_dispatched(bench, ran, last):
    begin(bench, last)
    assert ran == ['std.echo', 'std.fail']
    assert len(bench.take(effects.RunAction)) == 1


def test_a_cycle_without_end_lets_other_events_in(bench, ran):
    begin(bench, 'action: std.noop, on-success: last')
    assert len(ran) == immediate.MAX_ACTIONS
    assert [effect.name for effect in bench.take(effects.RunAction)] == ['std.noop']


@pytest.mark.parametrize(
    ('action', 'expected'),
    [
        (NoOpAction(), True),
        (FailAction(), True),
        (EchoAction('x'), True),
        (EchoAction('x', delay=1), False),
        (SleepAction(0), False),
        (AsyncNoOpAction(), False),
        (HTTPAction('http://localhost'), False),
        (AdHocAction(NoOpAction()), True),
        (AdHocAction(SleepAction(0)), False),
    ],
)
def test_which_actions_take_no_time(action, expected):
    assert (getattr(action, 'immediate', False) is True) == expected
