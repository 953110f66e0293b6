"""Actions as text: how they travel to an executor.

The format is that of mistral_lib, `{"__serial_key": KEY, "__serial_data": TEXT}`. Plugins may
register serialisers of their own with mistral_lib; those are used for their keys. What comes in is
not trusted: only subclasses of `mistral_lib.actions.Action` are rebuilt, whatever a message names.
A dynamic action brings its code along; reading it runs none of that, running the action does.
"""

import functools
import importlib
import json
from types import FunctionType
from typing import Any, Final

from mistral_lib.actions import Action
from mistral_lib.serialization import get_polymorphic_serializer
from mistral_lib.utils.inspect_utils import get_public_fields
from oslo_serialization import jsonutils

from mistral.actions.adhoc import AdHocAction
from mistral.actions.descriptors import make_subclass
from mistral.actions.dynamic_action import CodeSource, DynamicAction
from mistral.exceptions import ActionException

_ACTION_KEY: Final = Action.get_serialization_key()
_ADHOC_KEY: Final = AdHocAction.get_serialization_key()
_DYNAMIC_KEY: Final = DynamicAction.get_serialization_key()

#: Members of a class that cannot be sent as data.
_CODE: Final = (FunctionType, property, classmethod, staticmethod)


class UnreadableAction(Action):
    """Stands for an action that this process cannot rebuild, and fails in its place."""

    def __init__(self, error: str) -> None:
        self._error = error

    def run(self, context: Any) -> None:
        raise ActionException(self._error)


def serialize_action(action: Action) -> str:
    """The action as JSON text.

    :raises ActionException: if it is no mistral_lib action, its class cannot be imported by name,
        or its attributes are not JSON data.
    """
    if not isinstance(action, Action):
        raise ActionException(
            f'Only subclasses of mistral_lib.actions.Action can be sent to an executor, '
            f'{type(action).__module__}.{type(action).__qualname__} is none.'
        )
    key = action.get_serialization_key()
    if key == _ACTION_KEY:
        data = _dump(_action_to_dict(action))
    elif key == _ADHOC_KEY:
        data = _dump({'base_action': serialize_action(action.base_action)})
    elif key == _DYNAMIC_KEY:
        data = _dump(_dynamic_to_dict(action))
    else:
        return str(get_polymorphic_serializer().serialize(action))
    return json.dumps({'__serial_key': key, '__serial_data': data})


def deserialize_action(text: str, *, takes_code: bool = True) -> Action:
    """Rebuild an action, without calling its constructor.

    :param takes_code: whether this process is to run the code that dynamic actions bring along.
    :raises ActionException: if the text names no action that this process can import.
    """
    try:
        wrapper = json.loads(text)
        key, data = wrapper['__serial_key'], json.loads(wrapper['__serial_data'])
        if key == _ACTION_KEY:
            return _action_from_dict(data)
        if key == _ADHOC_KEY:
            return AdHocAction(deserialize_action(data['base_action'], takes_code=takes_code))
        if key == _DYNAMIC_KEY:
            if not takes_code:
                raise ActionException(
                    'This executor runs no dynamic actions: [action_providers] leaves them out.'
                )
            return _dynamic_from_dict(data)
        return _action_from_plugin(key, wrapper['__serial_data'], data)
    except (ValueError, TypeError, KeyError, AttributeError, ImportError) as error:
        raise ActionException(f'Failed to read a serialized action: {error!r}') from error


def _action_to_dict(action: Action) -> dict[str, Any]:
    cls: type = type(action)
    path, attributes = _importable_class(cls)
    return {'cls': path, 'cls_attrs': attributes, 'data': vars(action)}


def _action_from_dict(data: dict[str, Any]) -> Action:
    cls: Any = _import_action_class(data['cls'])
    if attributes := data['cls_attrs']:
        cls = make_subclass(cls, attributes)
    action = cls.__new__(cls)
    for name, value in data['data'].items():
        if name.startswith('__'):
            raise ActionException(f'Failed to read a serialized action: attribute {name!r}')
        setattr(action, name, value)
    return action


def _dynamic_to_dict(action: DynamicAction) -> dict[str, Any]:
    return {
        'cls_name': action.class_name,
        'data': action.parameters,
        'is_sync': action.is_sync(),
        'code_source_id': action.source.id,
        'code_source_name': action.source.name,
        'version': action.source.version,
        'content': action.source.content,
    }


def _dynamic_from_dict(data: dict[str, Any]) -> DynamicAction:
    source = CodeSource(
        data['code_source_id'], data['code_source_name'], data['version'], data['content']
    )
    return DynamicAction(source, data['cls_name'], data['data'], is_sync=data['is_sync'])


def _action_from_plugin(key: str, text: str, data: Any) -> Action:
    serializer = get_polymorphic_serializer().serializers.get(key)
    if serializer is None:
        raise ActionException(f'Failed to find a serializer for the key: {key}')
    if isinstance(data, dict) and 'cls' in data:
        _import_action_class(data['cls'])
    action = serializer.deserialize(text)
    if not isinstance(action, Action):
        raise ActionException(f'The serializer for the key {key} returned no action.')
    return action


@functools.lru_cache(maxsize=1024)
def _importable_class(cls: type) -> tuple[str, dict[str, Any]]:
    """The path of a class, and public class attributes that importing it does not give.

    For a class made at run time, as by generators, that is the base it was made from, and the
    attributes that it was made with.

    :raises ActionException: if there is no class to import that does the same.
    """
    for base in cls.__mro__:
        path = f'{base.__module__}.{base.__qualname__}'
        if _can_import(path, base):
            own, inherited = get_public_fields(cls), get_public_fields(base)
            return path, {
                name: value
                for name, value in own.items()
                if name not in inherited or inherited[name] is not value
            }
        if any(isinstance(member, _CODE) for member in vars(base).values()):
            break
    raise ActionException(f'Action class {cls.__module__}.{cls.__qualname__} cannot be imported.')


def _can_import(path: str, cls: type) -> bool:
    try:
        return _import_action_class(path) is cls
    except (ActionException, ImportError, AttributeError):
        return False


@functools.lru_cache(maxsize=1024)
def _import_action_class(path: str) -> type:
    """Import `module.Class`.

    :raises ActionException: if it is not a subclass of Action.
    """
    module, _, name = path.rpartition('.')
    cls = getattr(importlib.import_module(module), name)
    if not (isinstance(cls, type) and issubclass(cls, Action)):
        raise ActionException(f'{path} is not a subclass of mistral_lib.actions.Action.')
    return cls


def _dump(data: dict[str, Any]) -> str:
    try:
        return json.dumps(data, default=_to_primitive)
    except (TypeError, ValueError, RecursionError) as error:
        raise ActionException(
            f'The parameters of the action cannot be sent to an executor: {error}'
        ) from error


def _to_primitive(value: Any) -> Any:
    return jsonutils.to_primitive(value, convert_instances=True)
