"""Random workflow definitions that use every feature of the language and always come to an end.

Transitions lead forwards; a way back counts its laps in a global variable and closes after a few.
Sub-workflows call only workflows after their own, so trees are finite too.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import yaml

#: How often the ways back of a workflow may be taken.
LAPS = 2
#: The workflows of a simulation, in the order in which they may call each other.
NAMES = ('root', 'middle', 'leaf')

_VARIABLES = ('v1', 'v2', 'v3')
_GUARDS = (
    '<% true %>', '<% true %>', '<% false %>', '<% $.get(v1, 0) = 1 %>', '<% global(g) != null %>'
)  # fmt: skip


class _Dumper(yaml.SafeDumper):
    """Writes every value out, however often it occurs."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def generate(rng: Random) -> str:
    """The YAML text of the definitions of one simulation."""
    names = NAMES[: rng.choice((1, 1, 2, 2, 3))]
    reverse = [name for name in names if rng.random() < 0.2]
    document: dict[str, Any] = {'version': '2.0'}
    for position, name in enumerate(names):
        callable_ = {other: other in reverse for other in names[position + 1 :]}
        size = rng.randint(1, 4 if position else 8)
        document[name] = _Workflow(rng, size, callable_, is_reverse=name in reverse).generate()
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=100)


@dataclass
class _Workflow:
    """Generates one workflow; `callable_` says which others it may call and if they are reverse."""

    rng: Random
    size: int
    callable_: dict[str, bool]
    is_reverse: bool
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    inbound: dict[str, set[str]] = field(default_factory=dict)

    def generate(self) -> dict[str, Any]:
        names = [f't{number}' for number in range(self.size)]
        self.tasks = {name: self._task() for name in names}
        self.inbound = {name: set() for name in names}
        workflow: dict[str, Any] = {'vars': {'laps': 0}}
        if self._maybe(0.1):
            workflow['timeout'] = self.rng.randint(1, 12)
        if self.is_reverse:
            workflow['type'] = 'reverse'
            self._require(names)
        else:
            self._connect(names)
            self._join(names)
        if self._maybe(0.15):
            workflow['task-defaults'] = self._defaults(names)
        if self._maybe(0.5):
            workflow['output'] = {'o': '<% $.get(v1) %>', 'all': '<% [$.get(v2), $.get(v3)] %>'}
        if self._maybe(0.2):
            workflow['output-on-error'] = {'e': '<% $.get(v1) %>'}
        workflow['tasks'] = self.tasks
        return workflow

    def _task(self) -> dict[str, Any]:
        task = self._work()
        if self._maybe(0.25):
            self._add_items(task)
        for clause, chance in (
            ('publish', 0.5),
            ('publish-on-error', 0.2),
            ('publish-on-skip', 0.2),
        ):
            if self._maybe(chance):
                task[clause] = self._published()
        if self._maybe(0.4):
            task |= self._policies()
        for key, value, chance in (
            ('keep-result', False, 0.05),
            ('safe-rerun', True, 0.3),
            ('target', 'somewhere', 0.05),
        ):
            if self._maybe(chance):
                task[key] = value
        return task

    def _work(self) -> dict[str, Any]:
        if self.callable_ and self._maybe(0.35):
            name = self.rng.choice(list(self.callable_))
            input_ = {'task_name': 't0'} if self.callable_[name] else {}
            return {'workflow': name, 'input': {**input_, 'extra': 1}}
        if self._maybe(0.02):
            return self.rng.choice(
                (
                    {'action': 'no.such_action'},
                    {'workflow': 'no_such_workflow'},
                    {'action': 'std.echo', 'input': {'output': '<% $.missing %>'}},
                    {'action': 'std.echo'},
                )
            )
        action = self.rng.choice(
            ('std.noop', 'std.noop', 'std.echo', 'std.echo', 'std.fail', *['std.async_noop'] * 2)
            + ('sim.any',) * 5
        )
        if action in ('std.echo', 'sim.any'):
            return {'action': action, 'input': {'output': self._value()}}
        return {'action': action}

    def _add_items(self, task: dict[str, Any]) -> None:
        values = self.rng.choice(
            ('<% [1, 2, 3] %>', '<% [1, 2] %>', '<% [] %>', '<% range(5) %>', '<% ($.get(v1)) %>')
            if self._maybe(0.1)
            else ('<% [1, 2, 3] %>', '<% [1, 2] %>', '<% range(5) %>')
        )
        task['with-items'] = f'i in {values}'
        if self._maybe(0.5):
            task['concurrency'] = self.rng.randint(1, 3)
        if 'output' in task.get('input', {}) and self._maybe(0.5):
            task['input']['output'] = self.rng.choice(
                ('<% $.i %>', '<% $.i %>', '<% $.i %>', '<% 6 / (3 - $.i) %>')
            )

    def _policies(self) -> dict[str, Any]:
        rng = self.rng
        retry: dict[str, Any] = {'count': rng.randint(1, 2), 'delay': rng.randint(0, 3)}
        if self._maybe(0.2):
            retry |= {'backoff': 2, 'max-delay': 3, 'jitter': 0.5}
        if self._maybe(0.2):
            retry['break-on'] = '<% task().result = 1 %>'
        if self._maybe(0.2):
            retry['continue-on'] = self.rng.choice(('<% $.get(v1) = 1 %>', '<% true %>'))
        policies = {
            'retry': retry,
            'timeout': rng.randint(1, 6),
            'wait-before': rng.choice((1, 2, '<% 1 + 1 %>')),
            'wait-after': rng.randint(1, 3),
            'pause-before': True,
            'fail-on': '<% task().result = 1 %>',
        }
        chosen = rng.sample(list(policies), rng.randint(1, 3))
        return {name: policies[name] for name in chosen}

    def _published(self) -> dict[str, Any]:
        variables = self.rng.sample(_VARIABLES, self.rng.randint(1, 2))
        return {name: self._value(task_result=True) for name in variables}

    def _value(self, *, task_result: bool = False) -> Any:
        if self._maybe(0.01):
            return '<% $.missing %>'
        values: list[Any] = [
            1, 'text', {'k': 1, 'm': {'n': 2}}, {'k': 2}, {}, '<% $.get(v1) %>',
            '<% $.get(v2, 0) %>', '<% global(g) %>', '<% env().get(e) %>',
        ]  # fmt: skip
        if task_result:
            values += ['<% task().result %>'] * 4
        return self.rng.choice(values)

    def _connect(self, names: list[str]) -> None:
        """Give tasks on-clauses that lead to later tasks, and a few ways back."""
        for position, name in enumerate(names):
            later = names[position + 1 :]
            for clause, chance in (
                ('on-success', 0.8), ('on-error', 0.4), ('on-complete', 0.2), ('on-skip', 0.1),
            ):  # fmt: skip
                if self._maybe(chance):
                    self._add_clause(name, clause, later)
            if position and self._maybe(0.12):
                self._add_way_back(name, self.rng.choice(names[1 : position + 1]))

    def _add_clause(self, name: str, clause: str, later: list[str]) -> None:
        targets: list[Any] = list(later[:4])
        chosen = self.rng.sample(targets, min(len(targets), self.rng.choice((1, 1, 1, 2, 2, 3))))
        self.inbound.update({target: self.inbound[target] | {name} for target in chosen})
        entries = [self._guarded(target) for target in chosen]
        if self._maybe(0.15):
            command = self.rng.choice(
                ('noop', 'noop', 'pause', 'pause msg="wait"', 'fail', 'fail msg="no"', 'succeed')
            )
            entries.insert(self.rng.randint(0, len(entries)), self._guarded(command))
        if not entries:
            return
        if self._maybe(0.2):
            scopes = {'branch': self._published(), 'global': {'g': self._value(task_result=True)}}
            scope = self.rng.choice(list(scopes))
            self.tasks[name][clause] = {'publish': {scope: scopes[scope]}, 'next': entries}
        else:
            self.tasks[name][clause] = entries

    def _add_way_back(self, name: str, target: str) -> None:
        clause = self.tasks[name].get('on-success', [])
        entries = clause if isinstance(clause, list) else clause['next']
        self.tasks[name]['on-success'] = {
            'publish': {'global': {'laps': '<% global(laps) + 1 %>'}},
            'next': [*entries, {target: f'<% global(laps) <= {LAPS} %>'}],
        }
        self.inbound[target].add(name)

    def _guarded(self, target: str) -> Any:
        return {target: self.rng.choice(_GUARDS)} if self._maybe(0.25) else target

    def _join(self, names: list[str]) -> None:
        """Make joins, above all of the tasks to which several ways lead."""
        for name in names:
            ways = len(self.inbound[name])
            if ways and self._maybe(0.85 if ways > 1 else 0.15):
                number = self.rng.randint(1, ways)
                self.tasks[name]['join'] = self.rng.choice(('all', 'all', 'one', number))

    def _require(self, names: list[str]) -> None:
        """The first task is the target; each task may require later ones."""
        for position, name in enumerate(names):
            later = names[position + 1 :]
            chosen = self.rng.sample(later, min(len(later), self.rng.choice((0, 1, 2))))
            if chosen:
                self.tasks[name]['requires'] = chosen

    def _defaults(self, names: list[str]) -> dict[str, Any]:
        defaults = self._policies()
        if not self.is_reverse and self._maybe(0.4):
            defaults['on-error'] = ['noop']
        return defaults

    def _maybe(self, chance: float) -> bool:
        return self.rng.random() < chance
