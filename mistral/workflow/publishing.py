"""Publishing: which variables a finished task gives to its branch and to the workflow.

The simple `publish` is the base, `on-complete` goes over it, and the clause of the state
(`on-success`, `on-error`, `on-skip`) over both; scope by scope, nothing is lost.
"""

from collections.abc import Mapping
from typing import Any, Final

from mistral import states
from mistral.lang.graph import TaskNode
from mistral.lang.specs import Clause
from mistral.workflow.data_flow import deep_merge
from mistral.workflow.model import NOT_LOADED, TaskExecution
from mistral.workflow.scope import TurnScope
from mistral.workflow.turn import Turn

_CLAUSES: Final[Mapping[str, tuple[Clause, ...]]] = {
    states.SUCCESS: ('on-complete', 'on-success'),
    states.ERROR: ('on-complete', 'on-error'),
    states.SKIPPED: ('on-complete', 'on-skip'),
}


def effective(node: TaskNode, state: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The branch and the global variables, unevaluated, of a task that ended in `state`."""
    spec = node.spec
    simple = {
        states.SUCCESS: spec.publish,
        states.ERROR: spec.publish_on_error,
        states.SKIPPED: spec.publish_on_skip,
    }
    branch: Mapping[str, Any] = simple.get(state, {})
    global_: Mapping[str, Any] = {}
    for clause in _CLAUSES.get(state, ()):
        on_clause = spec.on_clauses.get(clause)
        if on_clause is not None and on_clause.publish is not None:
            branch = deep_merge(branch, on_clause.publish.branch)
            global_ = deep_merge(global_, on_clause.publish.global_)
    return branch, global_


def publish(turn: Turn, task: TaskExecution) -> None:
    """Publish what the task's state calls for; raises EvaluationException.

    All expressions see the state before. Global variables are there for every branch at once.
    """
    branch, global_ = effective(turn.state.node(task), task.state)
    if not branch and not global_:
        return
    view = turn.view(turn.inbound(task).data, task=task, env_at=1)
    scope = TurnScope(turn, task)
    published = turn.ports.evaluate(branch, view, scope)
    published_global = turn.ports.evaluate(global_, view, scope)
    turn.check_size('published', published, 'TaskExecution')
    task.published = published
    task.outbound = None
    if published_global:
        execution = turn.state.execution
        task.published_global = published_global
        execution.context = deep_merge(execution.context, published_global)
        turn.touch_execution()
    turn.touch_task(task)


def drop_results(turn: Turn, task: TaskExecution) -> None:
    """Forget the outputs of the task's actions if it says `keep-result: false`."""
    keep: Any = turn.state.node(task).spec.keep_result
    if keep is True:
        return
    view = turn.view(turn.inbound(task).data, task=task)
    if turn.ports.evaluate(keep, view, TurnScope(turn, task)):
        return
    for child in task.children:
        if child.kind == 'action' and child.is_completed:
            child.output = {}
            turn.touch_child(child)
    task.result = NOT_LOADED
