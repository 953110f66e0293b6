"""Actions that run within the unit of work that starts them.

An action that has no effects outside and takes no time has neither to wait for a commit nor to
travel to an executor: its result goes into the transaction that records its start. A chain of
such actions costs one commit, not one for each.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, TypeGuard

from mistral_lib.actions import Result

from mistral.actions.requests import ActionRequest
from mistral.context import RequestContext
from mistral.engine.dispatcher import action_request
from mistral.workflow import machine
from mistral.workflow.effects import Effect, RunAction
from mistral.workflow.events import ActionCompleted
from mistral.workflow.model import ExecutionState
from mistral.workflow.ports import Ports

#: Actions that a unit of work runs at most: other events of the execution wait for its end, and
#: so does whoever has started it.
MAX_ACTIONS: Final = 200
MAX_ACTIONS_AT_START: Final = 50

#: Runs an action at once; raises nothing.
RunNow = Callable[[ActionRequest], Result]


def carry_on(
    state: ExecutionState,
    found: Iterable[Effect],
    ports: Ports,
    run: RunNow,
    limit: int = MAX_ACTIONS,
) -> list[Effect]:
    """Run the immediate actions among the effects, and those that follow from their results.

    Returns the effects that are left to be carried out after the commit.
    """
    left: list[Effect] = []
    pending = deque(found)
    runs = 0
    while pending:
        effect = pending.popleft()
        if runs < limit and _is_immediate(effect):
            runs += 1
            # They have nothing to do with anybody outside.
            caller = RequestContext(project_id=state.execution.project_id)
            result = run(action_request(state.execution, effect, caller))
            event = ActionCompleted(
                effect.action_execution_id, result.data, result.error, bool(result.cancel)
            )
            pending.extend(machine.apply(state, event, ports))
        else:
            left.append(effect)
    return left


def _is_immediate(effect: Effect) -> TypeGuard[RunAction]:
    return (
        isinstance(effect, RunAction)
        and effect.is_sync
        and effect.target is None
        and getattr(effect.action, 'immediate', False) is True
    )
