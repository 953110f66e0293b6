"""Read-only faces of the context of an evaluation. Nothing is copied before it is touched."""

from collections.abc import Iterable, Iterator, Mapping, MutableSet, Sequence
from typing import Any, Final, NoReturn

#: Keys for bookkeeping of the engine, which expressions do not see.
_HIDDEN_KEYS: Final = frozenset({'__versions'})

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


class ContextView(Mapping[str, Any]):
    """The whole context: `_` of Jinja, and what `$` of YAQL is made of."""

    # Errors about missing variables name this class, and their text is part of the contract.
    __module__ = 'mistral.workflow.data_flow'

    __slots__ = ('_variables',)

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables

    def __getitem__(self, key: str) -> Any:
        if key in _HIDDEN_KEYS:
            raise KeyError(key)
        return self._variables[key]

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._variables if key not in _HIDDEN_KEYS)

    def __len__(self) -> int:
        return len(self._variables) - sum(key in self._variables for key in _HIDDEN_KEYS)

    def __repr__(self) -> str:
        return repr(dict(self))

    def _refuse(self, *_arguments: Any, **_named_arguments: Any) -> NoReturn:
        raise TypeError('Context view is immutable.')

    clear = pop = popitem = setdefault = update = _refuse


def view_of(context: Any) -> Any:
    """A context as expressions see it; the context of an ad-hoc `output` may be any value."""
    return ContextView(context) if isinstance(context, Mapping) else context


def workflow_variables(context: Any) -> Mapping[str, Any]:
    """Where to look for `__env` and the like: nowhere if the context is a bare value."""
    return context if isinstance(context, Mapping) else {}


class FrozenMap(Mapping[Any, Any]):
    """A mapping as YAQL wants data: hashable, with tuples for lists, all the way down.

    Values are converted when they are read, so the cost of an expression follows what it touches.
    """

    __slots__ = ('_hash', '_lists', 'source')

    def __init__(self, source: Mapping[Any, Any]) -> None:
        self.source = source
        self._lists: dict[Any, Any] = {}
        self._hash: int | None = None

    def __getitem__(self, key: Any) -> Any:
        value = self.source[key]
        if type(value) in _SCALARS:
            return value
        if isinstance(value, Mapping):
            return freeze(value)
        if key not in self._lists:
            self._lists[key] = freeze(value)
        return self._lists[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.source)

    def __len__(self) -> int:
        return len(self.source)

    def __contains__(self, key: object) -> bool:
        return key in self.source

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = 0
            for pair in self.items():
                self._hash ^= hash(pair)
        return self._hash

    def __repr__(self) -> str:
        return repr(dict(self))


def freeze(value: Any) -> Any:
    """Data as YAQL wants it: mappings and lists that cannot change, iterables as iterators."""
    if type(value) in _SCALARS or isinstance(value, str | bytes | frozenset):
        return value
    if isinstance(value, Mapping):
        return value if isinstance(value, FrozenMap) else FrozenMap(value)
    if isinstance(value, Sequence):
        return tuple([item if type(item) in _SCALARS else freeze(item) for item in value])
    if isinstance(value, MutableSet):
        return frozenset(freeze(item) for item in value)
    if isinstance(value, Iterable):
        return map(freeze, value)
    return value
