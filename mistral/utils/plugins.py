"""Loading of plugins: objects that installed packages offer under entry points."""

import logging
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeAlias

from mistral.exceptions import ConfigurationError

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


def load_plugin(
    group: str,
    name: str,
    option: str,
    source: EntryPoints = installed,
    built_in: Iterable[str] = (),
) -> Any:
    """The object of that name.

    :param option: the option that names it, for the error message; one without a group is of
        `[DEFAULT]`.
    :param built_in: other values of the option, for the error message.
    :raises ConfigurationError: if there is none, or it cannot be imported.
    """
    setting = option if option.startswith('[') else f'[DEFAULT] {option}'
    found = {entry_point.name: entry_point for entry_point in source(group)}
    if name not in found:
        raise ConfigurationError(
            f"{setting} = '{name}' is not installed. "
            f'There are: {", ".join(sorted([*found, *built_in])) or "none"}.'
        )
    try:
        return found[name].load()
    except Exception as e:
        raise ConfigurationError(f"{setting} = '{name}' cannot be loaded: {e!r}") from e
