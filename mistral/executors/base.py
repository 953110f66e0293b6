"""The interface of executor plugins."""

import abc
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from mistral_lib import utils
from mistral_lib.actions import Action, Result
from mistral_lib.actions.context import ActionContext, ExecutionContext, SecurityContext

from mistral.context import CALLER_THREAD_LOCAL
from mistral.executors.runner import IDENTITY_FIELDS, SECURITY_FIELDS

#: Takes the result of an action: (id of the action execution, result).
Report: TypeAlias = Callable[[str, Result], None]


def action_context(exec_ctx: Mapping[str, Any], redelivered: bool = False) -> ActionContext:
    """What `Action.run` takes, for the action that `run_action` was just asked to run.

    To be called in the thread of that call: the caller is there.
    """
    caller = utils.get_thread_local(CALLER_THREAD_LOCAL)
    known = {name: getattr(caller, name, None) for name in (*SECURITY_FIELDS, *IDENTITY_FIELDS)}
    return ActionContext(
        SecurityContext(redelivered=redelivered, **known), ExecutionContext(**exec_ctx)
    )


class Executor(abc.ABC):
    """The interface of plugins under the entry point `mistral.executors`.

    `[executor] type` names the one that is used. It is made without arguments, once in each process
    that has an engine, and is asked to run the actions of that engine's executions. While it has an
    action in hand, the engine takes it for alive; when the engine's process dies, the action counts
    as lost.
    """

    _report: Report | None = None

    @abc.abstractmethod
    def run_action(
        self,
        action: Action,
        action_ex_id: str | None,
        safe_rerun: bool,
        exec_ctx: Mapping[str, Any],
        redelivered: bool = False,
        target: str | None = None,
        async_: bool = True,
        timeout: float | None = None,
    ) -> Result | None:
        """Run an action, or have it run. Called in several threads.

        What is returned is the result. With `async_` it may be None: then the result of a
        synchronous action comes later, by `report`, and that of an asynchronous one through the
        API. An exception fails the action.

        `action_context` gives the context for `action.run`, and `mistral.actions.serialization`
        turns actions into text and back.

        :param action_ex_id: None for runs that are not stored.
        :param exec_ctx: fields of `mistral_lib.actions.context.ExecutionContext`.
        :param redelivered: the action may have been run before.
        :param target: name of the executor that should run it; None is any.
        :param async_: return soon; else wait for the end, and return the result.
        :param timeout: seconds after which the action counts as failed.
        """

    def report(self, action_ex_id: str, result: Result) -> None:
        """Give the result of an action that `run_action` has returned None for.

        May be called in any thread, also before `run_action` has returned. A result that nobody
        waits for is dropped.
        """
        if self._report is None:
            raise RuntimeError('The executor has not been started.')
        self._report(action_ex_id, result)

    def start(self, report: Report) -> None:
        """Called before the first action."""
        self._report = report

    def stop(self) -> None:  # noqa: B027 - most have nothing to do
        """Called when no more actions will come."""
