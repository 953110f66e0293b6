"""The provider `legacy`: actions of installed packages, the standard ones among them."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from mistral_lib.actions import ActionDescriptor
from mistral_lib.utils.inspect_utils import get_public_fields

from mistral.actions.descriptors import GeneratedActionDescriptor, StaticActionDescriptor
from mistral.actions.providers import PluginSettings, ProviderServices, ServicedProvider
from mistral.context import RequestContext
from mistral.utils.plugins import EntryPoints, installed, load_plugins

LOG = logging.getLogger(__name__)


class PluginActionProvider(ServicedProvider):
    """Actions of the entry points `mistral.actions` and `mistral.generators`.

    They are loaded once, when the provider is made, are found in every namespace and belong to no
    project. A static action wins over a generated one of the same name.
    """

    def __init__(
        self, name: str, settings: PluginSettings, entry_points: EntryPoints = installed
    ) -> None:
        super().__init__(name)
        self._descriptors: Mapping[str, ActionDescriptor] = {
            **(_load_generated(entry_points) if settings.load_generators else {}),
            **(_load_static(settings, entry_points) if settings.load_actions else {}),
        }

    @classmethod
    def create(cls, name: str, services: ProviderServices) -> Self:
        return cls(name, services.plugins, services.entry_points)

    def find_for(
        self,
        caller: RequestContext,
        action_name: str,
        namespace: str,
    ) -> ActionDescriptor | None:
        return self._descriptors.get(action_name)

    def find_all_for(
        self,
        caller: RequestContext,
        namespace: str | None,
    ) -> Iterable[ActionDescriptor]:
        return self._descriptors.values()


def _load_static(
    settings: PluginSettings, entry_points: EntryPoints
) -> dict[str, ActionDescriptor]:
    def source(group: str) -> Iterator[Any]:
        return (point for point in entry_points(group) if settings.names.accepts(point.name))

    descriptors: dict[str, ActionDescriptor] = {}
    for name, action_class in load_plugins('mistral.actions', source):
        if settings.only_builtin and not action_class.__module__.startswith('mistral.'):
            continue
        try:
            descriptors[name] = StaticActionDescriptor(name, action_class)
        except Exception:
            LOG.exception('Action %s cannot be used', name)
    return descriptors


def _load_generated(entry_points: EntryPoints) -> dict[str, ActionDescriptor]:
    descriptors: dict[str, ActionDescriptor] = {}
    for name, make_generators in load_plugins('mistral.generators', entry_points):
        try:
            for generator in make_generators() or ():
                descriptors.update(_generate(generator))
        except Exception:
            LOG.exception('Action generators of %s cannot be used', name)
    return descriptors


def _generate(generator: Any) -> dict[str, ActionDescriptor]:
    """The actions of one generator; one that fails takes no other with it."""
    try:
        actions = list(generator.create_actions())
    except Exception:
        LOG.exception('Action generator %r failed', generator)
        return {}

    descriptors: dict[str, ActionDescriptor] = {}
    for action in actions:
        try:
            descriptors[action['name']] = GeneratedActionDescriptor(
                action['name'],
                generator.base_action_class,
                get_public_fields(action['class']),
                action.get('description'),
                action.get('arg_list'),
            )
        except Exception:
            LOG.exception('Generated action %r cannot be used', action)
    return descriptors
