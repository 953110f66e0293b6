"""Data flow along branches: contexts, publishing, merging.

A branch context is persistent (it shares structure with the one it grew from), so a step costs
what it publishes, not what it can see. Every published value carries a version, the number of
times its path was published along the branch; where branches meet, the higher version wins.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import immutables

#: The key under which stored contexts keep their versions (as in Mistral 23 databases).
VERSIONS_KEY: Final = '__versions'


@dataclass(frozen=True, slots=True)
class DataFlowSettings:
    """How contexts combine.

    `merge_strategy` is 'replace' (a published value replaces the one before it) or 'merge'
    (mappings are merged deeply). Without `versioning` the later branch wins at a join.
    `hash_version_keys` must match what wrote the stored contexts.
    """

    merge_strategy: str = 'replace'
    versioning: bool = True
    hash_version_keys: bool = True


class BranchContext:
    """Variables published along a branch, and their versions. Immutable."""

    __slots__ = ('data', 'versions')

    def __init__(
        self,
        data: 'immutables.Map[str, Any]' = immutables.Map(),  # noqa: B008 - immutable
        versions: 'immutables.Map[str, int]' = immutables.Map(),  # noqa: B008 - immutable
    ) -> None:
        self.data = data
        self.versions = versions

    def publish(self, published: Mapping[str, Any], settings: DataFlowSettings) -> 'BranchContext':
        """The context behind a task that published these variables."""
        if not published:
            return self
        data = self.data.mutate()
        for name, value in published.items():
            merges = settings.merge_strategy == 'merge'
            data[name] = deep_merge(data.get(name), value) if merges else value
        versions = self.versions.mutate()
        if settings.versioning:
            for path in _leaf_paths(published):
                key = version_key(path, settings)
                versions[key] = versions.get(key, 0) + 1
        return BranchContext(data.finish(), versions.finish())

    def merge(self, other: 'BranchContext', settings: DataFlowSettings) -> 'BranchContext':
        """Combine two branches; `self` keeps its value where the versions are equal."""
        if other.data is self.data or not other.data:
            return BranchContext(self.data, _max_versions(self.versions, other.versions))
        if not self.data:
            return BranchContext(other.data, _max_versions(self.versions, other.versions))
        merger = _Merger(self.versions, other.versions, settings)
        data = self.data.mutate()
        for name, theirs in other.data.items():
            if name not in data:
                data[name] = theirs
            elif data[name] is not theirs:
                data[name] = merger.choose(name, data[name], theirs)
        return BranchContext(data.finish(), _max_versions(self.versions, other.versions))

    def to_stored(self) -> dict[str, Any]:
        """The form of the `in_context` column."""
        stored = dict(self.data)
        if self.versions:
            stored[VERSIONS_KEY] = dict(self.versions)
        return stored

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> 'BranchContext':
        data = {name: value for name, value in stored.items() if name != VERSIONS_KEY}
        return cls(immutables.Map(data), immutables.Map(stored.get(VERSIONS_KEY) or {}))


EMPTY_CONTEXT: Final = BranchContext()


def merge_all(contexts: Iterable[BranchContext], settings: DataFlowSettings) -> BranchContext:
    """Merge branches in the given order, see `BranchContext.merge`."""
    result = EMPTY_CONTEXT
    for context in contexts:
        result = result.merge(context, settings)
    return result


def deep_merge(left: Any, right: Any) -> Any:
    """Merge mappings recursively without changing either; anything else on the right wins."""
    if not isinstance(left, Mapping) or not isinstance(right, Mapping):
        return right
    merged = dict(left)
    for key, value in right.items():
        merged[key] = deep_merge(merged[key], value) if key in merged else value
    return merged


def version_key(path: str, settings: DataFlowSettings) -> str:
    """The key of a path such as 'server.name' in the versions of a context."""
    if not settings.hash_version_keys:
        return path
    return hashlib.md5(path.encode(), usedforsecurity=False).hexdigest()


def _leaf_paths(values: Mapping[str, Any], prefix: str = '') -> Iterator[str]:
    for name, value in values.items():
        path = f'{prefix}{name}'
        if isinstance(value, Mapping) and value:
            yield from _leaf_paths(value, f'{path}.')
        else:
            yield path


def _max_versions(
    left: 'immutables.Map[str, int]', right: 'immutables.Map[str, int]'
) -> 'immutables.Map[str, int]':
    if left is right or not right:
        return left
    if not left:
        return right
    versions = left.mutate()
    for key, version in right.items():
        if version > versions.get(key, 0):
            versions[key] = version
    return versions.finish()


class _Merger:
    """Chooses between two values of one path by the versions of the two branches."""

    def __init__(
        self,
        ours: Mapping[str, int],
        theirs: Mapping[str, int],
        settings: DataFlowSettings,
    ) -> None:
        self._ours = ours
        self._theirs = theirs
        self._settings = settings

    def choose(self, path: str, ours: Any, theirs: Any) -> Any:
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            merged = dict(ours)
            for key, value in theirs.items():
                merged[key] = (
                    self.choose(f'{path}.{key}', ours[key], value) if key in ours else value
                )
            return merged
        if not self._settings.versioning:
            return theirs
        key = version_key(path, self._settings)
        return theirs if self._theirs.get(key, 0) > self._ours.get(key, 0) else ours


class ContextView(Mapping[str, Any]):
    """What an expression sees: layers of variables, the first that holds a name wins.

    With `merge` layers are not cut off: mappings of one name are merged deeply, upper layers
    over lower ones (option `[engine] merge_strategy = merge`).
    """

    __slots__ = ('_layers', '_merge')

    def __init__(self, layers: Sequence[Mapping[str, Any]], *, merge: bool = False) -> None:
        self._layers = tuple(layers)
        self._merge = merge

    def __getitem__(self, name: str) -> Any:
        if self._merge:
            return self._merged(name)
        for layer in self._layers:
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def _merged(self, name: str) -> Any:
        values = [layer[name] for layer in self._layers if name in layer]
        if not values:
            raise KeyError(name)
        merged = values[-1]
        for value in reversed(values[:-1]):
            merged = deep_merge(merged, value)
        return merged

    def __contains__(self, name: object) -> bool:
        return any(name in layer for layer in self._layers)

    def __iter__(self) -> Iterator[str]:
        seen: dict[str, None] = {}
        for layer in self._layers:
            seen.update(dict.fromkeys(layer))
        return iter(seen)

    def __len__(self) -> int:
        return len(set().union(*self._layers))

    def __repr__(self) -> str:
        # Never the values: they may be secret.
        return f'<ContextView of {len(self)} variables>'
