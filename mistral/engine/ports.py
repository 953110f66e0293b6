"""The outside world as the core sees it: expressions, actions, definitions and the database."""

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mistral_lib.actions import ActionDescriptor, Result
from mistral_lib.exceptions import ActionException as LibActionException

from mistral.actions.adhoc import AdHocActionDescriptor
from mistral.actions.catalog import ActionCatalog
from mistral.actions.descriptors import instantiate, is_sync
from mistral.context import RequestContext
from mistral.db.database import Connection, Database, DatabaseFailure
from mistral.db.store import definitions, loading, queries
from mistral.db.times import utc_now
from mistral.exceptions import (
    ActionException,
    DBError,
    InputException,
    InvalidActionException,
    MistralException,
)
from mistral.expressions import Expressions
from mistral.expressions.base import Scope
from mistral.lang.specs import REQUIRED
from mistral.utils.ids import new_id
from mistral.workflow.data_flow import ContextView
from mistral.workflow.model import ChildExecution, TaskExecution, WorkflowExecution
from mistral.workflow.ports import (
    ActionCall,
    ActionResult,
    CoreSettings,
    InfrastructureError,
    PreparedAction,
    TaskError,
    WorkflowDefinition,
)

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineParts:
    """What all turns of an engine share."""

    database: Database
    expressions: Expressions
    catalog: ActionCatalog
    graphs: definitions.GraphCache
    settings: CoreSettings


class EnginePorts:
    """Implements `mistral.workflow.ports.Ports` on behalf of one caller."""

    def __init__(self, parts: EngineParts, caller: RequestContext) -> None:
        self._parts = parts
        self._caller = caller

    @property
    def settings(self) -> CoreSettings:
        return self._parts.settings

    def new_id(self) -> str:
        return new_id()

    def now(self) -> datetime:
        return utc_now()

    def random(self) -> float:
        return random.random()  # noqa: S311 - spreads retries, guards nothing

    def evaluate(self, data: Any, context: Mapping[str, Any], scope: Scope) -> Any:
        return self._parts.expressions.evaluate(data, context, scope)

    def prepare_action(self, call: ActionCall) -> PreparedAction:
        with _infrastructure():
            descriptor = self._find_action(call.names, call.namespace)
            try:
                descriptor.check_parameters(call.input)
            except LibActionException as e:
                raise InputException(str(e)) from e
            input_ = _complete_input(descriptor, call.input)
            try:
                action = instantiate(descriptor, input_, AdHocContext(call.context, call.scope))
            except ActionException as e:
                raise TaskError(str(e)) from e
        return PreparedAction(
            name=descriptor.name,
            input=input_,
            is_sync=is_sync(action),
            repeatable=getattr(action, 'repeatable', False) is True,
            action=action,
        )

    def finish_action(self, name: str, namespace: str, result: ActionResult) -> ActionResult:
        with _infrastructure():
            descriptor = self._parts.catalog.find(name, namespace, self._caller)
            if descriptor is None:
                return result
            processed = descriptor.post_process_result(
                Result(data=result.data, error=result.error, cancel=result.cancel)
            )
        return ActionResult(processed.data, processed.error, bool(processed.cancel))

    def find_workflow(
        self, names: Sequence[str], namespace: str, *, fall_back: bool
    ) -> WorkflowDefinition | None:
        namespaces = [namespace, ''] if namespace and fall_back else [namespace]
        with self._read() as connection:
            return definitions.find_by_name(
                connection, self._parts.graphs, self._caller.project_id, names, namespaces
            )

    def find_environment(self, name: str) -> dict[str, Any] | None:
        with self._read() as connection:
            return queries.environment(connection, self._caller.project_id, name)

    def root_env(self, root_execution_id: str) -> Mapping[str, Any]:
        with self._read() as connection:
            return queries.env(connection, root_execution_id)

    def ancestors(self, execution: WorkflowExecution) -> Sequence[tuple[str, str, str]]:
        with self._read() as connection:
            return queries.ancestors(connection, execution.parent_execution_id)

    def load_outputs(self, children: Sequence[ChildExecution]) -> None:
        with self._read() as connection:
            loading.load_outputs(connection, children)

    def load_inputs(self, children: Sequence[ChildExecution]) -> None:
        with self._read() as connection:
            loading.load_inputs(connection, children)

    def query_executions(self, filters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        with self._read() as connection:
            return queries.executions(connection, self._caller.project_id, filters)

    def query_tasks(
        self, workflow_execution_id: str | None, *, recursive: bool, state: str | None, flat: bool
    ) -> Sequence[Mapping[str, Any]]:
        with self._read() as connection:
            return queries.tasks(
                connection,
                self._caller.project_id,
                workflow_execution_id,
                recursive=recursive,
                state=state,
                flat=flat,
            )

    def report_failure(self, task: TaskExecution | None, error: Exception) -> None:
        where = f"task '{task.name}' ({task.id})" if task else 'workflow'
        if isinstance(error, MistralException):
            LOG.info('Failure in %s: %s', where, error)
        else:
            LOG.error('Unexpected failure in %s', where, exc_info=error)

    def _find_action(self, names: Sequence[str], namespace: str) -> ActionDescriptor:
        for name in names:
            descriptor = self._parts.catalog.find(name, namespace, self._caller)
            if descriptor is not None:
                return descriptor
        raise InvalidActionException(
            f'Failed to find action [action_name={names[-1]}, namespace={namespace}]'
        )

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with _infrastructure(), self._parts.database.read() as connection:
            yield connection


class AdHocContext(ContextView):
    """What `base-input` of an ad-hoc action sees, with the scope of its functions."""

    __slots__ = ('scope',)

    def __init__(self, context: Mapping[str, Any], scope: Scope) -> None:
        super().__init__((context,))
        self.scope = scope


@contextmanager
def _infrastructure() -> Iterator[None]:
    """Trouble with the database is nobody's fault: the turn has to be repeated."""
    try:
        yield
    except DatabaseFailure as e:
        raise InfrastructureError(str(e)) from e
    except DBError as e:
        if not isinstance(e.__cause__, DatabaseFailure):
            raise
        raise InfrastructureError(str(e)) from e.__cause__


def _complete_input(descriptor: ActionDescriptor, input_: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(descriptor, AdHocActionDescriptor):
        return dict(input_)
    defaults = {
        name: value for name, value in descriptor.spec.input.items() if value is not REQUIRED
    }
    return {**defaults, **input_}
