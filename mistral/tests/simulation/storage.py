"""The tables of executions in memory: what a process that has lost its memory starts from.

Values go through the types of the columns, executions through the same code as in the service, so
what does not survive the database does not survive this either.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine.default import DefaultDialect

from mistral import states
from mistral.db.models import action_executions, task_executions, workflow_executions
from mistral.db.store import loading, rows
from mistral.db.store.definitions import GraphCache
from mistral.workflow.events import Event
from mistral.workflow.model import (
    NOT_LOADED,
    ChildExecution,
    ExecutionState,
    WorkflowExecution,
)

_DIALECT = DefaultDialect()


class StoredTable:
    """The rows of one table as a database holds them; those of one parent are found at once."""

    def __init__(self, table: Table, parent: str) -> None:
        self._binders = {c.name: c.type.bind_processor(_DIALECT) for c in table.columns}
        self._readers = {c.name: c.type.result_processor(_DIALECT, None) for c in table.columns}
        self._parent = parent
        self._children: dict[str, list[str]] = {}
        self.stored: dict[str, dict[str, Any]] = {}

    def insert(self, row: Mapping[str, Any]) -> None:
        id_ = row['id']
        assert id_ not in self.stored, f'{id_} is stored already'
        self.stored[id_] = {name: self.bind(name, row.get(name)) for name in self._binders}
        self._children.setdefault(row.get(self._parent) or '', []).append(id_)

    def update(self, id_: str, changes: Mapping[str, Any]) -> None:
        row = self.stored[id_]
        for name, value in changes.items():
            row[name] = self.bind(name, value)

    def read(self, id_: str) -> dict[str, Any]:
        return {name: self._read(name, value) for name, value in self.stored[id_].items()}

    def value(self, id_: str, name: str) -> Any:
        return self._read(name, self.stored[id_][name])

    def of_parent(self, parent_id: str) -> list[dict[str, Any]]:
        return [self.read(id_) for id_ in self._children.get(parent_id, ())]

    def bind(self, name: str, value: Any) -> Any:
        """A value as the database holds it."""
        binder = self._binders[name]
        return binder(value) if binder else value

    def _read(self, name: str, value: Any) -> Any:
        reader = self._readers[name]
        return reader(value) if reader else value


class Storage:
    """Saves executions like `mistral.db.store.saving` and loads them like `loading`."""

    def __init__(self) -> None:
        self.executions = StoredTable(workflow_executions, 'task_execution_id')
        self.tasks = StoredTable(task_executions, 'workflow_execution_id')
        self.actions = StoredTable(action_executions, 'task_execution_id')
        self._graphs = GraphCache()

    def save(self, state: ExecutionState) -> None:
        execution, changes = state.execution, state.changes
        if execution.revision == 0:
            self._insert_execution(execution)
        else:
            assert self.executions.value(execution.id, 'revision') == execution.revision
            changed = rows.execution_changes(execution) if changes.execution else {}
            self.executions.update(execution.id, {**changed, 'revision': execution.revision + 1})
        for task in changes.new_tasks.values():
            self.tasks.insert(rows.task_to_row(task, state.node(task), execution))
        for task in changes.tasks.values():
            self.tasks.update(task.id, rows.task_changes(task))
        for created in changes.new_executions:
            self._insert_execution(created.execution)
        for child in changes.new_children.values():
            if child.kind == 'action':
                self.actions.insert(rows.action_to_row(child, execution))
        for child in changes.children.values():
            self._update_child(child)

    def load(self, execution_id: str, waiting: Sequence[Event]) -> ExecutionState:
        task_rows = self.tasks.of_parent(execution_id)
        return loading.build_state(
            self.executions.read(execution_id),
            self.parent_of(execution_id),
            task_rows,
            [row for task in task_rows for row in self.actions.of_parent(task['id'])],
            [row for task in task_rows for row in self.executions.of_parent(task['id'])],
            waiting,
            self._graphs,
        )

    def parent_of(self, execution_id: str) -> str | None:
        """The id of the execution above."""
        task_id = self.executions.stored[execution_id]['task_execution_id']
        return self.execution_of_task(task_id) if task_id else None

    def execution_of_task(self, task_id: str) -> str:
        execution_id: str = self.tasks.stored[task_id]['workflow_execution_id']
        return execution_id

    def execution_of_action(self, action_id: str) -> str:
        return self.execution_of_task(self.actions.stored[action_id]['task_execution_id'])

    def running_actions(self) -> list[str]:
        """The ids of all synchronous actions that have no result, see `db.store.unfinished`."""
        return [
            id_
            for id_, row in self.actions.stored.items()
            if row['state'] == states.RUNNING and row['is_sync']
        ]

    def load_outputs(self, children: Iterable[ChildExecution]) -> None:
        for child in children:
            if child.output is NOT_LOADED:
                table = self.actions if child.kind == 'action' else self.executions
                child.output = table.value(child.id, 'output')

    def load_inputs(self, actions: Iterable[ChildExecution]) -> None:
        for action in actions:
            if action.input is NOT_LOADED:
                action.input = self.actions.value(action.id, 'input') or {}

    def contents(self) -> dict[str, dict[str, dict[str, Any]]]:
        """All rows by table and id, for comparing.

        Whether a sub-workflow is accepted is for its parent task to say, not for its own row.
        """
        executions = self.executions.stored.items()
        return {
            'executions': {id_: {**row, 'accepted': None} for id_, row in executions},
            'tasks': self.tasks.stored,
            'actions': self.actions.stored,
        }

    def digest(self) -> str:
        """Of all that is stored; the order of the keys of mappings does not matter."""
        tables = (self.executions, self.tasks, self.actions)
        found = [[table.read(id_) for id_ in table.stored] for table in tables]
        text = json.dumps(found, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def _insert_execution(self, execution: WorkflowExecution) -> None:
        self.executions.insert({**rows.execution_to_row(execution), 'revision': 1})

    def _update_child(self, child: ChildExecution) -> None:
        if child.kind == 'action':
            self.actions.update(child.id, rows.action_changes(child))
        elif child.superseded:
            self.executions.update(child.id, {'accepted': False})
