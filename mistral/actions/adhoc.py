"""Ad-hoc actions: stored definitions that put a new face on another action.

See `doc/source/user` for the language. A definition names a base, which may be ad-hoc again,
computes its input, and transforms its output. What runs in the end is the action at the bottom of
that chain.
"""

import functools
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from mistral_lib.actions import Action, ActionDescriptor, Result
from mistral_lib.actions.providers.base import ActionDescriptorBase

from mistral.actions.descriptors import Signature
from mistral.actions.providers import (
    ActionDefinitions,
    DataEvaluator,
    FindAction,
    ProviderServices,
    ServicedProvider,
)
from mistral.context import RequestContext
from mistral.exceptions import ActionException
from mistral.lang.parser import action_from_raw
from mistral.lang.specs import REQUIRED, ActionSpec


class AdHocAction(Action):
    """The action that an ad-hoc action comes down to, run in its name."""

    def __init__(self, base_action: Action) -> None:
        super().__init__()
        self.base_action = base_action

    @property
    def repeatable(self) -> bool:
        return bool(getattr(self.base_action, 'repeatable', False))

    @property
    def immediate(self) -> bool:
        return getattr(self.base_action, 'immediate', False) is True

    def run(self, context: Any) -> Any:
        return self.base_action.run(context)

    def is_sync(self) -> bool:
        return bool(self.base_action.is_sync())

    @classmethod
    def get_serialization_key(cls) -> str:
        return 'mistral.actions.adhoc.AdHocAction'


class AdHocActionDescriptor(ActionDescriptorBase):
    """Describes the ad-hoc action of a stored definition, as its caller sees the actions below.

    The REST layer shows the attributes `id`, `definition`, `tags`, `is_system`, `created_at` and
    `updated_at`, which are the columns of those names.
    """

    def __init__(
        self,
        definition: Mapping[str, Any],
        caller: RequestContext,
        find_action: FindAction,
        evaluator: DataEvaluator,
    ) -> None:
        super().__init__(
            definition['name'],
            definition['description'],
            definition['input'] or '',
            definition['namespace'] or '',
            definition['project_id'],
            definition['scope'],
        )
        self.id = definition['id']
        self.definition = definition['definition']
        self.tags = definition['tags']
        self.is_system = definition['is_system']
        self.created_at = definition['created_at']
        self.updated_at = definition['updated_at']
        self._workbook = definition['workbook_name']
        self._raw_spec = definition['spec']
        self._caller = caller
        self._find_action = find_action
        self._evaluator = evaluator

    @functools.cached_property
    def spec(self) -> ActionSpec:
        return action_from_raw(self._raw_spec)

    @property
    def action_class_name(self) -> str:
        return f'{AdHocAction.__module__}.{AdHocAction.__name__}'

    def check_parameters(self, params: Mapping[str, Any] | None) -> None:
        required = tuple(key for key, value in self.spec.input.items() if value is REQUIRED)
        signature = Signature(required, frozenset(self.spec.input))
        signature.check(self.name, self.action_class_name, params or {})

    def instantiate(self, input_dict: Mapping[str, Any], wf_ctx: Mapping[str, Any]) -> AdHocAction:
        """Compute the input of each level from that of the one above, and make the bottom action.

        :param wf_ctx: what `base-input` sees besides the parameters. A context with an attribute
            `scope` allows functions such as `execution()` as well.
        :raises ActionException: if a base is missing or gets wrong parameters.
        :raises EvaluationException: from the expressions of `base-input`.
        """
        parameters, level = input_dict, self
        for base in self._bases():
            parameters = level.base_input(parameters, wf_ctx)
            base.check_parameters(parameters)
            level = base
        return AdHocAction(level.instantiate(parameters, wf_ctx))

    def post_process_result(self, result: Result) -> Result:
        """Transform the data of a good result, level by level from the bottom up."""
        *levels, bottom = self, *self._bases()
        result = bottom.post_process_result(result)
        for level in reversed(levels):
            result = level.transform(result)
        return result

    def base_input(
        self, parameters: Mapping[str, Any], context: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The parameters of the base for those given here."""
        defaults = {key: value for key, value in self.spec.input.items() if value is not REQUIRED}
        visible = ChainMap({**defaults, **parameters}, context)  # type: ignore[arg-type]
        written = _merge(self.spec.base_input, self.spec.parameters)
        return self._evaluator.evaluate(written, visible, getattr(context, 'scope', None))

    def find_base(self) -> ActionDescriptor:
        """The base: of the same workbook if it has one, else of the namespace or the default one.

        :raises ActionException: if there is none.
        """
        name = self.spec.base
        for candidate in (f'{self._workbook}.{name}', name) if self._workbook else (name,):
            if base := self._find_action(candidate, self.namespace, self._caller):
                return base
        raise ActionException(
            f'Failed to find base action [action_name={name} namespace={self.namespace}] '
        )

    def transform(self, result: Result) -> Result:
        """Apply the `output` of this level alone."""
        if self.spec.output is None or not result.is_success():
            return result
        return Result(data=self._evaluator.evaluate(self.spec.output, result.data))

    def __repr__(self) -> str:
        return f'AdHoc action [name={self.name}]'

    def _bases(self) -> Iterator[ActionDescriptor]:
        """The descriptors below this one; the last is that of the action that really runs."""
        seen = {self.id}
        base = self.find_base()
        while isinstance(base, AdHocActionDescriptor):
            if base.id in seen:
                raise ActionException(
                    f'Found a cycle in an ad-hoc action chain [action_name={self.name}, '
                    f'duplicate_action_name={base.name}]'
                )
            seen.add(base.id)
            yield base
            base = base.find_base()
        yield base


class AdHocActionProvider(ServicedProvider):
    """The ad-hoc actions of the database: in the given namespace, else in the default one."""

    def __init__(
        self,
        name: str,
        definitions: ActionDefinitions,
        evaluator: DataEvaluator,
        find_action: FindAction,
    ) -> None:
        super().__init__(name)
        self._definitions = definitions
        self._evaluator = evaluator
        self._find_action = find_action

    @classmethod
    def create(cls, name: str, services: ProviderServices) -> Self:
        return cls(name, services.definitions, services.evaluator, services.find_action)

    def find_for(
        self, caller: RequestContext, action_name: str, namespace: str
    ) -> ActionDescriptor | None:
        definition = self._definitions.find(action_name, namespace, caller)
        if definition is None and namespace:
            definition = self._definitions.find(action_name, '', caller)
        return None if definition is None else self._describe(definition, caller)

    def find_all_for(
        self, caller: RequestContext, namespace: str | None
    ) -> Iterable[ActionDescriptor]:
        for definition in self._definitions.find_all(namespace, caller):
            yield self._describe(definition, caller)

    def _describe(
        self, definition: Mapping[str, Any], caller: RequestContext
    ) -> AdHocActionDescriptor:
        return AdHocActionDescriptor(definition, caller, self._find_action, self._evaluator)


def _merge(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings in one; the right one wins, nested mappings are merged likewise."""
    merged = dict(left)
    for key, value in right.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = _merge(old, value)
        else:
            merged[key] = value
    return merged
