"""Two engines work on the same executions: a copy in memory may be behind what is stored."""

import pytest

from mistral.db.store import saving
from mistral.exceptions import WorkflowException
from mistral.tests.unit.engine.conftest import Bench
from mistral.tests.unit.engine.trouble import lose_a_commit
from mistral.workflow.effects import RunAction
from mistral.workflow.events import ActionCompleted, Pause, Rerun, Resume, Settle, Stop

WORKFLOWS = """
pair:
  output: {x: <% $.x %>}
  tasks:
    a: {action: std.async_noop, publish: {x: <% task().result %>}, on-success: b}
    b: {action: std.async_noop}
"""


@pytest.fixture
def other(parts):
    """Another engine on the same database."""
    return Bench(parts)


@pytest.fixture
def begun(bench, other):
    """An execution that the first engine has in memory as it was before the second went on."""
    bench.define(WORKFLOWS)
    id_ = bench.start('pair')
    (first,) = bench.take(RunAction)
    other.send(id_, ActionCompleted(first.action_execution_id, 'done'))
    return id_


def test_a_result_of_an_unknown_action_is_not_dropped(bench, other, begun):
    (second,) = other.take(RunAction)
    bench.send(begun, ActionCompleted(second.action_execution_id, 'done'))
    assert bench.state(begun) == 'SUCCESS'


def test_what_seems_forbidden_may_be_allowed(bench, other, begun):
    (second,) = other.take(RunAction)
    other.send(begun, ActionCompleted(second.action_execution_id, error='for a test'))
    (task,) = bench.load(begun).by_name['b']
    bench.ask(begun, Rerun(task.id, True))
    assert bench.state(begun) == 'RUNNING'


def test_what_seems_to_change_nothing_may_change_something(bench, other, begun):
    other.ask(begun, Pause())
    assert bench.ask(begun, Settle()).state == 'PAUSED'
    bench.ask(begun, Resume())
    assert bench.state(begun) == 'RUNNING'


def test_an_error_of_a_current_copy_stands(bench, other, begun):
    other.ask(begun, Stop('CANCELLED'))
    with pytest.raises(WorkflowException):
        other.ask(begun, Pause())


def test_a_commit_of_another_engine_is_not_taken_for_a_lost_one(bench, other, begun, interfere):
    """Neither has made a row that could tell."""
    bench.ask(begun, Settle())
    (second,) = other.take(RunAction)
    lose_a_commit(interfere, lambda: other.ask(begun, Pause()))
    bench.send(begun, ActionCompleted(second.action_execution_id, 'done'))
    assert bench.task(begun, 'b').state == 'SUCCESS'
    bench.ask(begun, Resume())
    assert bench.state(begun) == 'SUCCESS'


def test_are_current(bench, other, begun):
    stale, current = bench.load(begun), bench.load(begun)
    stale.execution.revision -= 1
    with bench.database.read() as connection:
        assert saving.are_current(connection, [current])
        assert not saving.are_current(connection, [stale])
