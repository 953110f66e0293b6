"""Who is asking: the caller of a request, passed along explicitly."""

from dataclasses import dataclass, field
from typing import Any, Final

from mistral_lib import utils

from mistral.exceptions import ApplicationContextNotFoundException

#: Where plugins find the caller, in the thread that runs their action.
CALLER_THREAD_LOCAL: Final = 'MISTRAL_APP_CTX_THREAD_LOCAL'

#: Stands for a secret.
_MASK: Final = '***'

#: The project that owns everything when authentication is off.
DEFAULT_PROJECT: Final = '<default-project>'


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The verified identity behind a request or behind a workflow execution.

    `security` holds what actions of OpenStack plugins need (token, catalog, region, target cloud);
    it never decides what the caller may see or change: that is `project_id` and `is_admin`.
    `redelivered` says that the message that carried the request may have been handled before.
    `trace` is where a request that is profiled goes on, see `mistral.cmd.profiling`.
    """

    project_id: str = DEFAULT_PROJECT
    user_id: str | None = None
    user_name: str | None = None
    project_name: str | None = None
    roles: tuple[str, ...] = ()
    is_admin: bool = False
    request_id: str | None = None
    security: dict[str, Any] = field(default_factory=dict, repr=False)
    redelivered: bool = False
    trace: dict[str, str] | None = field(default=None, repr=False, compare=False)


def shown_to_workflows(caller: RequestContext) -> dict[str, Any] | None:
    """What a workflow sees of its caller as `$.openstack`: everything but secrets.

    None if callers are not authenticated.
    """
    security = caller.security
    if not security:
        return None
    own = {
        'user_id': caller.user_id,
        'user_name': caller.user_name,
        'project_id': caller.project_id,
        'project_name': caller.project_name,
        'roles': list(caller.roles),
        'is_admin': caller.is_admin,
        'request_id': caller.request_id,
    }
    shown = {**own, **security, 'auth_token': _MASK, 'service_catalog': _MASK}
    # Names of Mistral 23.
    aliases = {
        'user': 'user_id',
        'project': 'project_id',
        'user_domain': 'user_domain_id',
        'project_domain': 'project_domain_id',
        'domain': 'domain_id',
    }
    return {**shown, **{alias: shown.get(name) for alias, name in aliases.items()}}


#: For the service's own duties (recovery, migrations, triggers): sees the rows of all projects.
SYSTEM: Final = RequestContext(is_admin=True)


# What follows is for plugins of Mistral 23 alone: the service passes callers along.


def ctx() -> Any:
    """For whom the action in this thread runs.

    :raises ApplicationContextNotFoundException: if no action runs in it.
    """
    if not has_ctx():
        raise ApplicationContextNotFoundException
    return utils.get_thread_local(CALLER_THREAD_LOCAL)


def has_ctx() -> bool:
    return bool(utils.has_thread_local(CALLER_THREAD_LOCAL))


def set_ctx(new_ctx: Any) -> None:
    """For tests of plugins; None takes it away."""
    utils.set_thread_local(CALLER_THREAD_LOCAL, new_ctx)
