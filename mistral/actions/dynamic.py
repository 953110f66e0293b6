"""The provider `dynamic`: actions whose classes stand in code sources of the database."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Self

from mistral_lib.actions import ActionDescriptor
from mistral_lib.actions.providers.base import ActionDescriptorBase

from mistral.actions.class_outline import ClassOutline, outline_of
from mistral.actions.descriptors import Signature
from mistral.actions.dynamic_action import CodeSource, DynamicAction
from mistral.actions.providers import ActionDefinitions, ProviderServices, ServicedProvider
from mistral.context import RequestContext
from mistral.exceptions import ActionException

LOG = logging.getLogger(__name__)

#: Stands for the outline of a class that cannot be read.
_UNKNOWN = ClassOutline(None, '', Signature(is_open=True), is_sync=True)


class DynamicActionDescriptor(ActionDescriptorBase):
    """Describes a dynamic action by the text of its class.

    The definition is a row of `dynamic_action_definitions` with the `content` and the `version` of
    its code source. One that is broken is listed like others, and says what is wrong when it is
    used. The REST layer shows `id`, `created_at` and `updated_at`.
    """

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._class_name = definition['class_name']
        self._source = CodeSource(
            definition['code_source_id'],
            definition['code_source_name'],
            definition['version'],
            definition['content'],
        )
        self._trouble: ActionException | None = None
        try:
            self._outline = outline_of(self._source.content, self._class_name)
        except ActionException as e:
            LOG.info('Dynamic action %s: %s [%s]', definition['name'], e, self._source)
            self._outline, self._trouble = _UNKNOWN, e
        super().__init__(
            definition['name'],
            self._outline.description,
            self._outline.parameters,
            definition['namespace'] or '',
            definition['project_id'],
            definition['scope'],
        )
        self.id = definition['id']
        self.created_at = definition['created_at']
        self.updated_at = definition['updated_at']

    @property
    def action_class_name(self) -> str:
        return f'{self._source.name}.{self._class_name}'

    def check_parameters(self, params: Mapping[str, Any] | None) -> None:
        self._outline.signature.check(self.name, self.action_class_name, params or {})

    def instantiate(
        self, input_dict: Mapping[str, Any], wf_ctx: Mapping[str, Any]
    ) -> DynamicAction:
        """:raises ActionException: if the source is broken, or the class cannot be read."""
        if self._trouble is not None:
            raise ActionException(f'{self._trouble} [{self._source}]') from self._trouble
        return DynamicAction(
            self._source, self._class_name, dict(input_dict), is_sync=self._outline.is_sync
        )

    def __repr__(self) -> str:
        return f'Dynamic action [name={self.name}, cls={self.action_class_name}]'


class DynamicActionProvider(ServicedProvider):
    """The dynamic actions of the database: in the given namespace, else in the default one."""

    def __init__(self, name: str, definitions: ActionDefinitions) -> None:
        super().__init__(name)
        self._definitions = definitions

    @classmethod
    def create(cls, name: str, services: ProviderServices) -> Self:
        return cls(name, services.dynamic)

    def find_for(
        self, caller: RequestContext, action_name: str, namespace: str
    ) -> ActionDescriptor | None:
        definition = self._definitions.find(action_name, namespace, caller)
        if definition is None and namespace:
            definition = self._definitions.find(action_name, '', caller)
        return None if definition is None else DynamicActionDescriptor(definition)

    def find_all_for(
        self, caller: RequestContext, namespace: str | None
    ) -> Iterable[ActionDescriptor]:
        return map(DynamicActionDescriptor, self._definitions.find_all(namespace, caller))
