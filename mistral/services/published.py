"""Global variables of a workflow execution, as clients see them."""

from collections.abc import Mapping
from typing import Any, Final

from mistral import states
from mistral.context import RequestContext
from mistral.db.repositories import Repositories

_CLAUSES: Final = {
    states.SUCCESS: ('on-complete', 'on-success'),
    states.ERROR: ('on-complete', 'on-error'),
    states.SKIPPED: ('on-complete', 'on-skip'),
}

_INTERNAL: Final = frozenset({'__execution', 'openstack'})


def published_global(
    context: Mapping[str, Any] | None, spec: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What tasks have published for the whole workflow: its context without internal keys and
    without the variables that the definition declares in `vars`."""
    hidden = _INTERNAL | set((spec or {}).get('vars') or {})
    return {name: value for name, value in (context or {}).items() if name not in hidden}


def published_global_of_task(
    conn: Any, repositories: Repositories, task: Mapping[str, Any], caller: RequestContext
) -> dict[str, Any] | None:
    """What a task has published for the whole workflow.

    Mistral 23 has not stored that. The tasks that it has left, which have a `spec`, show the
    variables that they have set with the values that these have by now.
    """
    stored: dict[str, Any] | None = task['published_global']
    if stored is not None or not task['spec']:
        return stored
    names = _global_variables(task['spec'], task['state'])
    if not names:
        return None
    id_ = task['workflow_execution_id']
    context = repositories.executions.get(conn, id_, caller, ('context',))['context'] or {}
    return {name: context[name] for name in names if name in context}


def _global_variables(spec: Mapping[str, Any], state: str) -> list[str]:
    """The names that a task in this state has set, by its definition."""
    names: dict[str, None] = {}
    for clause in _CLAUSES.get(state, ()):
        found = spec.get(clause)
        for key in ('publish', 'global'):
            found = found.get(key) if isinstance(found, Mapping) else None
        names |= dict.fromkeys(found or ())
    return list(names)
