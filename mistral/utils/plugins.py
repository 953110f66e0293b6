"""Loading of plugins: objects that installed packages offer under entry points."""

import logging
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeAlias

LOG = logging.getLogger(__name__)

#: Gives the entry points of a group, as `importlib.metadata` does.
EntryPoints: TypeAlias = Callable[[str], Iterable[EntryPoint]]


def installed(group: str) -> Iterable[EntryPoint]:
    return entry_points(group=group)


def load_plugins(group: str, source: EntryPoints = installed) -> Iterator[tuple[str, Any]]:
    """Names and objects of a group, sorted by name; what cannot be imported is logged and left out.

    The order of installation does not matter, so that all processes agree on it.
    """
    for entry_point in sorted(source(group), key=lambda entry_point: entry_point.name):
        try:
            yield entry_point.name, entry_point.load()
        except Exception:
            LOG.exception('Plugin %s of %s cannot be loaded', entry_point.name, group)
