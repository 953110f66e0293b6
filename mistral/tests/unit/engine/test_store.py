"""Executions that are stored and loaded are what they were."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral.db.store import jobs, loading, rows, unfinished
from mistral.db.times import utc_now
from mistral.workflow.events import ActionCompleted, Settle, Stop
from mistral.workflow.model import NOT_LOADED

WORKFLOWS = """
everything:
  tags: [one, two]
  input: [n: 1]
  vars: {v: "<% $.n %>"}
  output: {r: <% $.r %>}
  tasks:
    start:
      action: std.noop
      publish: {p: {deep: [1, "\\u00e9", null]}}
      publish-on-error: {p: never}
      on-success:
        publish:
          global: {g: here}
        next: [items, down, fail, waiting]
    items:
      with-items: i in <% range(3) %>
      concurrency: 2
      action: std.async_noop
      on-success: join
    down:
      workflow: below
      on-success: join
    fail:
      action: std.noop
      fail-on: true
      retry: {count: 3, delay: 100}
    waiting:
      action: std.noop
      wait-before: 100
    join:
      join: all
      action: std.noop
below:
  tasks:
    a: {action: std.async_noop}
"""

#: Kept in memory only, or told from the rest.
DERIVED = {'children', 'running_children', 'inbound', 'outbound', 'items', 'result', 'dispatched'}

#: What is not loaded: values until somebody asks, and when a sub-workflow was heard of.
UNKNOWN: dict[str, dict[str, Any]] = {
    'action': {'input': NOT_LOADED, 'output': NOT_LOADED},
    'workflow': {'output': NOT_LOADED, 'updated_at': None},
}


def plain(thing):
    """The stored fields of an execution, a task or a child, with times as databases hold them."""
    found = {}
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if field.name not in DERIVED:
            is_time = isinstance(value, datetime)
            found[field.name] = value.replace(microsecond=0) if is_time else value
    return found


def snapshot(state):
    """All that the core may know of an execution. What it has not loaded counts as unknown."""
    return {
        'execution': plain(state.execution),
        'tasks': [plain(task) for task in state.tasks.values()],
        'children': [
            {**plain(child), **UNKNOWN[child.kind]}
            for task in state.tasks.values()
            for child in task.children
        ],
        'running children': {task.id: task.running_children for task in state.tasks.values()},
        'incomplete': set(state.incomplete),
        'joins': set(state.joins),
        'next number': state.next_seq,
    }


def in_memory(bench, id_):
    state = bench.warm.take(id_)
    assert state is not None
    bench.warm.put(state)
    return snapshot(state)


@pytest.fixture
def running(bench):
    """An execution with a task in each of many states."""
    bench.define(WORKFLOWS)
    id_ = bench.start('everything')
    bench.run()
    return id_


def test_execution_that_is_loaded_is_the_one_in_memory(bench, running):
    state = bench.load(running)
    assert {task.state for task in state.tasks.values()} == {
        'SUCCESS', 'RUNNING', 'DELAYED',
    }  # fmt: skip
    assert snapshot(state) == in_memory(bench, running)


def test_it_stays_so_with_each_event(bench, running):
    while waiting := [c for c in bench.task(running, 'items').children if not c.is_completed]:
        bench.send(running, ActionCompleted(waiting[0].id, waiting[0].index))
        assert snapshot(bench.load(running)) == in_memory(bench, running)
    assert bench.task(running, 'join').state == 'WAITING'


def test_subworkflow(bench, running):
    (child,) = bench.task(running, 'down').children
    assert snapshot(bench.load(child.id)) == in_memory(bench, child.id)
    state = bench.load(child.id)
    assert state.execution.parent_execution_id == running
    assert state.execution.root_execution_id == running


def test_news_of_a_subworkflow_counts_when_it_has_been_handled(bench, running):
    (child,) = bench.task(running, 'down').children
    (action,) = bench.task(child.id, 'a').children
    bench.send(child.id, ActionCompleted(action.id, 1))
    assert bench.state(child.id) == 'SUCCESS'
    (known,) = bench.task(running, 'down').children
    assert known.state == 'RUNNING'
    assert snapshot(bench.load(running)) == in_memory(bench, running)
    bench.run()
    (known,) = bench.task(running, 'down').children
    assert (known.state, known.accepted, known.revision) == ('SUCCESS', True, 1)
    assert snapshot(bench.load(running)) == in_memory(bench, running)


def test_values_of_children_are_loaded_on_demand(bench, running):
    bench.define('one:\n  tasks:\n    a: {action: std.echo output=5}\n')
    id_ = bench.start('one')
    bench.run()
    (child,) = bench.task(id_, 'a').children
    assert (child.input, child.output) == (NOT_LOADED, NOT_LOADED)
    with bench.database.read() as connection:
        loading.load_inputs(connection, [child])
        loading.load_outputs(connection, [child])
    assert (child.input, child.output) == ({'output': 5}, {'result': 5})


def test_output_that_was_not_loaded_is_kept(bench, running):
    """A superseded action is written again without its output."""
    child = bench.task(running, 'fail').children[0]
    assert child.superseded
    with bench.database.read() as connection:
        loading.load_outputs(connection, [child])
    assert child.output == {'result': None}


def test_unknown_execution(bench):
    assert bench.load('unknown') is None


class TestJobs:
    def test_order_is_that_of_their_times(self, bench):
        now = utc_now()
        times = {'c': now, 'a': now - timedelta(seconds=10), 'b': now + timedelta(seconds=10)}
        with bench.database.transaction() as connection:
            jobs.add(
                connection,
                [jobs.Job(id_, 'e', Stop('ERROR', id_), due) for id_, due in times.items()],
                now,
            )
            found = jobs.pending(connection)
            assert [(job.id, job.event.message) for job in found] == [
                ('a', 'a'), ('c', 'c'), ('b', 'b'),
            ]  # fmt: skip

    def test_removal_counts_those_that_were_there(self, bench):
        now = utc_now()
        with bench.database.transaction() as connection:
            ids = [f'j{n}' for n in range(1200)]
            jobs.add(connection, [jobs.Job(id_, 'e', Settle(), now) for id_ in ids], now)
            assert jobs.existing(connection, [*ids, 'other']) == set(ids)
            assert jobs.remove(connection, [*ids[:1000], 'other']) == 1000
            assert jobs.remove(connection, ids) == 200
            assert jobs.remove(connection, []) == 0


class TestUnfinished:
    def test_what_a_crash_leaves(self, bench, running):
        (child,) = bench.task(running, 'down').children
        with bench.database.read() as connection:
            assert set(unfinished.running_executions(connection)) == {running, child.id}
            # Those that are asynchronous wait for somebody outside.
            assert unfinished.running_actions(connection) == {}
        bench.define('one:\n  tasks:\n    a: {action: std.noop}\n')
        other = bench.start('one')
        action = bench.task(other, 'a').children[0]
        with bench.database.read() as connection:
            assert unfinished.running_actions(connection) == {other: [action.id]}


@given(st.text())
@settings(max_examples=200)
def test_storable_texts_are_kept(text):
    stored = rows._storable(text)
    stored.encode()
    assert '\0' not in stored
    if '\0' not in text:
        assert stored == text


def test_times_are_in_utc(bench, running):
    created_at = bench.load(running).execution.created_at
    age = datetime.now(UTC).replace(tzinfo=None) - created_at
    assert timedelta(seconds=-1) < age < timedelta(hours=1)
