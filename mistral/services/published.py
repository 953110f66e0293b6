"""Global variables of a workflow execution, as clients see them."""

from collections.abc import Mapping
from typing import Any, Final

_INTERNAL: Final = frozenset({'__execution', 'openstack'})


def published_global(
    context: Mapping[str, Any] | None, spec: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What tasks have published for the whole workflow: its context without internal keys and
    without the variables that the definition declares in `vars`."""
    hidden = _INTERNAL | set((spec or {}).get('vars') or {})
    return {name: value for name, value in (context or {}).items() if name not in hidden}
