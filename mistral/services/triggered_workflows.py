"""What cron triggers and event triggers have in common: the workflow that they start."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from mistral.context import RequestContext
from mistral.db.repositories import Row
from mistral.lang.parser import workflow_from_raw
from mistral.workflow.creation import complete_input

#: Columns of a workflow that `check_input` needs, and its name.
CHECKED_COLUMNS: Final = ('id', 'name', 'spec')


def trigger_runner(caller: RequestContext) -> RequestContext:
    """Who a trigger of the caller runs as: the project alone, whatever the caller may do.

    What only an administrator sees could not be started.
    """
    return replace(caller, is_admin=False)


def check_input(workflow: Row, input_: Mapping[str, Any]) -> None:
    """Raise InputException unless the stored workflow can be started with this input."""
    complete_input(workflow_from_raw(workflow['spec']), input_)
