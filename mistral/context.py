"""Who is asking: the caller of a request, passed along explicitly."""

from dataclasses import dataclass, field
from typing import Any, Final

#: The project that owns everything when authentication is off.
DEFAULT_PROJECT: Final = '<default-project>'


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The verified identity behind a request or behind a workflow execution.

    `security` holds what actions of OpenStack plugins need (token, catalog, region, target cloud);
    it never decides what the caller may see or change: that is `project_id` and `is_admin`.
    `redelivered` says that the message that carried the request may have been handled before.
    """

    project_id: str = DEFAULT_PROJECT
    user_id: str | None = None
    user_name: str | None = None
    project_name: str | None = None
    roles: tuple[str, ...] = ()
    is_admin: bool = False
    request_id: str | None = None
    security: dict[str, Any] = field(default_factory=dict)
    redelivered: bool = False


#: For the service's own duties (recovery, migrations, triggers): sees the rows of all projects.
SYSTEM: Final = RequestContext(is_admin=True)
