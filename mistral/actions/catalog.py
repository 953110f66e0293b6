"""The catalogue of all actions that a process knows."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from mistral_lib.actions import ActionDescriptor, ActionProvider

from mistral.actions.plugins import PluginActionProvider
from mistral.actions.providers import (
    ActionDefinitions,
    DataEvaluator,
    NameFilter,
    NoDefinitions,
    PluginSettings,
    ProviderServices,
    ServicedProvider,
)
from mistral.context import SYSTEM, RequestContext
from mistral.utils.plugins import EntryPoints, installed, load_plugins

LOG = logging.getLogger(__name__)

#: Names of the standard actions begin so. An ad-hoc action cannot take the place of one.
RESERVED_PREFIX: Final = 'std.'


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """`[action_providers]` and `[legacy_action_provider]`."""

    providers: NameFilter = field(default_factory=NameFilter)
    plugins: PluginSettings = field(default_factory=PluginSettings)

    @classmethod
    def from_config(cls, conf: Any) -> 'CatalogSettings':
        group = conf.action_providers
        return cls(
            providers=NameFilter(tuple(group.allowlist), tuple(group.denylist)),
            plugins=PluginSettings.from_config(conf),
        )


class ActionCatalog:
    """Finds actions in several providers; the first one that has a name wins.

    For reserved names the providers of installed actions are asked first: nobody can hide a
    standard action, and finding one costs no query.
    """

    def __init__(self) -> None:
        self._providers: tuple[ActionProvider, ...] = ()
        self._providers_of_reserved: tuple[ActionProvider, ...] = ()

    def add(self, provider: ActionProvider) -> None:
        """Ask this provider after those added before."""
        self._providers = (*self._providers, provider)
        self._providers_of_reserved = tuple(
            sorted(self._providers, key=lambda each: not isinstance(each, PluginActionProvider))
        )

    def find(
        self, name: str, namespace: str = '', caller: RequestContext = SYSTEM
    ) -> ActionDescriptor | None:
        """The action of that name in the namespace or, failing that, in the default one.

        :raises DBError: if stored definitions cannot be read.
        """
        reserved = name.startswith(RESERVED_PREFIX)
        for provider in self._providers_of_reserved if reserved else self._providers:
            if isinstance(provider, ServicedProvider):
                descriptor = provider.find_for(caller, name, namespace)
            else:
                descriptor = provider.find(name, namespace)
            if descriptor is not None:
                return descriptor
        return None

    def find_all(
        self, namespace: str | None = None, caller: RequestContext = SYSTEM
    ) -> Iterator[ActionDescriptor]:
        """All actions that the caller may use, of one namespace or (None) of all."""
        for provider in self._providers:
            if isinstance(provider, ServicedProvider):
                yield from provider.find_all_for(caller, namespace)
            else:
                yield from provider.find_all(namespace=namespace) or ()


def load_catalog(
    settings: CatalogSettings,
    definitions: ActionDefinitions,
    evaluator: DataEvaluator,
    entry_points: EntryPoints = installed,
    dynamic: ActionDefinitions | None = None,
) -> ActionCatalog:
    """Make the catalogue with the providers of the entry points `mistral.action.providers`.

    They are asked in the order of their names, so `adhoc`, `dynamic`, `legacy` come in this order.
    `definitions` are the ad-hoc actions, `dynamic` the dynamic ones.
    """
    catalog = ActionCatalog()
    services = ProviderServices(
        definitions,
        evaluator,
        catalog.find,
        settings.plugins,
        entry_points,
        dynamic or NoDefinitions(),
    )
    providers = []
    for name, provider_class in load_plugins('mistral.action.providers', entry_points):
        if not settings.providers.accepts(name):
            continue
        if issubclass(provider_class, ServicedProvider):
            providers.append(provider_class.create(name, services))
        else:
            providers.append(provider_class(name))
    if not providers:
        LOG.warning('No action providers found in the system.')
    for provider in providers:
        catalog.add(provider)
    return catalog
