"""Descriptors of actions that are Python classes."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mistral_lib.actions import Action, ActionDescriptor, PythonActionDescriptor
from mistral_lib.exceptions import ActionException as LibActionException
from mistral_lib.utils import NotDefined, get_dict_from_string
from mistral_lib.utils.inspect_utils import get_arg_list_as_str, get_docstring

from mistral.exceptions import ActionException, DBError


@dataclass(frozen=True, slots=True)
class Signature:
    """Which parameters an action takes; `is_open` means any others too."""

    required: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    is_open: bool = False

    @classmethod
    def of_constructor(cls, action_class: type) -> 'Signature':
        """Read it from `__init__`, or from a text `__arguments__` that generators put there."""
        constructor = _constructor(action_class)
        if text := getattr(constructor, '__arguments__', None):
            return cls.of_text(text)
        spec = inspect.getfullargspec(constructor)
        names = spec.args[1:]
        defaulted = len(names) - len(spec.defaults or ())
        keywords = spec.kwonlydefaults or {}
        required = [*names[:defaulted], *(key for key in spec.kwonlyargs if key not in keywords)]
        return cls(
            tuple(required), frozenset([*names[defaulted:], *keywords]), spec.varkw is not None
        )

    @classmethod
    def of_text(cls, text: str) -> 'Signature':
        """Read a text like `a, b="x", **kw`, which cannot hold defaults with commas."""
        parameters = get_dict_from_string(text)
        required = tuple(name for name, value in parameters.items() if value is NotDefined)
        return cls(required, frozenset(parameters) - frozenset(required), '**' in text)

    def check(self, name: str, class_name: str | None, parameters: Mapping[str, Any]) -> None:
        """Check the names of the parameters given to the action `name`.

        :raises mistral_lib.exceptions.ActionException: naming those missing and those unexpected.
        """
        if self.is_open:
            return
        missing = [key for key in self.required if key not in parameters]
        unexpected = [
            key for key in parameters if key not in self.required and key not in self.optional
        ]
        if missing or unexpected:
            message = f'Invalid input [name={name}, class={class_name}'
            message += f', missing={missing}' if missing else ''
            message += f', unexpected={unexpected}' if unexpected else ''
            raise LibActionException(f'{message}]')


class StaticActionDescriptor(PythonActionDescriptor):
    """An action of an installed package; its constructor is inspected only once."""

    def __init__(self, name: str, action_cls: type, namespace: str = '') -> None:
        super().__init__(name, action_cls, namespace=namespace)
        self._signature = Signature.of_constructor(action_cls)

    def check_parameters(self, params: Mapping[str, Any] | None) -> None:
        self._signature.check(self.name, self.action_class_name, params or {})


class GeneratedActionDescriptor(PythonActionDescriptor):
    """An action that a generator made: a base class and values for its class attributes.

    An empty description or parameter list falls back to that of the base class.
    """

    def __init__(
        self,
        name: str,
        base_class: type,
        attributes: dict[str, Any],
        description: str | None = None,
        params_spec: str | None = None,
    ) -> None:
        super().__init__(name, base_class, attributes, namespace='')
        self._desc = description or get_docstring(base_class)
        self._params_spec = params_spec or get_arg_list_as_str(_constructor(base_class))
        self._signature = (
            Signature.of_text(params_spec) if params_spec else Signature.of_constructor(base_class)
        )
        self._made_class = make_subclass(base_class, attributes) if attributes else base_class

    def check_parameters(self, params: Mapping[str, Any] | None) -> None:
        self._signature.check(self.name, self.action_class_name, params or {})

    def instantiate(self, params: Mapping[str, Any], wf_ctx: Any) -> Action:
        return self._made_class(**params)

    def __repr__(self) -> str:
        return (
            f'Generated Python action [name={self.name}, cls={self.action_class}, '
            f'params_spec={self.params_spec}]'
        )


def _constructor(cls: Any) -> Any:
    return cls.__init__


def make_subclass(cls: type, attributes: Mapping[str, Any]) -> type:
    """A class made at run time from a static one and class attributes.

    It says that it comes from the module of its base, which can be imported.
    """
    return type(cls.__name__, (cls,), {**attributes, '__module__': cls.__module__})


def is_sync(action: Any) -> bool:
    """Actions of old plugins, which are no subclass of Action, lack the method."""
    return bool(action.is_sync()) if hasattr(action, 'is_sync') else True


def instantiate(
    descriptor: ActionDescriptor, parameters: Mapping[str, Any], context: Mapping[str, Any]
) -> Action:
    """Make the action that a descriptor describes, for parameters that have been checked.

    `context` is what the expressions of an ad-hoc action may look up. If it has an attribute
    `scope` (`mistral.expressions.base.Scope`), they may call `execution()` and the like as well.

    :raises ActionException: with the cause, but without the parameters, which may hold secrets.
    :raises DBError: if definitions could not be read, so that the caller can try again.
    """
    try:
        return descriptor.instantiate(parameters, context)
    except DBError:
        raise
    except Exception as error:
        raise ActionException(
            f'Failed to instantiate an action [action_desc={descriptor!r}]: {error}'
        ) from error
