"""Stands for what the providers work with: stored definitions, expressions, installed packages."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint
from typing import Any

import yaml

from mistral.context import RequestContext
from mistral.lang.parser import action_from_raw


class Definitions:
    """Ad-hoc actions in memory, written in the workflow language."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.queries: list[tuple[str, str]] = []
        self._ids = itertools.count(1)

    def add(self, text: str, **columns: Any) -> None:
        for name, raw in yaml.safe_load(text).items():
            spec = action_from_raw({'name': name, 'version': '2.0', **raw})
            self.rows.append(
                {
                    'id': f'id-{next(self._ids)}',
                    'name': name,
                    'namespace': '',
                    'workbook_name': None,
                    'definition': text,
                    'spec': spec.raw,
                    'description': spec.description,
                    'input': ', '.join(spec.input),
                    'tags': [],
                    'is_system': False,
                    'scope': 'private',
                    'project_id': 'p1',
                    'created_at': None,
                    'updated_at': None,
                    **columns,
                }
            )

    def find(self, name: str, namespace: str, caller: RequestContext) -> Mapping[str, Any] | None:
        self.queries.append((name, namespace))
        for row in self.find_all(namespace, caller):
            if row['name'] == name:
                return row
        return None

    def find_all(
        self, namespace: str | None, caller: RequestContext
    ) -> Iterable[Mapping[str, Any]]:
        for row in self.rows:
            is_visible = (
                caller.is_admin
                or row['project_id'] == caller.project_id
                or row['scope'] == 'public'
            )
            if is_visible and namespace in (None, row['namespace']):
                yield row


class PythonEvaluator:
    """Evaluates texts that begin with `=` as Python, with the context as `_`."""

    def evaluate(self, data: Any, context: Any, scope: Any = None) -> Any:
        if isinstance(data, str) and data.startswith('='):
            return eval(data[1:], {'_': context, 'scope': scope})
        if isinstance(data, Mapping):
            return {key: self.evaluate(value, context, scope) for key, value in data.items()}
        return data


def installed(
    groups: Mapping[str, Mapping[str, str]],
) -> Callable[[str], Iterable[EntryPoint]]:
    """Entry points as if of installed packages: group -> name -> module:object."""
    return lambda group: [
        EntryPoint(name, value, group) for name, value in groups.get(group, {}).items()
    ]


STANDARD = {
    'std.echo': 'mistral.actions.std_actions:EchoAction',
    'std.noop': 'mistral.actions.std_actions:NoOpAction',
    'std.async_noop': 'mistral.actions.std_actions:AsyncNoOpAction',
    'std.fail': 'mistral.actions.std_actions:FailAction',
}
