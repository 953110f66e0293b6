"""What action providers are, beyond the interface of mistral_lib, and what they may ask for.

A plugin's provider is made with its entry-point name and found by name and namespace. The
providers of this package know two things more: they are made with the services they need, and they
look up on behalf of a caller, because their actions belong to projects.
"""

import abc
import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeAlias

from mistral_lib.actions import ActionDescriptor, ActionProvider

from mistral.context import SYSTEM, RequestContext
from mistral.expressions.base import Scope
from mistral.utils.plugins import EntryPoints, installed

#: Looks an action up in all providers: (name, namespace, caller) -> descriptor.
FindAction: TypeAlias = Callable[[str, str, RequestContext], ActionDescriptor | None]


class ActionDefinitions(Protocol):
    """Stored actions of a kind that a caller may see: those of its project and public ones.

    A definition is a row as a mapping: of `action_definitions_v2`, with `spec` parsed, or of
    `dynamic_action_definitions`, with `content` and `version` of the code source.
    Implementations raise `mistral.exceptions.DBError`.
    """

    def find(self, name: str, namespace: str, caller: RequestContext) -> Mapping[str, Any] | None:
        """The definition of that name in exactly that namespace; the project's own goes first."""

    def find_all(
        self, namespace: str | None, caller: RequestContext
    ) -> Iterable[Mapping[str, Any]]:
        """All definitions of a namespace, or of all namespaces for None."""


class NoDefinitions:
    """Implements `ActionDefinitions` where nothing is stored."""

    def find(self, name: str, namespace: str, caller: RequestContext) -> None:
        return None

    def find_all(self, namespace: str | None, caller: RequestContext) -> tuple[()]:
        return ()


class DataEvaluator(Protocol):
    """Evaluates the expressions in data; `mistral.expressions.Expressions` is one."""

    def evaluate(self, data: Any, context: Any, scope: Scope | None = None) -> Any: ...


@dataclass(frozen=True, slots=True)
class NameFilter:
    """Glob patterns, case-sensitive: with `allowed` only those, else all but `denied`."""

    allowed: Sequence[str] = ()
    denied: Sequence[str] = ()

    def accepts(self, name: str) -> bool:
        if self.allowed:
            return _matches(name, self.allowed)
        return not _matches(name, self.denied)


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """`[legacy_action_provider]`: what is taken from the entry points of installed packages."""

    load_actions: bool = True
    load_generators: bool = True
    only_builtin: bool = False
    names: NameFilter = field(default_factory=NameFilter)

    @classmethod
    def from_config(cls, conf: Any) -> 'PluginSettings':
        group = conf.legacy_action_provider
        return cls(
            load_actions=group.load_action_plugins,
            load_generators=group.load_action_generators,
            only_builtin=group.only_builtin_actions,
            names=NameFilter(tuple(group.allowlist), tuple(group.denylist)),
        )


@dataclass(frozen=True, slots=True)
class ProviderServices:
    """What the providers of this package work with.

    `definitions` are the ad-hoc actions, `dynamic` the dynamic ones.
    """

    definitions: ActionDefinitions
    evaluator: DataEvaluator
    find_action: FindAction
    plugins: PluginSettings = field(default_factory=PluginSettings)
    entry_points: EntryPoints = installed
    dynamic: ActionDefinitions = field(default_factory=NoDefinitions)


class ServicedProvider(ActionProvider):
    """A provider that is made with services and looks up on behalf of a caller."""

    @classmethod
    @abc.abstractmethod
    def create(cls, name: str, services: ProviderServices) -> Self:
        """Make the provider of the entry point `name`."""

    @abc.abstractmethod
    def find_for(
        self, caller: RequestContext, action_name: str, namespace: str
    ) -> ActionDescriptor | None:
        """The action as the caller sees it, or None."""

    @abc.abstractmethod
    def find_all_for(
        self, caller: RequestContext, namespace: str | None
    ) -> Iterable[ActionDescriptor]:
        """The caller's actions in a namespace, or in all namespaces for None."""

    def find(self, action_name: str, namespace: str | None = None) -> ActionDescriptor | None:
        return self.find_for(SYSTEM, action_name, namespace or '')

    def find_all(
        self,
        namespace: str | None = None,
        limit: int | None = None,
        sort_fields: Sequence[str] | None = None,
        sort_dirs: Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
    ) -> Iterable[ActionDescriptor]:
        return self.find_all_for(SYSTEM, namespace)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
