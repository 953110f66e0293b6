"""What cron triggers and event triggers have in common: the workflow that they start."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from mistral.context import RequestContext
from mistral.db.repositories import Row
from mistral.db.retry import is_transient
from mistral.exceptions import MistralException, RpcError, UnavailableException
from mistral.lang.parser import workflow_from_raw
from mistral.workflow.creation import complete_input

LOG = logging.getLogger(__name__)

#: Errors that may pass and need not concern other triggers: Keystone fails over one trust, or the
#: start of one workflow takes too long.
PASSING: Final = (RpcError, UnavailableException)

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


def may_pass(error: Exception) -> bool:
    """Whether the workflow may be started a little later."""
    return isinstance(error, PASSING) or is_transient(error)


def log_failure(trigger: str, error: Exception) -> None:
    """Say that a trigger has started nothing; that a user's workflow cannot start is no riddle."""
    unforeseen = None if isinstance(error, MistralException) else error
    LOG.warning('Failed to process %s: %s', trigger, error, exc_info=unforeseen)
