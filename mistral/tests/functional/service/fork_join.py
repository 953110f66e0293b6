"""A workflow to run in numbers, and what must hold when all of them have ended."""

from collections import Counter
from typing import Final

from mistral.tests.functional.service.rest import Rest

#: Five tasks each: a fork, a join of all and what follows, with data from task to task.
FORK_JOIN: Final = """
version: '2.0'
fork_join:
  input: [x]
  output: {r: <% $.e %>}
  tasks:
    a: {action: std.echo output=<% $.x %>, publish: {a: <% task().result %>}, on-success: [b, c]}
    b: {action: std.echo output=<% $.a + 1 %>, publish: {b: <% task().result %>}, on-success: d}
    c: {action: std.echo output=<% $.a + 2 %>, publish: {c: <% task().result %>}, on-success: d}
    d:
      join: all
      action: std.echo output=<% $.b + $.c %>
      publish: {d: <% task().result %>}
      on-success: e
    e: {action: std.echo output=<% $.d %>, publish: {e: <% task().result %>}}
"""

TASKS: Final = frozenset('abcde')


def assert_all_ran_once(rest: Rest) -> None:
    """Every execution has each task once, and each task one result; nothing goes on."""
    executions = rest.executions()
    assert {execution['state'] for execution in executions} == {'SUCCESS'}
    tasks = list(rest.items('/tasks'))
    assert {(task['state'], task['processed']) for task in tasks} == {('SUCCESS', True)}
    assert Counter((task['workflow_execution_id'], task['name']) for task in tasks) == Counter(
        (execution['id'], name) for execution in executions for name in TASKS
    )
    actions = [action for action in rest.items('/action_executions') if action['accepted']]
    assert Counter(action['task_execution_id'] for action in actions) == Counter(
        task['id'] for task in tasks
    )


def assert_no_task_is_there_twice(rest: Rest) -> None:
    """Holds for all workflows without loops."""
    tasks = Counter((task['workflow_execution_id'], task['name']) for task in rest.items('/tasks'))
    assert set(tasks.values()) == {1}
