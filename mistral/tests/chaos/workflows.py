"""What runs during the chaos, and what has to come of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

DEFINITIONS: Final = """
version: '2.0'

chaos_join:
  input: [x]
  output: {r: <% $.e %>}
  tasks:
    a:
      action: chaos.note_again value=<% $.x %>
      publish: {a: <% task().result %>}
      on-success: [b, c, g]
    b:
      safe-rerun: true
      action: chaos.note value=<% $.a + 1 %>
      publish: {b: <% task().result %>}
      on-success: d
    c: {action: std.echo output=<% $.a + 2 %>, publish: {c: <% task().result %>}, on-success: d}
    g: {action: std.noop, on-success: d}
    d:
      join: all
      action: std.echo output=<% $.b + $.c %> delay=0.1
      publish: {d: <% task().result %>}
      on-success: e
    e:
      safe-rerun: true
      action: chaos.note value=<% $.d %>
      publish: {e: <% task().result %>}

chaos_items:
  input: [x]
  output: {r: <% $.r %>}
  tasks:
    all_at_once:
      with-items: i in <% range(6) %>
      safe-rerun: true
      action: chaos.note value=<% $.i %>
      on-success: some_at_a_time
    some_at_a_time:
      with-items: i in <% range(6) %>
      concurrency: 2
      action: chaos.note_again value=<% $.i + $.x %> delay=0.1
      publish: {r: <% task().result %>}

chaos_leaf:
  input: [x]
  output: {y: <% $.y %>}
  tasks:
    one: {action: std.noop, on-success: two}
    two:
      safe-rerun: true
      action: chaos.note value=<% $.x * 10 %>
      publish: {y: <% task().result %>}
chaos_branch:
  input: [x]
  output: {y: <% $.y %>}
  tasks:
    down: {workflow: chaos_leaf x=<% $.x %>, publish: {y: <% task().result.y %>}}
chaos_tree:
  input: [x]
  output: {r: <% $.r %>}
  tasks:
    children:
      with-items: i in <% range(3) %>
      workflow: chaos_branch x=<% $.i + $.x %>
      publish: {r: <% task().result.y %>}

chaos_delays:
  input: [x]
  output: {r: <% $.r %>}
  tasks:
    first: {action: std.noop, wait-before: 1, wait-after: 1, on-success: second}
    second:
      safe-rerun: true
      action: chaos.stumble value=<% $.x %>
      retry: {count: 3, delay: 1}
      publish: {r: <% task().result %>}

chaos_question:
  input: [x]
  output: {r: <% $.r %>}
  tasks:
    ask: {action: std.async_noop, publish: {r: <% task().result.answer %>}, on-success: after}
    after: {action: chaos.note_again}

chaos_careless:
  input: [x]
  output: {r: <% $.c %>}
  tasks:
    a: {action: chaos.note value=<% $.x %>, publish: {a: <% task().result %>}, on-success: c}
    b: {action: chaos.note value=1, publish: {b: <% task().result %>}, on-success: c}
    c:
      join: all
      action: chaos.note value=<% $.a + $.b %>
      publish: {c: <% task().result %>}

chaos_obstinate:
  input: [x]
  output: {r: <% $.r %>}
  tasks:
    try:
      action: chaos.note value=<% $.x %>
      retry: {count: 5, delay: 1}
      publish: {r: <% task().result %>}
      on-success: note
    note: {workflow: chaos_careless x=1}
"""


@dataclass(frozen=True)
class Kind:
    """A workflow that takes `x`: its result `r`, and its tasks with the actions that count.

    `is_careful` means that it has no action which must not run twice.
    """

    result: Callable[[int], Any]
    tasks: Mapping[str, int]
    is_careful: bool = True


#: What an asynchronous action is answered.
ANSWER: Final = 'forty-two'

KINDS: Final = {
    'chaos_join': Kind(lambda x: 2 * x + 3, {'a': 1, 'b': 1, 'c': 1, 'g': 1, 'd': 1, 'e': 1}),
    'chaos_items': Kind(
        lambda x: [i + x for i in range(6)], {'all_at_once': 6, 'some_at_a_time': 6}
    ),
    'chaos_tree': Kind(lambda x: [10 * (i + x) for i in range(3)], {'children': 0}),
    'chaos_delays': Kind(lambda x: x, {'first': 1, 'second': 1}),
    'chaos_question': Kind(lambda x: ANSWER, {'ask': 1, 'after': 1}),
    'chaos_careless': Kind(lambda x: x + 1, {'a': 1, 'b': 1, 'c': 1}, is_careful=False),
    'chaos_obstinate': Kind(lambda x: x, {'try': 1, 'note': 0}, is_careful=False),
}

#: Those that only others start.
PARTS: Final = {
    'chaos_leaf': Kind(lambda x: 10 * x, {'one': 1, 'two': 1}),
    'chaos_branch': Kind(lambda x: 10 * x, {'down': 0}),
}
