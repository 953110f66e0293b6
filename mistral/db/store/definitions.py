"""Workflow definitions for the engine: each is parsed and compiled once per process."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, or_, select

from mistral.context import RequestContext
from mistral.db.models import resource_members, workflow_definitions
from mistral.db.store.rows import Row
from mistral.db.types import dump_json
from mistral.lang.graph import WorkflowGraph, compile_workflow
from mistral.lang.parser import workflow_from_raw
from mistral.workflow.ports import WorkflowDefinition

_MAX_GRAPHS: Final = 1000


class GraphCache:
    """Compiled workflows by their text, the least recently used are dropped first."""

    def __init__(self, max_size: int = _MAX_GRAPHS) -> None:
        self._max_size = max_size
        self._graphs: OrderedDict[str, WorkflowGraph] = OrderedDict()
        self._lock = threading.Lock()

    def of_raw(self, raw: Mapping[str, Any]) -> WorkflowGraph:
        """The graph of a definition as kept in the `spec` columns."""
        key = dump_json(raw)
        graph = self._get(key)
        if graph is None:
            graph = compile_workflow(workflow_from_raw(raw))
            self._keep(key, graph)
        return graph

    def of_definition(self, connection: Connection, row: Row) -> WorkflowGraph:
        """The graph of a stored definition; its text is read only if it has changed."""
        key = f'{row["id"]} {row["checksum"]} {row["updated_at"]}'
        graph = self._get(key)
        if graph is None:
            table = workflow_definitions
            query = select(table.c.spec).where(table.c.id == row['id'])
            graph = self.of_raw(connection.execute(query).scalar_one())
            self._keep(key, graph)
        return graph

    def _get(self, key: str) -> WorkflowGraph | None:
        with self._lock:
            graph = self._graphs.get(key)
            if graph is not None:
                self._graphs.move_to_end(key)
            return graph

    def _keep(self, key: str, graph: WorkflowGraph) -> None:
        with self._lock:
            self._graphs[key] = graph
            while len(self._graphs) > self._max_size:
                self._graphs.popitem(last=False)


_COLUMNS: Final = [
    workflow_definitions.c[name]
    for name in (
        'id', 'name', 'namespace', 'workbook_name', 'checksum', 'updated_at', 'project_id',
    )
]  # fmt: skip


def find_by_name(
    connection: Connection,
    graphs: GraphCache,
    project_id: str,
    names: Sequence[str],
    namespaces: Sequence[str],
) -> WorkflowDefinition | None:
    """The definition that a project may run; earlier names and namespaces go first.

    Of several with one name the project's own goes before public and shared ones.
    """
    query = select(*_COLUMNS).where(
        workflow_definitions.c.name.in_(names),
        workflow_definitions.c.namespace.in_(namespaces),
        _visible_to(project_id),
    )
    # Some collations take names for equal that differ in case.
    found = [row for row in connection.execute(query).mappings() if row['name'] in names]
    if not found:
        return None
    best = min(
        found,
        key=lambda row: (
            names.index(row['name']),
            namespaces.index(row['namespace']),
            row['project_id'] != project_id,
        ),
    )
    return _definition(connection, graphs, best)


def find_by_identifier(
    connection: Connection,
    graphs: GraphCache,
    caller: RequestContext,
    identifier: str,
    namespace: str,
) -> WorkflowDefinition | None:
    """The definition with that id or, in the namespace, with that name."""
    query = select(*_COLUMNS).where(workflow_definitions.c.id == identifier)
    if not caller.is_admin:
        query = query.where(_visible_to(caller.project_id))
    row = connection.execute(query).mappings().first()
    if row is not None:
        return _definition(connection, graphs, row)
    return find_by_name(connection, graphs, caller.project_id, [identifier], [namespace])


def _visible_to(project_id: str) -> ColumnElement[bool]:
    columns = workflow_definitions.c
    shared = select(resource_members.c.resource_id).where(
        resource_members.c.resource_type == 'workflow',
        resource_members.c.member_id == project_id,
        resource_members.c.status == 'accepted',
    )
    return or_(columns.project_id == project_id, columns.scope == 'public', columns.id.in_(shared))


def _definition(connection: Connection, graphs: GraphCache, row: Row) -> WorkflowDefinition:
    graph = graphs.of_definition(connection, row)
    return WorkflowDefinition(
        id=row['id'],
        name=row['name'],
        namespace=row['namespace'] or '',
        spec=graph.spec,
        graph=graph,
        workbook_name=row['workbook_name'],
    )
