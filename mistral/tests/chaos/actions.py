"""Actions that note each of their runs in the ledger."""

import time
from typing import Any

from mistral_lib.actions import Action
from mistral_lib.actions.context import ActionContext

from mistral.exceptions import ActionException
from mistral.tests.chaos import ledger


class NoteAction(Action):
    """Returns `value` after `delay` seconds. Whether it may run twice is for its task to say."""

    def __init__(self, value: Any = None, delay: float = 0.2) -> None:
        super().__init__()
        self.value = value
        self.delay = delay

    def run(self, context: ActionContext) -> Any:
        id_ = context.execution.action_execution_id
        ledger.note(id_, 'begin')
        time.sleep(self.delay)
        ledger.note(id_, 'end')
        return self.value


class RepeatableNoteAction(NoteAction):
    """The same, and it may always run twice."""

    repeatable = True


class StumbleAction(NoteAction):
    """Fails in the first attempt of its task."""

    def run(self, context: ActionContext) -> Any:
        value = super().run(context)
        execution = context.execution
        if ledger.is_first_attempt(execution.task_execution_id, execution.action_execution_id):
            raise ActionException('The first attempt fails.')
        return value
