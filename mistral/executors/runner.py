"""Runs one action and makes a Result of whatever happens."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Final

from mistral_lib.actions import Action, Result
from mistral_lib.actions.context import ActionContext, ExecutionContext, SecurityContext
from mistral_lib.exceptions import ActionException as LibActionException

from mistral.actions.descriptors import is_sync
from mistral.actions.requests import ActionRequest
from mistral.context import RequestContext, set_ctx
from mistral.exceptions import MistralException
from mistral.utils.execution_log import working_on
from mistral.utils.plain import to_plain

LOG = logging.getLogger(__name__)

#: Fields of `mistral_lib.actions.context.SecurityContext`: credentials and surroundings, and who
#: the caller is.
SECURITY_FIELDS: Final = (
    'auth_cacert',
    'auth_token',
    'auth_uri',
    'expires_at',
    'insecure',
    'is_target',
    'is_trust_scoped',
    'region_name',
    'service_catalog',
    'trust_id',
)
IDENTITY_FIELDS: Final = ('project_id', 'project_name', 'user_name')


def run(request: ActionRequest) -> Result | None:
    """Run the action in this thread.

    :return: its result, with data and error as plain JSON data; None if the result of an
        asynchronous action comes from elsewhere. Nothing that an action does is raised.
    """
    execution_id = request.execution_context.get('workflow_execution_id')
    try:
        with working_on(execution_id), caller_in_thread(request.caller):
            value = request.action.run(_action_context(request))
        is_synchronous = is_sync(request.action)
    # Not even SystemExit of a plugin may take the worker with it.
    except BaseException as error:  # noqa: BLE001
        _log_failure(request, error)
        return failure(request, str(error))

    result = value if isinstance(value, Result) else Result(data=value)
    if not is_synchronous and not result.is_error():
        return None
    return plain_result(request, result)


def plain_result(request: ActionRequest, result: Result) -> Result:
    """The result with data and error as plain JSON data, or an error Result if they are none."""
    try:
        return Result(to_plain(result.data), to_plain(result.error), bool(result.cancel))
    except Exception as error:
        LOG.warning('Result of action %s is not JSON data', request.name, exc_info=error)
        return report_failure(request, error)


def run_now(request: ActionRequest) -> Result:
    """Run an action that takes no time, and whose result is its own."""
    return run(request) or Result()


def failure(request: ActionRequest, message: str) -> Result:
    """The error Result for an action that raised or did not end."""
    return Result(
        error=f'The action raised an exception [action={_describe(request)}, '
        f"action_ex_id={request.action_execution_id}, msg='{message}']"
    )


def timeout_failure(request: ActionRequest) -> Result:
    return failure(request, f'Timeout after {request.timeout:g} seconds')


def interruption_failure(request: ActionRequest) -> Result:
    return failure(request, 'The executor was stopped before the action ended')


def report_failure(request: ActionRequest, error: Exception) -> Result:
    """The error Result for an action whose own result cannot be stored or transported."""
    return Result(
        error=f'Failed to complete action due to a Mistral exception '
        f'[action={_describe(request)}, action_ex_id={request.action_execution_id}]\n {error}'
    )


def _describe(request: ActionRequest) -> str:
    """The action in messages: as it describes itself, else by its name; never by its address."""
    if _has_own_repr(type(request.action)):
        try:
            return repr(request.action)
        except Exception:
            LOG.exception('Action %s cannot be shown as text', request.name)
    return request.name


def _has_own_repr(cls: type) -> bool:
    return any('__repr__' in vars(base) for base in cls.__mro__ if base is not object)


def _log_failure(request: ActionRequest, error: BaseException) -> None:
    # Actions raise the exceptions of Mistral on purpose; where others come from is worth a look.
    expected = isinstance(error, MistralException | LibActionException)
    LOG.log(
        logging.INFO if expected else logging.WARNING,
        'Action failed [name=%s, action_ex_id=%s]: %s',
        request.name,
        request.action_execution_id,
        error,
        exc_info=None if expected else error,
    )


def _action_context(request: ActionRequest) -> ActionContext | None:
    if not isinstance(request.action, Action):
        return None
    caller = request.caller
    security = SecurityContext(
        redelivered=request.redelivered,
        **_security_fields(caller, *IDENTITY_FIELDS),
    )
    return ActionContext(security, ExecutionContext(**request.execution_context))


def _security_fields(caller: RequestContext, *identity: str) -> dict[str, Any]:
    """What an action may know; `identity` are names of attributes of the caller.

    In another cloud the caller is somebody else, and the security context tells who.
    """
    known = {name: caller.security.get(name) for name in SECURITY_FIELDS}
    return known | {name: caller.security.get(name, getattr(caller, name)) for name in identity}


@contextmanager
def caller_in_thread(caller: RequestContext) -> Iterator[None]:
    """Let plugins find the caller while this thread runs their code."""
    view = SimpleNamespace(
        roles=list(caller.roles),
        is_admin=caller.is_admin,
        request_id=caller.request_id,
        **_security_fields(caller, 'user_id', *IDENTITY_FIELDS),
    )
    set_ctx(view)
    try:
        yield
    finally:
        set_ctx(None)
