"""The interface of executor plugins."""

import abc
from collections.abc import Mapping
from typing import Any

from mistral_lib.actions import Action, Result


class Executor(abc.ABC):
    """The interface of plugins under the entry point `mistral.executors`.

    They are made without arguments.
    """

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
        """Run an action.

        :param target: name of the executor that should run it; None is any.
        :param async_: return at once, the result goes to the engine; else wait and return it.
        :param timeout: seconds after which the action counts as failed.
        """
